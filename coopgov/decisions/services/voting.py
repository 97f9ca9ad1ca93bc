"""Taking ballots."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.counting import manifest_of
from coopgov.decisions.models import Ballot, DeadLink, Proposal, RollEntry
from coopgov.decisions.queries import ballots, rolls
from coopgov.decisions.rules import casting
from coopgov.decisions.secrecy import SECRET
from coopgov.decisions.services.traces import subject
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session
from coopgov.tally.count import method_of
from coopgov.tally.vote import Choice


@dataclass(frozen=True)
class Entered:
    """Who put a ballot in for its elector, and where the paper is kept that it was read from; nobody did: None."""

    by_id: int | None = None
    evidence: str = ""


def cast_ballot(
    proposal_id: int,
    party_id: int,
    choice: object,
    reason: str,
    public_name: str,
    channel: str,
    received_at: datetime,
    now: datetime,
    entered: Entered | None = None,
) -> Ballot:
    """The ballot that counts for this elector from now on; the same one again when nothing about it is new.

    ``choice`` in any form that its method takes; ``channel`` is web, mail or paper; ``received_at`` decides whether it
    is in time; ``entered``: by whom, where that is not the elector. Raises Refused (``ballot.*``), LookupError for a
    proposal that does not exist, and ValueError for a secret vote, which has a box of its own.
    """
    session = writing_session()
    proposal = session.get(Proposal, proposal_id)
    if proposal is None:
        raise LookupError(proposal_id)
    if proposal.secrecy == SECRET:
        raise ValueError("a secret ballot goes into the box")
    casting.check_ballot_time(proposal, received_at)
    entry = rolls.entry_of(proposal_id, party_id)
    if entry is None or rolls.is_taken_off(entry):
        raise Refused("ballot.not_on_roll")
    normal, hand = normal_choice(proposal, choice, reason), entered or Entered()
    last = ballots.last_ballot(entry)
    if last is not None and (last.choice, last.reason, last.entered_by) == (normal, reason, hand.by_id):
        return last
    ballot = Ballot(
        proposal_id=proposal_id,
        roll_entry_id=entry.id,
        sequence=last.sequence + 1 if last else 1,
        choice=normal,
        reason=reason,
        nonce=secrets.token_hex(casting.NONCE_BYTES),
        public_name=public_name,
        channel=channel,
        received_at=received_at,
        entered_by=hand.by_id,
        evidence=hand.evidence,
    )
    session.add(ballot)
    proposal.version += 1
    session.flush()
    audit.record(
        hand.by_id or party_id, "ballot.cast", subject(proposal), now, sequence=ballot.sequence, channel=channel
    )
    outbox.emit(events.BallotCast(proposal_id=proposal_id, party_id=party_id, ballot_id=ballot.id), now)
    return ballot


def normal_choice(proposal: Proposal, choice: object, reason: str = "") -> Choice:
    """The choice in normal form. Raises Refused for one that is none, and for a reason that lacks or is too long; a
    secret vote asks for none."""
    manifest = manifest_of(proposal)
    method = method_of(manifest)
    try:
        normal = method.validate(manifest, choice)
    except ValueError as error:
        raise Refused("ballot.choice", field="choice", why=str(error)) from error
    casting.check_reason(reason)
    asks = proposal.secrecy != SECRET and method.needs_reason(manifest, normal)
    if asks and not reason.strip():
        raise Refused("ballot.reason_needed", field="reason")
    return normal


def switch_off_link(entry: RollEntry, now: datetime) -> None:
    """The mailed link of this elector opens nothing any more; the elector can still vote signed in."""
    session = writing_session()
    if not rolls.is_dead_link(entry):
        session.add(DeadLink(roll_entry_id=entry.id, at=now))
        audit.record("link", "ballot_link.switched_off", f"proposal:{entry.proposal_id}", now, entry=entry.id)
