"""Votes that are carried by proxies: which ones stand at opening, and what they add at closing."""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from coopgov.core.text import shown_in_public
from coopgov.decisions.counting import counts_now
from coopgov.decisions.models import Ballot, Proposal, ProxyLine, RollEntry
from coopgov.decisions.queries.proxies import carries
from coopgov.decisions.records import roll_of
from coopgov.decisions.rules.casting import NONCE_BYTES
from coopgov.decisions.rules.rolls import may_carry
from coopgov.identity.models import Party
from coopgov.infra.db import writing_session
from coopgov.proxies.queries import cap_at, given_at
from coopgov.proxies.rules import within_cap
from coopgov.tally.record import carried_ballots


def freeze_proxies(proposal: Proposal, at: datetime) -> bool:
    """Writes down the proxies that stand at ``at`` between those on the roll, within the cap of the group; whether
    votes are carried in it at all."""
    cap = cap_at(proposal.group_id, at) if may_carry(proposal) else 0
    if not cap:
        return False
    session = writing_session()
    query = select(RollEntry.party_id, RollEntry.id).where(RollEntry.proposal_id == proposal.id)
    entries = {party_id: number for party_id, number in session.execute(query)}
    given = [one for one in given_at(proposal.group_id, at) if {one.giver, one.holder} <= entries.keys()]
    lines = [
        {
            "entry_id": entries[one.giver],
            "proposal_id": proposal.id,
            "holder_id": entries[one.holder],
            "proxy_id": one.proxy_id,
        }
        for one in within_cap(given, cap)[0]
    ]
    if lines:
        session.execute(insert(ProxyLine), lines)
    return True


def carried_votes(proposal: Proposal) -> list[Ballot]:
    """The ballots that proxies add when voting closes, each the choice of who voted, written down nowhere yet."""
    if not carries(proposal):
        return []
    session = writing_session()
    cast = (
        select(RollEntry.leaf, Ballot)
        .join(RollEntry, RollEntry.id == Ballot.roll_entry_id)
        .where(Ballot.proposal_id == proposal.id, counts_now())
    )
    own = {leaf: ballot for leaf, ballot in session.execute(cast)}
    due = carried_ballots(roll_of(proposal), own)
    electors = _electors(proposal, {leaf for giver, (holder, _voter) in due.items() for leaf in (giver, holder)})
    return [
        _carried(proposal, electors[giver], electors[holder][0], own[voter]) for giver, (holder, voter) in due.items()
    ]


def _electors(proposal: Proposal, leaves: set[str]) -> dict[str, tuple[int, str]]:
    """By leaf the id of the line and the elector's name in public."""
    query = (
        select(RollEntry.leaf, RollEntry.id, Party.name, Party.public_name)
        .join(Party, Party.id == RollEntry.party_id)
        .where(RollEntry.proposal_id == proposal.id)
    )
    rows = writing_session().execute(query)
    return {leaf: (number, shown_in_public(name, public)) for leaf, number, name, public in rows if leaf in leaves}


def _carried(proposal: Proposal, giver: tuple[int, str], holder_id: int, own: Ballot) -> Ballot:
    entry_id, public_name = giver
    return Ballot(
        proposal_id=proposal.id,
        roll_entry_id=entry_id,
        sequence=1,
        choice=own.choice,
        reason="",
        nonce=secrets.token_hex(NONCE_BYTES),
        public_name=public_name,
        channel="proxy",
        received_at=own.received_at,
        through_id=holder_id,
    )


def with_carried(box: dict[Any, int], carried: Sequence[Ballot]) -> Counter[Any]:
    """The ``box`` with the carried votes in it."""
    return Counter(box) + Counter(ballot.choice for ballot in carried)
