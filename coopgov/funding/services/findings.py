"""What waits for a person: opened once, closed by somebody or by itself."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import insert, select

from coopgov.funding.events import FindingOpened
from coopgov.funding.models import Finding
from coopgov.funding.rules.findings import KINDS
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session

SLICE = 500  # subjects in one IN (…)
Facts = Mapping[str, str | int]


def open_finding(kind: str, subject: str, facts: Facts, now: datetime) -> Finding:
    """The open finding of this kind about ``subject``, a new one when there is none; raises ValueError for no kind."""
    session = writing_session()
    if kind not in KINDS:
        raise ValueError(kind)
    there = open_about(kind, subject)
    if there is not None:
        return there
    row = Finding(kind=kind, subject=subject[:140], facts=dict(facts), opened_at=now)
    session.add(row)
    session.flush()
    audit.record(audit.SYSTEM, "finding.opened", f"finding:{row.id}", now, kind=kind)
    outbox.emit(FindingOpened(finding_id=row.id, kind=kind), now)
    return row


def open_findings(kind: str, subjects: Collection[str], now: datetime) -> None:
    """As ``open_finding`` about each of ``subjects``, all at once."""
    session = writing_session()
    if kind not in KINDS:
        raise ValueError(kind)
    fresh = sorted(set(subjects) - _open_subjects(kind, subjects))
    rows = [Finding(kind=kind, subject=subject, facts={}, opened_at=now) for subject in fresh]
    session.add_all(rows)
    session.flush()
    for row in rows:
        audit.record(audit.SYSTEM, "finding.opened", f"finding:{row.id}", now, kind=kind)
    outbox.emit_all([FindingOpened(finding_id=row.id, kind=kind) for row in rows], now)


def open_old_findings(kind: str, subjects: Collection[str], now: datetime) -> None:
    """Findings about matters of long ago, all at once: they wait like any other, but nobody is told of each."""
    session = writing_session()
    if kind not in KINDS:
        raise ValueError(kind)
    fresh = sorted(set(subjects) - _open_subjects(kind, subjects))
    if fresh:
        rows = [{"kind": kind, "subject": subject, "facts": {}, "opened_at": now} for subject in fresh]
        session.execute(insert(Finding), rows)
        audit.record(audit.SYSTEM, "findings.opened", f"finding:{kind}", now, number=len(fresh))


def open_about(kind: str, subject: str) -> Finding | None:
    """The finding of this kind about ``subject`` that nobody has closed."""
    query = select(Finding).where(Finding.kind == kind, Finding.subject == subject[:140], Finding.closed_at.is_(None))
    return writing_session().scalars(query).first()


def was_answered(kind: str, subject: str) -> bool:
    """True when a person closed a finding of this kind about ``subject``: they are not asked again."""
    query = select(Finding.id).where(Finding.kind == kind, Finding.subject == subject[:140])
    return writing_session().scalar(query.where(Finding.closed_by.is_not(None)).limit(1)) is not None


def close_about(kind: str, subject: str, note: str, now: datetime) -> None:
    """Closes what this kind said about ``subject``, because it is no longer so; nothing when nothing is open."""
    row = open_about(kind, subject)
    if row is not None:
        close_finding(row, None, note, now)


def close_finding(row: Finding, by_id: int | None, note: str, now: datetime) -> None:
    """Closes it, by a person or (None) because what it was about is no longer so; closing twice changes nothing."""
    writing_session()
    if row.closed_at is None:
        row.closed_at, row.closed_by, row.note = now, by_id, note[:200]
        audit.record(by_id or audit.SYSTEM, "finding.closed", f"finding:{row.id}", now, kind=row.kind)


def _open_subjects(kind: str, subjects: Collection[str]) -> set[str]:
    wanted, found = sorted(subjects), set[str]()
    for start in range(0, len(wanted), SLICE):
        part = wanted[start : start + SLICE]
        query = select(Finding.subject).where(
            Finding.kind == kind, Finding.closed_at.is_(None), Finding.subject.in_(part)
        )
        found.update(writing_session().scalars(query))
    return found
