"""Reminding, counting, closing: what the clock does with a vote."""

from datetime import datetime, timedelta

from coopgov.decisions import events
from coopgov.decisions.box import Unreadable
from coopgov.decisions.counting import RESULT_TAG, count_votes, vote_box
from coopgov.decisions.models import Closing, Proposal, ResultRow
from coopgov.decisions.records import closing_statement
from coopgov.decisions.rules import casting, stages
from coopgov.decisions.rules.stages import state_at
from coopgov.decisions.secrecy import SECRET
from coopgov.decisions.services import secret
from coopgov.decisions.services.carrying import carried_votes, with_carried
from coopgov.decisions.services.register import supersede_by
from coopgov.decisions.services.traces import note, subject, touch
from coopgov.infra import audit, outbox
from coopgov.infra.audit import SYSTEM
from coopgov.infra.db import writing_session
from coopgov.infra.keyring import FolderUnfit, KeysMissing
from coopgov.tally.canonical import digest
from coopgov.tally.count import Outcome as TallyOutcome
from coopgov.tally.record import Close, close_hash, tie_seed
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
    if proposal.secrecy == SECRET:
        _close_secret(proposal, now)
        return
    carried = carried_votes(proposal)
    close = closing_statement(proposal, carried) if proposal.manifest else None
    outcome = count_votes(proposal, with_carried(vote_box(proposal.id), carried), tie_seed(close) if close else None)
    if _goes_on(proposal, outcome, now):
        return
    writing_session().add_all(carried)
    seal = _write_result(proposal, outcome, close, "", now)
    _close(proposal, outcome, now, digest=seal, close=close_hash(close) if close else "")


def _close_secret(proposal: Proposal, now: datetime) -> None:
    """Opens the box, counts, publishes; void when nobody can. While the folder of keys is away nothing happens."""
    try:
        opened = secret.open_box(proposal)
    except FolderUnfit:
        return
    except (KeysMissing, Unreadable) as error:
        secret.void_for_good(proposal, "unreadable" if isinstance(error, Unreadable) else "keys_missing", now)
        return
    outcome = count_votes(proposal, opened.votes, tie_seed(opened.close))
    if _goes_on(proposal, outcome, now):
        return
    secret.publish(proposal, opened, now)
    _write_result(proposal, outcome, opened.close, opened.signature, now)
    _close(proposal, outcome, now, ballots=opened.close["n"], close=close_hash(opened.close))


def _write_result(proposal: Proposal, outcome: TallyOutcome, close: Close | None, signature: str, now: datetime) -> str:
    """Stores result and closing statement; gives the digest of the result."""
    plain, session = outcome.to_plain(), writing_session()
    seal, seed = digest(RESULT_TAG, plain), tie_seed(close) if close else ""
    counted = {"verdict": outcome.verdict.value, "plain": plain, "digest": seal, "tie_seed": seed, "counted_at": now}
    session.add(ResultRow(proposal_id=proposal.id, **counted))
    if close:
        ended = {"plain": dict(close), "digest": close_hash(close), "signature": signature}
        session.add(Closing(proposal_id=proposal.id, **ended))
    return seal


def _close(proposal: Proposal, outcome: TallyOutcome, now: datetime, **details: str | int) -> None:
    verdict = outcome.verdict.value
    proposal.state, proposal.closed_at = "closed", proposal.closes_at
    closed = events.VotingClosed(proposal_id=proposal.id, verdict=verdict)
    note(proposal, SYSTEM, "proposal.closed", closed, now, verdict=verdict, **details)
    supersede_by(proposal, now)


def _goes_on(proposal: Proposal, outcome: TallyOutcome, now: datetime) -> bool:
    """Gives voting more time where the quorum was missed and the rule says so, once; whether it did."""
    if outcome.verdict is not Verdict.NO_QUORUM or not _may_extend(proposal):
        return False
    _extend(proposal, now)
    return True


def _may_extend(proposal: Proposal) -> bool:
    return proposal.extended_from is None and bool(Rule.from_plain(proposal.rule).extension)


def _extend(proposal: Proposal, now: datetime) -> None:
    """Voting goes on from where it ended, however late this is noticed."""
    longer = Rule.from_plain(proposal.rule).extension
    proposal.extended_from, proposal.closes_at = proposal.closes_at, proposal.closes_at + longer
    proposal.state, proposal.reminded_at = "open", None
    extended = events.VotingExtended(proposal_id=proposal.id)
    note(proposal, SYSTEM, "proposal.extended", extended, now, hours=longer // timedelta(hours=1))
