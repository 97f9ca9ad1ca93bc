"""Ballots as pages show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from coopgov.decisions.counting import counts_now, is_off
from coopgov.decisions.models import Ballot, RollAmendment, RollEntry
from coopgov.identity.models import Party
from coopgov.infra.db import db
from coopgov.membership.models import Delegation
from coopgov.membership.queries.delegates import acts_at


@dataclass(frozen=True)
class Vote:
    """A counted ballot as the page lists it; ``public_name`` is empty for a member who is not named in public."""

    choice: Any
    reason: str
    name: str
    public_name: str
    at: datetime
    channel: str
    kind: str  # of the voter: person | organisation
    id: int
    holder: str = ""  # full name of whoever held the proxy, where the vote was carried


def votes(proposal_id: int, limit: int, offset: int) -> tuple[list[Vote], int]:
    """One page of counted ballots, those with a reason first and the newest first, and how many there are in all, in
    one statement. Beyond the last page there are none, and 0."""
    query = (
        _votes(func.count().over())
        .where(Ballot.proposal_id == proposal_id, counts_now())
        .order_by(case((Ballot.reason == "", 1), else_=0), Ballot.received_at.desc(), Ballot.id.desc())
    )
    rows = db.session.execute(query.limit(limit).offset(offset)).all()
    return [Vote(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def votes_where(*conditions: ColumnElement[bool]) -> list[Vote]:
    """The ballots that fulfil the conditions, as the page lists them."""
    return [Vote(*row) for row in db.session.execute(_votes().where(*conditions))]


def _votes(*more: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    to, holder = aliased(RollEntry), aliased(Party)
    columns = (
        *(Ballot.choice, Ballot.reason, Party.name, Ballot.public_name, Ballot.received_at, Ballot.channel),
        *(Party.kind, Ballot.id, func.coalesce(holder.name, ""), *more),
    )
    query: Select[*tuple[Any, ...]] = select(*columns)
    return (
        query.join(RollEntry, RollEntry.id == Ballot.roll_entry_id)
        .join(Party, Party.id == RollEntry.party_id)
        .outerjoin(to, to.id == Ballot.through_id)
        .outerjoin(holder, holder.id == to.party_id)
    )


def cast_number(proposal_id: int) -> int:
    """How many electors have voted."""
    query = select(func.count(func.distinct(Ballot.roll_entry_id)))
    query = query.where(Ballot.proposal_id == proposal_id, ~is_off(Ballot.roll_entry_id))
    return db.session.scalar(query) or 0


def last_ballot(entry: RollEntry) -> Ballot | None:
    """The elector's ballot that counts."""
    query = select(Ballot).where(Ballot.roll_entry_id == entry.id).order_by(Ballot.sequence.desc()).limit(1)
    return db.session.scalars(query).first()


@dataclass(frozen=True)
class Line:
    """A line of the roll with the ballot that counts, and the amendment that took it off, if one did."""

    entry: RollEntry
    ballot: Ballot | None
    off: RollAmendment | None
    name: str


def my_line(proposal_id: int, party_id: int) -> Line | None:
    """The party's line on the roll; one that was taken off it too."""
    return next(iter(_lines_of(proposal_id, RollEntry.party_id == party_id)), None)


def lines_for(proposal_id: int, party_id: int, now: datetime) -> list[Line]:
    """The party's own line on the roll first, then those of the organisations for which it acts at ``now``."""
    acting = select(Delegation.organisation_id).where(Delegation.party_id == party_id, acts_at(now))
    lines = _lines_of(proposal_id, or_(RollEntry.party_id == party_id, RollEntry.party_id.in_(acting)))
    return sorted(lines, key=lambda line: (line.entry.party_id != party_id, line.entry.member_number))


def _lines_of(proposal_id: int, whose: ColumnElement[bool]) -> list[Line]:
    query = (
        select(RollEntry, Ballot, RollAmendment, Party.name)
        .select_from(RollEntry)
        .join(Party, Party.id == RollEntry.party_id)
        .outerjoin(Ballot, and_(Ballot.roll_entry_id == RollEntry.id, counts_now()))
        .outerjoin(RollAmendment, and_(RollAmendment.roll_entry_id == RollEntry.id, RollAmendment.act != "added"))
        .where(RollEntry.proposal_id == proposal_id, whose)
    )
    return [Line(*row) for row in db.session.execute(query)]
