"""The roll of a vote: who may be on it, who is, what was amended, who has not voted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import aliased

from coopgov.decisions import secrecy
from coopgov.decisions.counting import is_off
from coopgov.decisions.models import Ballot, DeadLink, Proposal, Recusal, RollAmendment, RollEntry
from coopgov.groups.queries import sitters_at
from coopgov.identity.models import Party
from coopgov.infra.db import db
from coopgov.membership.models import Delegation, Membership
from coopgov.membership.queries.register import is_current
from coopgov.membership.queries.standing import electors_before
from coopgov.tally.rule import Electors, Rule

INSTANT = timedelta(microseconds=1)
KINDS = {Electors.PERSONS: "person", Electors.ORGANISATIONS: "organisation"}


def roll_at(proposal: Proposal, instant: datetime) -> list[tuple[int, int]]:
    """(party id, member number) of those who may vote if the roll is frozen at ``instant``, by number: members
    whose standing lets them, of the kind and age that the rule asks for, without those who declared an interest.

    Who joins or takes a seat at ``instant`` is in time, what is paid just then is late. Days of the rule are 24 hours;
    who has been a member for exactly so many is not on it.
    """
    rule, recused = Rule.from_plain(proposal.rule), select(Recusal.party_id).where(Recusal.proposal_id == proposal.id)
    query = (
        select(Membership.party_id, Membership.number)
        .join(Party, Party.id == Membership.party_id)
        .where(is_current(instant), _is_old_enough(rule.cooling_off_days, instant))
        .where(_is_asked(rule.electors), Membership.party_id.not_in(recused))
        .order_by(Membership.number)
    )
    may_vote = electors_before(instant)
    if proposal.electorate == "group":
        may_vote &= sitters_at(proposal.group_id, instant)
    return [(party_id, number) for party_id, number in db.session.execute(query) if party_id in may_vote]


def _is_old_enough(days: int, instant: datetime) -> ColumnElement[bool]:
    return Membership.admitted_at < instant - timedelta(days=days) if days else true()


def _is_asked(electors: Electors) -> ColumnElement[bool]:
    return Party.kind == KINDS[electors] if electors in KINDS else true()


def recusal(proposal_id: int, party_id: int) -> Recusal | None:
    """The interest that the party declared before voting opened."""
    return db.session.get(Recusal, (proposal_id, party_id))


def recusals(proposal_id: int) -> Sequence[tuple[str, str, datetime]]:
    """(name, reason, instant) of the interests that were declared before voting opened, the first one first."""
    query = select(Party.name, Recusal.reason, Recusal.at).join(Party, Party.id == Recusal.party_id)
    rows = db.session.execute(query.where(Recusal.proposal_id == proposal_id).order_by(Recusal.at, Recusal.party_id))
    return [(name, reason, at) for name, reason, at in rows]


def entry_of(proposal_id: int, party_id: int) -> RollEntry | None:
    """The party's line on the roll, also where it was taken off since."""
    query = select(RollEntry).where(RollEntry.proposal_id == proposal_id, RollEntry.party_id == party_id)
    return db.session.scalars(query).first()


def votes_here(proposal_id: int, party_id: int) -> bool:
    """Whether the party has a line on the roll, or acts for an organisation that has."""
    acting = select(Delegation.organisation_id).where(Delegation.party_id == party_id, Delegation.until_at.is_(None))
    is_theirs = or_(RollEntry.party_id == party_id, RollEntry.party_id.in_(acting))
    return db.session.scalar(select(RollEntry.id).where(RollEntry.proposal_id == proposal_id, is_theirs)) is not None


def entry(proposal_id: int, entry_id: int) -> RollEntry | None:
    """The line of this id, if it is one of this proposal."""
    found = db.session.get(RollEntry, entry_id)
    return found if found is not None and found.proposal_id == proposal_id else None


def is_taken_off(entry: RollEntry) -> bool:
    """Whether an amendment has taken this line off the roll."""
    return db.session.scalar(select(is_off(RollEntry.id)).where(RollEntry.id == entry.id)) or False


@dataclass(frozen=True)
class RollLine:
    """A line of the roll for members' eyes. ``act``: how it was amended last; empty for most."""

    entry_id: int
    number: int
    party_id: int
    name: str
    act: str


def roll_lines(proposal_id: int, limit: int, offset: int) -> Sequence[RollLine]:
    """A page of the roll by member number, with the lines that were taken off it."""
    query = (
        select(RollEntry.id, RollEntry.member_number, RollEntry.party_id, Party.name, func.max(RollAmendment.act))
        .join(Party, Party.id == RollEntry.party_id)
        .outerjoin(RollAmendment, RollAmendment.roll_entry_id == RollEntry.id)
        .where(RollEntry.proposal_id == proposal_id)
        .group_by(RollEntry.id, Party.name)
        .order_by(RollEntry.member_number)
    )  # max: "added" comes before "recused" and "removed" in the alphabet as in time
    rows = db.session.execute(query.limit(limit).offset(offset))
    return [RollLine(number, member, party, name, act or "") for number, member, party, name, act in rows]


def line_count(proposal_id: int) -> int:
    """How many lines the roll has, those taken off it among them."""
    return db.session.scalar(select(func.count()).where(RollEntry.proposal_id == proposal_id)) or 0


@dataclass(frozen=True)
class AmendmentLine:
    """An amendment as it is shown. Names are for members; ``by_name`` is empty where it was the elector's own act."""

    act: str
    reason: str
    at: datetime
    leaf: str
    name: str
    by_name: str


def amendments(proposal_id: int) -> list[AmendmentLine]:
    """What was amended since voting opened, the first amendment first."""
    actor = aliased(Party)
    query = (
        select(RollAmendment, RollEntry.leaf, RollEntry.party_id, Party.name, actor.name)
        .join(RollEntry, RollEntry.id == RollAmendment.roll_entry_id)
        .join(Party, Party.id == RollEntry.party_id)
        .join(actor, actor.id == RollAmendment.by_id)
        .where(RollAmendment.proposal_id == proposal_id)
        .order_by(RollAmendment.id)
    )
    return [
        AmendmentLine(row.act, row.reason, row.at, leaf, name, "" if row.by_id == party_id else by_name)
        for row, leaf, party_id, name, by_name in db.session.execute(query)
    ]


def last_amended_at(proposal_id: int) -> datetime | None:
    """When the roll was last amended."""
    return db.session.scalar(select(func.max(RollAmendment.at)).where(RollAmendment.proposal_id == proposal_id))


def leaves(proposal_id: int) -> list[str]:
    """The leaves of the roll as it was frozen, sorted."""
    query = select(RollEntry.leaf).where(RollEntry.proposal_id == proposal_id, RollEntry.added_at.is_(None))
    return sorted(db.session.scalars(query))


def electors(proposal_id: int) -> set[int]:
    """Party ids of everybody on the roll as amended."""
    query = select(RollEntry.party_id).where(RollEntry.proposal_id == proposal_id, ~is_off(RollEntry.id))
    return set(db.session.scalars(query))


def electors_without_ballot(proposal_id: int) -> set[int]:
    """Party ids of those on the roll as amended who have not voted; of a secret vote nobody while its keys are away."""
    if db.session.get_one(Proposal, proposal_id).secrecy == secrecy.SECRET:
        return set(secrecy.to_remind(proposal_id))
    voted = select(Ballot.id).where(Ballot.roll_entry_id == RollEntry.id).exists()
    query = select(RollEntry.party_id).where(RollEntry.proposal_id == proposal_id, ~voted, ~is_off(RollEntry.id))
    return set(db.session.scalars(query))


def entry_of_link(proposal_id: int, entry_id: int) -> RollEntry | None:
    """The line on the roll for which a mailed link votes, unless the link was switched off or the line taken off."""
    found = entry(proposal_id, entry_id)
    return found if found and not is_dead_link(found) and not is_taken_off(found) else None


def is_dead_link(entry: RollEntry) -> bool:
    """Whether the mailed link of this elector was switched off."""
    return db.session.get(DeadLink, entry.id) is not None
