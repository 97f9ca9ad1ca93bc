"""Reminding, counting, closing: what the clock does with a vote."""

from datetime import datetime

from coopgov.decisions import events
from coopgov.decisions.counting import RESULT_TAG, vote_counts
from coopgov.decisions.drawing import count_votes
from coopgov.decisions.models import Proposal, ResultRow
from coopgov.decisions.rules import casting, stages
from coopgov.decisions.rules.stages import state_at
from coopgov.decisions.services.register import supersede_by
from coopgov.decisions.services.traces import note, subject, touch
from coopgov.infra import audit, outbox
from coopgov.infra.audit import SYSTEM
from coopgov.infra.db import writing_session
from coopgov.tally.canonical import digest
from coopgov.tally.rule import Rule


def remind(proposal: Proposal, now: datetime) -> None:
    """Says once that voting closes soon. Harmless when repeated, and when it is too late or not worth it."""
    if state_at(proposal, now) != "open" or proposal.reminded_at is not None or proposal.opened_at is None:
        return
    if stages.reminds_at(proposal, proposal.opened_at, now):
        proposal.reminded_at = now
        audit.record(SYSTEM, "proposal.reminded", subject(proposal), now)
        outbox.emit(events.VotingClosesSoon(proposal_id=proposal.id), now)


def begin_counting(proposal: Proposal, now: datetime) -> None:
    """Voting has closed by the clock; requests under way are waited for. Harmless when repeated or too early."""
    if proposal.state == "open" and proposal.closes_at <= now:
        proposal.state = "counting"
        audit.record(SYSTEM, "proposal.counting", subject(proposal), now)
        touch(proposal, now)


def count_and_close(proposal: Proposal, now: datetime) -> None:
    """The result, counted once from the ballots that came in before closing, however late this runs."""
    if proposal.state != "counting" or now < proposal.closes_at + casting.DRAIN:
        return
    counts = vote_counts(proposal.id)
    plain = count_votes(Rule.from_plain(proposal.rule), proposal.roll_size, counts).to_plain()
    seal, verdict = digest(RESULT_TAG, plain), str(plain["verdict"])
    writing_session().add(ResultRow(proposal_id=proposal.id, verdict=verdict, plain=plain, digest=seal, counted_at=now))
    proposal.state, proposal.closed_at = "closed", proposal.closes_at
    closed = events.VotingClosed(proposal_id=proposal.id, verdict=verdict)
    note(proposal, SYSTEM, "proposal.closed", closed, now, verdict=verdict, digest=seal)
    supersede_by(proposal, now)
