"""Amending a roll after opening, and declaring an interest. Each amendment has a reason and shows beside the result."""

import secrets
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Proposal, Recusal, RollAmendment, RollEntry
from coopgov.decisions.queries import rolls
from coopgov.decisions.rules import rolls as rules
from coopgov.decisions.rules.entitlement import is_asked
from coopgov.decisions.rules.stages import UNOPENED, state_at
from coopgov.decisions.services.traces import note
from coopgov.identity.queries import party
from coopgov.infra.db import writing_session
from coopgov.membership.queries.register import member_number
from coopgov.tally.merkle import leaf_of
from coopgov.tally.rule import Rule


def add_elector(proposal: Proposal, party_id: int, by_id: int, reason: str, now: datetime) -> RollEntry:
    """A member who should have been on the roll is on it from now on, and may vote.

    Raises Refused: voting by name is not open, no reason, one's own place, no member now, on it already or taken off
    it before, not of the kind that the rule asks.
    """
    session = writing_session()
    rules.check_amendable(proposal, now)
    rules.check_reason(reason)
    number = _check_newcomer(proposal, party_id, by_id, now)
    salt = secrets.token_hex(16)
    entry = RollEntry(
        proposal_id=proposal.id,
        party_id=party_id,
        member_number=number,
        salt=salt,
        leaf=leaf_of(salt, number),
        added_at=now,
    )
    session.add(entry)
    session.flush()
    proposal.roll_size += 1
    _amend(proposal, entry, "added", by_id, reason, now)
    return entry


def _check_newcomer(proposal: Proposal, party_id: int, by_id: int, now: datetime) -> int:
    """The member number of somebody who can be added; raises Refused."""
    if party_id == by_id:
        raise Refused("roll.own")
    entry, number = rolls.entry_of(proposal.id, party_id), member_number(party_id, now)
    if entry is not None:
        raise Refused("roll.taken_off" if rolls.is_taken_off(entry) else "roll.already")
    if number is None:
        raise Refused("member.not")
    if not is_asked(party(party_id).kind, Rule.from_plain(proposal.rule).electors):
        raise Refused("roll.wrong_kind")
    return number


def remove_elector(proposal: Proposal, party_id: int, by_id: int, reason: str, now: datetime) -> None:
    """Somebody who should not be on the roll is off it for good; a vote that they cast does not count.

    Raises Refused: voting by name is not open, no reason, one's own place, not on it, the last one on it.
    """
    if party_id == by_id:
        raise Refused("roll.own")
    _take_off(proposal, party_id, "removed", by_id, reason, now)


def recuse(proposal: Proposal, party_id: int, by_id: int, reason: str, now: datetime) -> None:
    """Somebody who has an interest in the matter is off the roll for good; a vote that they cast does not count.

    Electors may say so of themselves; else as ``remove_elector``.
    """
    _take_off(proposal, party_id, "recused", by_id, reason, now)


def _take_off(proposal: Proposal, party_id: int, act: str, by_id: int, reason: str, now: datetime) -> None:
    writing_session()
    rules.check_amendable(proposal, now)
    rules.check_reason(reason)
    entry = rolls.entry_of(proposal.id, party_id)
    if entry is None or rolls.is_taken_off(entry):
        raise Refused("roll.not_on_it")
    if proposal.roll_size <= 1:
        raise Refused("roll.last")
    proposal.roll_size -= 1
    _amend(proposal, entry, act, by_id, reason, now)


def _amend(proposal: Proposal, entry: RollEntry, act: str, by_id: int, reason: str, now: datetime) -> None:
    at = max(now, rolls.last_amended_at(proposal.id) or now)  # two requests may get the write lock in another order
    said = {"act": act, "reason": reason, "by_id": by_id, "at": at}
    writing_session().add(RollAmendment(proposal_id=proposal.id, roll_entry_id=entry.id, **said))
    writing_session().flush()
    amended = events.RollAmended(proposal_id=proposal.id, party_id=entry.party_id, act=act, by_id=by_id)
    note(proposal, by_id, f"roll.{act}", amended, now, entry=entry.id, party=entry.party_id)


def declare_interest(proposal: Proposal, party_id: int, reason: str, now: datetime) -> None:
    """A member with an interest in the matter will not be on its roll; once voting is open: ``recuse`` by oneself.

    Saying it again changes nothing. Raises Refused: voting has closed or is open in secret, no reason, no member.
    """
    session = writing_session()
    if state_at(proposal, now) not in UNOPENED:
        recuse(proposal, party_id, party_id, reason, now)
        return
    rules.check_reason(reason)
    if member_number(party_id, now) is None:
        raise Refused("member.not")
    if rolls.recusal(proposal.id, party_id) is None:
        session.add(Recusal(proposal_id=proposal.id, party_id=party_id, reason=reason, at=now))
        session.flush()
        declared = events.InterestDeclared(proposal_id=proposal.id, party_id=party_id)
        note(proposal, party_id, "roll.interest_declared", declared, now)
