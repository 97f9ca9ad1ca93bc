"""Reminding, counting, closing: what the clock does with a vote."""

from datetime import datetime, timedelta

from coopgov.decisions import events
from coopgov.decisions.counting import RESULT_TAG, count_votes, vote_box
from coopgov.decisions.models import Closing, Proposal, ResultRow
from coopgov.decisions.records import closing_statement
from coopgov.decisions.rules import casting, stages
from coopgov.decisions.rules.stages import state_at
from coopgov.decisions.services.register import supersede_by
from coopgov.decisions.services.traces import note, subject, touch
from coopgov.infra import audit, outbox
from coopgov.infra.audit import SYSTEM
from coopgov.infra.db import writing_session
from coopgov.tally.canonical import digest
from coopgov.tally.record import close_hash, tie_seed
from coopgov.tally.rule import Rule
from coopgov.tally.vote import Verdict


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
    """The result, counted once from the ballots that came in before closing, however late this runs.

    Where the quorum was missed and the rule gives more time, once, voting goes on instead.
    """
    if proposal.state != "counting" or now < proposal.closes_at + casting.DRAIN:
        return
    box, close = vote_box(proposal.id), closing_statement(proposal) if proposal.manifest else None
    seed = tie_seed(close) if close else None
    outcome = count_votes(proposal, box, seed)
    if outcome.verdict is Verdict.NO_QUORUM and _may_extend(proposal):
        _extend(proposal, now)
        return
    plain = outcome.to_plain()
    seal, verdict = digest(RESULT_TAG, plain), outcome.verdict.value
    closing = close_hash(close) if close else None
    counted = {"verdict": verdict, "plain": plain, "digest": seal, "tie_seed": seed or "", "counted_at": now}
    writing_session().add(ResultRow(proposal_id=proposal.id, **counted))
    if close:
        writing_session().add(Closing(proposal_id=proposal.id, plain=dict(close), digest=closing))
    proposal.state, proposal.closed_at = "closed", proposal.closes_at
    closed = events.VotingClosed(proposal_id=proposal.id, verdict=verdict)
    note(proposal, SYSTEM, "proposal.closed", closed, now, verdict=verdict, digest=seal, close=closing)
    supersede_by(proposal, now)


def _may_extend(proposal: Proposal) -> bool:
    return proposal.extended_from is None and bool(Rule.from_plain(proposal.rule).extension)


def _extend(proposal: Proposal, now: datetime) -> None:
    """Voting goes on from where it ended, however late this is noticed."""
    longer = Rule.from_plain(proposal.rule).extension
    proposal.extended_from, proposal.closes_at = proposal.closes_at, proposal.closes_at + longer
    proposal.state, proposal.reminded_at = "open", None
    extended = events.VotingExtended(proposal_id=proposal.id)
    note(proposal, SYSTEM, "proposal.extended", extended, now, hours=longer // timedelta(hours=1))
