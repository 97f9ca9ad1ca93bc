"""The queue of payments that nobody recognised, and what was said of the last ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from coopgov.funding.models import Contribution, ContributionShare, Finding, Payer
from coopgov.funding.rules.matching import Candidate, Paying, candidates
from coopgov.identity.queries import names_of
from coopgov.infra.db import db
from coopgov.treasury.queries.people import known_people

SUBJECT = "contribution:"
_Answered = aliased(Finding)
ANSWERED = 5  # the last ones, which can be undone


@dataclass(frozen=True)
class WaitingLine:
    """A payment that waits, with those who may have made it."""

    row: Contribution
    payer: Payer | None
    candidates: Sequence[Candidate]


@dataclass(frozen=True)
class AnsweredLine:
    """A payment of which somebody said whose it is; ``names`` are those whose it is."""

    row: Contribution
    payer: Payer | None
    names: Sequence[str]


def waiting_count() -> int:
    """How many payments wait."""
    return db.session.scalar(select(func.count()).select_from(_open().subquery())) or 0


def _open() -> Select[str]:
    return select(Finding.subject).where(Finding.kind == "unmatched", Finding.closed_at.is_(None))


def waiting_lines(limit: int, first: int) -> list[WaitingLine]:
    """Payments that wait, the one that has waited longest first, each with at most three candidates."""
    subjects = db.session.scalars(_open().order_by(Finding.opened_at, Finding.id).limit(limit).offset(first)).all()
    if not subjects:
        return []
    known, found = known_people(), _payments(subjects)
    return [
        WaitingLine(row, payer, candidates(Paying(payer.name if payer else row.note, _email(payer), row.gross), known))
        for row, payer in found
    ]


def _email(payer: Payer | None) -> str:
    return payer.email if payer else ""


def _payments(subjects: Sequence[str]) -> list[tuple[Contribution, Payer | None]]:
    """The payments that findings are about, in the order of these."""
    numbers = [int(subject.removeprefix(SUBJECT)) for subject in subjects]
    query = select(Contribution, Payer).outerjoin(Payer, Payer.id == Contribution.payer_id)
    rows = {row.id: (row, payer) for row, payer in db.session.execute(query.where(Contribution.id.in_(numbers)))}
    return [rows[number] for number in numbers if number in rows]


def answered_lines() -> list[AnsweredLine]:
    """The last payments of which a person said whose they are, newest first."""
    again = select(Finding.id).where(Finding.kind == "unmatched", Finding.closed_at.is_(None))
    asked_again = again.where(Finding.subject == _Answered.subject).exists()
    query = select(_Answered.subject).where(
        _Answered.kind == "unmatched", _Answered.closed_by.is_not(None), ~asked_again
    )
    subjects = db.session.scalars(
        query.group_by(_Answered.subject).order_by(func.max(_Answered.closed_at).desc()).limit(ANSWERED)
    ).all()
    found = _payments(subjects)
    owners = owners_of([row for row, _payer in found])
    return [AnsweredLine(row, payer, owners[row.id]) for row, payer in found]


def owners_of(rows: Collection[Contribution]) -> dict[int, list[str]]:
    """Payment id → names of those whose it is: its party, or the parties it was split between."""
    shares = select(ContributionShare.contribution_id, ContributionShare.party_id)
    shared = db.session.execute(shares.where(ContributionShare.contribution_id.in_([row.id for row in rows])))
    parties: dict[int, set[int]] = {row.id: {row.party_id} if row.party_id else set() for row in rows}
    for contribution_id, party_id in shared:
        parties[contribution_id].add(party_id)
    names = names_of({party_id for owners in parties.values() for party_id in owners})
    return {number: sorted(names[party_id] for party_id in owners) for number, owners in parties.items()}
