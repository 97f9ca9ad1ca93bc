"""What waits for a person: opened once, closed by somebody or by itself."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from coopgov.funding.events import FindingOpened
from coopgov.funding.models import Finding
from coopgov.funding.rules.findings import KINDS
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session


def open_finding(kind: str, subject: str, facts: Mapping[str, str | int], now: datetime) -> Finding:
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


def open_about(kind: str, subject: str) -> Finding | None:
    """The finding of this kind about ``subject`` that nobody has closed."""
    query = select(Finding).where(Finding.kind == kind, Finding.subject == subject[:140], Finding.closed_at.is_(None))
    return writing_session().scalars(query).first()


def close_finding(row: Finding, by_id: int | None, note: str, now: datetime) -> None:
    """Closes it, by a person or (None) because what it was about is no longer so; closing twice changes nothing."""
    writing_session()
    if row.closed_at is None:
        row.closed_at, row.closed_by, row.note = now, by_id, note[:200]
        audit.record(by_id or audit.SYSTEM, "finding.closed", f"finding:{row.id}", now, kind=row.kind)
