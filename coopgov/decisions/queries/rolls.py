"""The roll of a vote: who may be on it, who is, who has not voted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from coopgov.decisions import secrecy
from coopgov.decisions.models import Ballot, DeadLink, Proposal, RollEntry
from coopgov.groups.queries import sitters_at
from coopgov.identity.models import Party
from coopgov.infra.db import db
from coopgov.membership.queries.register import members_at
from coopgov.membership.queries.standing import electors_at


def roll_at(proposal: Proposal, instant: datetime) -> list[tuple[int, int]]:
    """(party id, member number) of those who may vote if the roll is frozen at ``instant``, by number: members
    whose standing lets them."""
    may_vote = electors_at(instant)
    members = [(party_id, number) for party_id, number in members_at(instant) if party_id in may_vote]
    if proposal.electorate == "coop":
        return members
    sitters = sitters_at(proposal.group_id, instant)
    return [(party_id, number) for party_id, number in members if party_id in sitters]


def entry_of(proposal_id: int, party_id: int) -> RollEntry | None:
    """The party's line on the roll."""
    query = select(RollEntry).where(RollEntry.proposal_id == proposal_id, RollEntry.party_id == party_id)
    return db.session.scalars(query).first()


def roll_lines(proposal_id: int, limit: int, offset: int) -> Sequence[tuple[int, int, str]]:
    """(member number, party id, name) by member number."""
    query = (
        select(RollEntry.member_number, RollEntry.party_id, Party.name)
        .join(Party, Party.id == RollEntry.party_id)
        .where(RollEntry.proposal_id == proposal_id)
        .order_by(RollEntry.member_number)
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(query.limit(limit).offset(offset))]


def electors(proposal_id: int) -> set[int]:
    """Party ids of everybody on the roll."""
    return set(db.session.scalars(select(RollEntry.party_id).where(RollEntry.proposal_id == proposal_id)))


def electors_without_ballot(proposal_id: int) -> set[int]:
    """Party ids of those on the roll who have not voted; of a secret vote nobody while its keys are away."""
    if db.session.get_one(Proposal, proposal_id).secrecy == secrecy.SECRET:
        return set(secrecy.to_remind(proposal_id))
    voted = select(Ballot.id).where(Ballot.roll_entry_id == RollEntry.id).exists()
    return set(db.session.scalars(select(RollEntry.party_id).where(RollEntry.proposal_id == proposal_id, ~voted)))


def entry_of_link(proposal_id: int, entry_id: int) -> RollEntry | None:
    """The line on the roll for which a mailed link votes, unless the link was switched off."""
    entry = db.session.get(RollEntry, entry_id)
    return entry if entry and entry.proposal_id == proposal_id and not is_dead_link(entry) else None


def is_dead_link(entry: RollEntry) -> bool:
    """Whether the mailed link of this elector was switched off."""
    return db.session.get(DeadLink, entry.id) is not None
