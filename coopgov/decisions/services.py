"""Writes of decisions, in the caller's write transaction; each leaves an audit row and an event."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from coopgov.core.errors import Refused
from coopgov.core.event import Event
from coopgov.core.text import slug_of
from coopgov.decisions import events, queries, rules
from coopgov.decisions.counting import RESULT_TAG, vote_counts
from coopgov.decisions.drawing import count_votes
from coopgov.decisions.models import Ballot, DeadLink, Outcome, Proposal, ProposalRevision, ResultRow, RollEntry
from coopgov.decisions.rules import Terms, options_of, state_at
from coopgov.discussion.models import Thread
from coopgov.discussion.rules import Author
from coopgov.discussion.services import touch_thread
from coopgov.infra import audit, outbox
from coopgov.infra.audit import SYSTEM
from coopgov.infra.db import writing_session
from coopgov.infra.markdown import to_html
from coopgov.membership.services.standing import guard_arrears
from coopgov.tally.canonical import digest
from coopgov.tally.count import Manifest, method_of
from coopgov.tally.rule import Rule


def draft_proposal(thread: Thread, author: Author, terms: Terms, now: datetime) -> Proposal:
    """A new proposal in ``thread``: a draft, scheduled, or open already when the terms say so.

    Raises Refused for a thread that went meanwhile, times that the rule does not allow, a text that is too long, a
    roll with nobody on it.
    """
    session = writing_session()
    if thread.state != "visible":
        raise Refused("proposal.not_here")
    rules.check_times(terms, now)
    proposal = Proposal(
        thread_id=thread.id,
        group_id=thread.group_id,
        author_id=author.party_id,
        public_name=author.public_name,
        is_public=thread.is_public,
        created_at=now,
        **_columns(terms),
    )
    session.add(proposal)
    session.flush()
    drafted = events.ProposalDrafted(proposal_id=proposal.id, author_id=author.party_id)
    _note(proposal, author.party_id, "proposal.drafted", drafted, now)
    if terms.open_now:
        open_voting(proposal, now, author.party_id)
    return proposal


def mend_proposal(proposal: Proposal, by_id: int, terms: Terms, now: datetime) -> None:
    """Text and terms changed before opening; what they were is kept. Raises Refused as ``draft_proposal`` does.

    Terms that change nothing leave no trace, unless they open the vote.
    """
    session = writing_session()
    _refuse_unless(proposal, ("draft", "scheduled"), now)
    rules.check_times(terms, now)
    before, after = _columns(_terms_of(proposal)), _columns(terms)
    if before != after:
        session.add(_revision(proposal, now))
        for name, value in after.items():
            setattr(proposal, name, value)
        mended = events.ProposalMended(proposal_id=proposal.id, author_id=proposal.author_id)
        _note(proposal, by_id, "proposal.mended", mended, now)
    if terms.open_now:
        open_voting(proposal, now, by_id)


def open_voting(proposal: Proposal, now: datetime, by_id: int | None = None) -> None:
    """Ballots are taken from ``now`` on, and the roll is frozen as at ``now``; by the author unless somebody is named.

    Raises Refused when it is open already, when too little time is left for the rule, or when nobody may vote.
    """
    _refuse_unless(proposal, ("draft", "scheduled"), now)
    rules.check_length(Rule.from_plain(proposal.rule), now, proposal.closes_at)
    _freeze(proposal, now, now, proposal.author_id if by_id is None else by_id)


def open_scheduled(proposal: Proposal, now: datetime) -> None:
    """Opens a proposal whose time has come, with the roll as at ``opens_at`` however late this runs.

    With nobody on that roll it becomes a draft again, whose opening in the past says so. Harmless when repeated.
    """
    if state_at(proposal, now) != "opening" or proposal.opens_at is None:
        return
    try:
        _freeze(proposal, proposal.opens_at, now, SYSTEM)
    except Refused:
        proposal.state = "draft"
        audit.record(SYSTEM, "proposal.not_opened", _subject(proposal), now)
        _touch(proposal, now)


def cast_ballot(
    proposal_id: int,
    party_id: int,
    choice: str,
    reason: str,
    public_name: str,
    channel: str,
    received_at: datetime,
    now: datetime,
) -> Ballot:
    """The ballot that counts for this elector from now on; the same one again when nothing about it is new.

    ``channel`` is web or mail; ``received_at`` decides whether it is in time. Raises Refused (``ballot.*``), and
    LookupError for a proposal that does not exist.
    """
    session = writing_session()
    proposal = session.get(Proposal, proposal_id)
    if proposal is None:
        raise LookupError(proposal_id)
    rules.check_ballot_time(proposal, received_at)
    entry = queries.entry_of(proposal_id, party_id)
    if entry is None:
        raise Refused("ballot.not_on_roll")
    _check_choice(proposal, choice, reason)
    last = queries.last_ballot(entry)
    if last is not None and (last.choice, last.reason) == (choice, reason):
        return last
    ballot = Ballot(
        proposal_id=proposal_id,
        roll_entry_id=entry.id,
        sequence=last.sequence + 1 if last else 1,
        choice=choice,
        reason=reason,
        public_name=public_name,
        channel=channel,
        received_at=received_at,
    )
    session.add(ballot)
    proposal.version += 1
    session.flush()
    audit.record(party_id, "ballot.cast", _subject(proposal), now, sequence=ballot.sequence, channel=channel)
    outbox.emit(events.BallotCast(proposal_id=proposal_id, party_id=party_id, ballot_id=ballot.id), now)
    return ballot


def _check_choice(proposal: Proposal, choice: str, reason: str) -> None:
    rule = Rule.from_plain(proposal.rule)
    manifest = Manifest("proposal", options_of(rule), rule, proposal.roll_size)
    method = method_of(manifest)
    try:
        method.validate(manifest, choice)
    except ValueError as error:
        raise Refused("ballot.choice", field="choice") from error
    rules.check_reason(reason)
    if method.needs_reason(manifest, choice) and not reason.strip():
        raise Refused("ballot.reason_needed", field="reason")


def switch_off_link(entry: RollEntry, now: datetime) -> None:
    """The mailed link of this elector opens nothing any more; the elector can still vote signed in."""
    session = writing_session()
    if not queries.is_dead_link(entry):
        session.add(DeadLink(roll_entry_id=entry.id, at=now))
        audit.record("link", "ballot_link.switched_off", f"proposal:{entry.proposal_id}", now, entry=entry.id)


def remind(proposal: Proposal, now: datetime) -> None:
    """Says once that voting closes soon. Harmless when repeated, and when it is too late or not worth it."""
    if state_at(proposal, now) != "open" or proposal.reminded_at is not None or proposal.opened_at is None:
        return
    if rules.reminds_at(proposal, proposal.opened_at, now):
        proposal.reminded_at = now
        audit.record(SYSTEM, "proposal.reminded", _subject(proposal), now)
        outbox.emit(events.VotingClosesSoon(proposal_id=proposal.id), now)


def begin_counting(proposal: Proposal, now: datetime) -> None:
    """Voting has closed by the clock; requests under way are waited for. Harmless when repeated or too early."""
    if proposal.state == "open" and proposal.closes_at <= now:
        proposal.state = "counting"
        audit.record(SYSTEM, "proposal.counting", _subject(proposal), now)
        _touch(proposal, now)


def count_and_close(proposal: Proposal, now: datetime) -> None:
    """The result, counted once from the ballots that came in before closing, however late this runs."""
    if proposal.state != "counting" or now < proposal.closes_at + rules.DRAIN:
        return
    counts = vote_counts(proposal.id)
    plain = count_votes(Rule.from_plain(proposal.rule), proposal.roll_size, counts).to_plain()
    seal, verdict = digest(RESULT_TAG, plain), str(plain["verdict"])
    writing_session().add(ResultRow(proposal_id=proposal.id, verdict=verdict, plain=plain, digest=seal, counted_at=now))
    proposal.state, proposal.closed_at = "closed", proposal.closes_at
    closed = events.VotingClosed(proposal_id=proposal.id, verdict=verdict)
    _note(proposal, SYSTEM, "proposal.closed", closed, now, verdict=verdict, digest=seal)


def withdraw(proposal: Proposal, by_id: int, reason: str, now: datetime) -> None:
    """Taken back, before opening or while open: ballots are kept, there is no verdict. Raises Refused."""
    _refuse_unless(proposal, ("draft", "scheduled", "opening", "open"), now)
    if not reason.strip():
        raise Refused("proposal.reason_needed", field="reason")
    if len(reason) > rules.LONGEST_REASON:
        raise Refused("proposal.reason_too_long", field="reason", most=rules.LONGEST_REASON)
    proposal.state, proposal.withdrawn_at, proposal.withdrawn_reason = "withdrawn", now, reason
    withdrawn = events.ProposalWithdrawn(proposal_id=proposal.id, by_id=by_id)
    _note(proposal, by_id, "proposal.withdrawn", withdrawn, now)


def record_outcome(proposal: Proposal, by_id: int, source: str, review_on: datetime | None, now: datetime) -> Outcome:
    """What follows from the decision; the last one stands on the page. Raises Refused before the count."""
    session = writing_session()
    _refuse_unless(proposal, ("closed",), now)
    if not source.strip():
        raise Refused("outcome.words_needed", field="source")
    if review_on is not None and review_on <= now:
        raise Refused("outcome.review_in_the_past", field="review_on")
    outcome = Outcome(
        proposal_id=proposal.id,
        number=queries.outcome_count(proposal.id) + 1,
        source=source,
        html=to_html(source),
        review_on=review_on,
        recorded_by=by_id,
        recorded_at=now,
    )
    session.add(outcome)
    recorded = events.OutcomeRecorded(proposal_id=proposal.id, by_id=by_id)
    _note(proposal, by_id, "proposal.outcome_recorded", recorded, now, number=outcome.number)
    return outcome


def _freeze(proposal: Proposal, at: datetime, now: datetime, actor: int | str) -> None:
    guard_arrears(now)  # or a mistake of ours could keep many off the roll before anybody has seen it
    roll = queries.roll_at(proposal, at)
    if not roll:
        raise Refused("roll.empty")
    lines = [{"proposal_id": proposal.id, "party_id": party, "member_number": number} for party, number in roll]
    writing_session().execute(insert(RollEntry), lines)
    proposal.is_public = queries.is_public_now(proposal)  # from here on it keeps its own word
    proposal.state, proposal.opened_at, proposal.roll_size = "open", at, len(roll)
    opened = events.VotingOpened(proposal_id=proposal.id, roll_size=len(roll))
    _note(proposal, actor, "proposal.opened", opened, now, roll=len(roll))


def _columns(terms: Terms) -> dict[str, Any]:
    """What the terms are in the proposal's row."""
    return {
        "title": terms.title,
        "slug": slug_of(terms.title),
        "source": terms.source,
        "html": to_html(terms.source),
        "rule": terms.rule.to_plain(),
        "rule_name": terms.rule_name,
        "electorate": terms.electorate,
        "opens_at": terms.opens_at,
        "closes_at": terms.closes_at,
        "state": "scheduled" if terms.opens_at else "draft",
    }


def _terms_of(proposal: Proposal) -> Terms:
    return Terms(
        title=proposal.title,
        source=proposal.source,
        rule=Rule.from_plain(proposal.rule),
        rule_name=proposal.rule_name,
        electorate=proposal.electorate,
        opens_at=proposal.opens_at,
        closes_at=proposal.closes_at,
    )


def _revision(proposal: Proposal, now: datetime) -> ProposalRevision:
    terms = {
        "rule": proposal.rule,
        "electorate": proposal.electorate,
        "opens_at": proposal.opens_at.isoformat() if proposal.opens_at else None,
        "closes_at": proposal.closes_at.isoformat(),
    }
    return ProposalRevision(
        proposal_id=proposal.id,
        title=proposal.title,
        source=proposal.source,
        html=proposal.html,
        terms=terms,
        replaced_at=now,
    )


def _refuse_unless(proposal: Proposal, states: tuple[str, ...], now: datetime) -> None:
    writing_session()
    if state_at(proposal, now) not in states:
        raise Refused("proposal.too_late")


def _subject(proposal: Proposal) -> str:
    return f"proposal:{proposal.id}"


def _note(
    proposal: Proposal, actor: int | str, act: str, event: Event, now: datetime, **details: str | int | bool | None
) -> None:
    """The audit row, the event and the new versions that every change of a proposal leaves."""
    audit.record(actor, act, _subject(proposal), now, **details)
    outbox.emit(event, now)
    _touch(proposal, now)


def _touch(proposal: Proposal, now: datetime) -> None:
    proposal.version += 1
    touch_thread(proposal.thread_id, now)  # and with it the group's page
