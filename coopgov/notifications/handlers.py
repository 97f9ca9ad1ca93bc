"""Reactions of notifications: each event becomes notices and mails, in the transaction that marks its job done.

What is told is what may be read when the job runs: words that were deleted meanwhile are mailed to nobody, and those
of members only to members. Who is on a roll may read its proposal to the end, member or not.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from coopgov.decisions.drawing import reasons_of
from coopgov.decisions.events import (
    AmendmentAnswered,
    AmendmentProposed,
    BallotCast,
    CoAuthorAsked,
    CountersignatureAsked,
    OutcomeRecorded,
    ProposalVoided,
    ProposalWithdrawn,
    ReasonAnswered,
    ReviewDue,
    RollAmended,
    VotingClosed,
    VotingClosesSoon,
    VotingOpened,
)
from coopgov.decisions.models import Ballot, Closing, Proposal, ResultRow
from coopgov.decisions.paper import paper_of
from coopgov.decisions.paper_words import choice_words
from coopgov.decisions.queries.amendments import amendment_by_id
from coopgov.decisions.queries.authors import held_acts, writer_ids
from coopgov.decisions.queries.proxies import carries, holders_of_carried
from coopgov.decisions.queries.rolls import electors, electors_without_ballot
from coopgov.decisions.queries.urgency import countersignature, possible_signers
from coopgov.decisions.queries.validity import reviewed_in
from coopgov.decisions.rules.stages import UNOPENED
from coopgov.decisions.secrecy import SECRET, parties_who_took_part
from coopgov.decisions.sentences import STATES, option_words, say, verdict_shown
from coopgov.discussion.events import CommentPosted, ThreadOpened, WordsHidden
from coopgov.discussion.models import Comment, Thread
from coopgov.discussion.queries import mentioned_in_comment, mentioned_in_thread, participants
from coopgov.groups.events import SeatAsked
from coopgov.groups.queries import convenor_ids, group_by_id, sitters_at
from coopgov.identity.queries import names_of
from coopgov.infra.db import db
from coopgov.infra.i18n import day, full_time
from coopgov.infra.i18n import gettext as _
from coopgov.infra.jobs import Handler, enqueue
from coopgov.infra.mail import Facts
from coopgov.infra.markdown import plain_text
from coopgov.membership.queries.delegates import delegates_of
from coopgov.membership.queries.register import members_at
from coopgov.notifications import calls
from coopgov.notifications.queries import amended_because, entry_of_ballot, latest_outcome, organisations_among
from coopgov.notifications.rules import comment_audiences, thread_audiences
from coopgov.notifications.services import News, forget_calls, forget_thread, tell, tick_off_ballot
from coopgov.proxies import queries as proxies
from coopgov.proxies.events import ProxyAnswered, ProxyAsked, ProxyEnded

MOST_WORDS = 2_000  # characters of somebody's text in a mail


def _thread_opened(event: ThreadOpened, event_id: int, now: datetime) -> None:
    thread = db.session.get_one(Thread, event.thread_id)
    if thread.state != "visible":
        return
    audiences = thread_audiences(
        thread.author_id, mentioned_in_thread(thread.id), sitters_at(thread.group_id, now), _members(now)
    )
    for kind, parties in audiences.items():
        tell(_talk(kind, event_id, thread, None), set(parties) - _reviewers(thread, now), now)


def _reviewers(thread: Thread, now: datetime) -> set[int]:
    """Who is told of a review by a word of its own, and need not hear of its thread as well."""
    proposal_id = reviewed_in(thread.id)
    return _told_of_review(db.session.get_one(Proposal, proposal_id), now) if proposal_id else set()


def _told_of_review(proposal: Proposal, now: datetime) -> set[int]:
    """The convenors of the group, and the author while a member."""
    return convenor_ids(proposal.group_id, now) | ({proposal.author_id} & _members(now))


def _comment_posted(event: CommentPosted, event_id: int, now: datetime) -> None:
    comment = db.session.get_one(Comment, event.comment_id)
    thread = db.session.get_one(Thread, event.thread_id)
    if (comment.state, thread.state) != ("visible", "visible"):
        return
    above = db.session.get(Comment, comment.parent_id) if comment.parent_id else None
    audiences = comment_audiences(
        comment.author_id,
        mentioned_in_comment(comment.id),
        above.author_id if above else None,
        participants(thread.id),
        _members(now),
    )
    for kind, parties in audiences.items():
        tell(_talk(kind, event_id, thread, comment), parties, now)


def _members(now: datetime) -> set[int]:
    return {party_id for party_id, _number in members_at(now)}


def _talk(kind: str, event_id: int, thread: Thread, comment: Comment | None) -> News:
    written = comment or thread
    facts: Facts = {
        "group": group_by_id(thread.group_id).name,
        "said": _shortened(plain_text(written.html)),
        "is_public": thread.is_public,
    }
    return News(
        kind=kind,
        event_id=event_id,
        title=thread.title,
        path=f"/t/{thread.id}/c/{comment.number}" if comment else thread.path,
        by_name=names_of([written.author_id])[written.author_id],
        thread_id=thread.id,
        number=comment.number if comment else 0,
        words=lambda: facts,
    )


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_WORDS else text[: MOST_WORDS - 1].rsplit(" ", 1)[0] + " …"


def _voting_opened(event: VotingOpened, event_id: int, now: datetime) -> None:
    """The author too is an elector: this is their ballot, not news of their own act."""
    _call_for_ballots("voting_opened", event.proposal_id, event_id, electors(event.proposal_id), now)


def _voting_closes_soon(event: VotingClosesSoon, event_id: int, now: datetime) -> None:
    if db.session.get_one(Proposal, event.proposal_id).secrecy == SECRET:
        payload = {"poll": event.proposal_id, "event": event_id}
        enqueue(calls.REMIND, f"{calls.REMIND}:{event_id}", payload, now)
        return
    waiting = electors_without_ballot(event.proposal_id)
    _call_for_ballots("voting_closes_soon", event.proposal_id, event_id, waiting, now)


def _call_for_ballots(kind: str, proposal_id: int, event_id: int, parties: Collection[int], now: datetime) -> None:
    news = calls.ballot_news(kind, proposal_id, event_id, now)
    if news is None:
        return
    organisations = organisations_among(parties)
    tell(news, set(parties) - organisations, now)
    tell(
        calls.delegates_news(proposal_id, event_id, now), delegates_of(organisations, now) if organisations else (), now
    )


def _people(parties: Collection[int], now: datetime) -> set[int]:
    """Those of ``parties`` who can be told something, with who acts for the organisations among them."""
    organisations = organisations_among(parties)
    return (set(parties) - organisations) | (delegates_of(organisations, now) if organisations else set())


def _voting_closed(event: VotingClosed, event_id: int, now: datetime) -> None:
    proposal = db.session.get_one(Proposal, event.proposal_id)
    news = News(
        kind="voting_closed",
        event_id=event_id,
        title=proposal.title,
        path=proposal.path,
        thread_id=proposal.thread_id,
        words=lambda: {
            **calls.proposal_words(proposal),
            **_verdict_words(proposal.id),
            "is_secret": proposal.secrecy == SECRET,
        },
        facts=_own_record(proposal),
    )
    tell(news, _people(electors(proposal.id), now), now)
    if proposal.secrecy == SECRET:
        forget_calls(proposal.path, now)


def _withdrawn(event: ProposalWithdrawn, event_id: int, now: datetime) -> None:
    _voting_stopped(event.proposal_id, event.by_id, event_id, now)


def _voided(event: ProposalVoided, event_id: int, now: datetime) -> None:
    _voting_stopped(event.proposal_id, event.by_id, event_id, now)


def _voting_stopped(proposal_id: int, by_id: int | None, event_id: int, now: datetime) -> None:
    """Of a proposal on which voting had opened: who could vote is told why there will be no result."""
    proposal = db.session.get_one(Proposal, proposal_id)
    if proposal.opened_at is None:
        return
    reason = _shortened(proposal.withdrawn_reason or proposal.voided_reason)
    news = News(
        kind="voting_stopped",
        event_id=event_id,
        title=proposal.title,
        path=proposal.path,
        by_name=names_of([by_id])[by_id] if by_id else "",
        thread_id=proposal.thread_id,
        words=lambda: {**calls.proposal_words(proposal), "is_void": proposal.state == "void", "reason": reason},
    )
    tell(news, _people(electors(proposal.id), now) - {by_id or 0}, now)
    if proposal.secrecy == SECRET:
        forget_calls(proposal.path, now)


def _own_record(proposal: Proposal) -> Callable[[int], Facts]:
    """What each elector is told of their own part: in a secret vote whether they took part, so that who did not can
    object; else through whom their vote was carried, if it was."""
    if proposal.secrecy != SECRET:
        carried = holders_of_carried(proposal.id) if carries(proposal) else {}
        return lambda party: {"holder": carried.get(party, "")}
    there = parties_who_took_part(proposal.id)
    return lambda party: {"took_part": party in there}


def _verdict_words(proposal_id: int) -> Facts:
    result, proposal = db.session.get_one(ResultRow, proposal_id), db.session.get_one(Proposal, proposal_id)
    reasons, words = reasons_of(result.plain), option_words(proposal.ballot_options)
    closing = db.session.get(Closing, proposal_id)
    return {
        "close": closing.digest if closing else "",
        "check_path": f"/p/{proposal_id}/check",
        "is_secret": proposal.secrecy == SECRET,
        "verdict": _(STATES[verdict_shown(result.verdict, reasons)]),
        "reasons": [say(reason, words) for reason in reasons],
    }


def _outcome_recorded(event: OutcomeRecorded, event_id: int, now: datetime) -> None:
    proposal = db.session.get_one(Proposal, event.proposal_id)
    latest = latest_outcome(proposal.id)
    outcome, departs = _shortened(plain_text(latest.html)), latest.departs_reason if latest.departs else ""
    news = News(
        kind="outcome_recorded",
        event_id=event_id,
        title=proposal.title,
        path=proposal.path,
        by_name=names_of([event.by_id])[event.by_id],
        thread_id=proposal.thread_id,
        words=lambda: {**calls.proposal_words(proposal), "said": outcome, "departs": departs},
    )
    tell(news, _people(electors(proposal.id), now) - {event.by_id}, now)


def _co_author_asked(event: CoAuthorAsked, event_id: int, now: datetime) -> None:
    proposal = db.session.get_one(Proposal, event.proposal_id)
    if held_acts(proposal.id).get(event.party_id) == "asked":
        tell(_drafting("co_author_asked", event_id, proposal, event.by_id), {event.party_id} & _members(now), now)


def _amendment_proposed(event: AmendmentProposed, event_id: int, now: datetime) -> None:
    proposal, amendment = db.session.get_one(Proposal, event.proposal_id), amendment_by_id(event.amendment_id).amendment
    path = f"/p/{proposal.id}/amendments/{amendment.number}"
    facts = {"reason": _shortened(amendment.reason)}
    tell(_drafting("amendment_proposed", event_id, proposal, event.by_id, facts, path), writer_ids(proposal), now)


def _amendment_answered(event: AmendmentAnswered, event_id: int, now: datetime) -> None:
    """What its author did with it is no news to them."""
    proposal, line = db.session.get_one(Proposal, event.proposal_id), amendment_by_id(event.amendment_id)
    told = {line.amendment.author_id} - {event.by_id or 0}
    path = f"/p/{proposal.id}/amendments/{line.amendment.number}"
    facts = {"act": event.act, "reason": line.end.reason if line.end else ""}
    tell(_drafting("amendment_answered", event_id, proposal, event.by_id, facts, path), told & _members(now), now)


def _countersignature_asked(event: CountersignatureAsked, event_id: int, now: datetime) -> None:
    proposal = db.session.get_one(Proposal, event.proposal_id)
    if proposal.state not in UNOPENED or not proposal.urgent_reason or countersignature(proposal) is not None:
        return
    facts = {"reason": proposal.urgent_reason}
    news = _drafting("countersignature_asked", event_id, proposal, event.by_id, facts)
    tell(news, possible_signers(proposal, now), now)


def _drafting(
    kind: str, event_id: int, proposal: Proposal, by_id: int | None, facts: Facts | None = None, path: str = ""
) -> News:
    """News of a proposal whose voting has not opened."""
    return News(
        kind=kind,
        event_id=event_id,
        title=proposal.title,
        path=path or proposal.path,
        by_name=names_of([by_id])[by_id] if by_id else "",
        thread_id=proposal.thread_id,
        words=lambda: {**calls.proposal_words(proposal), **(facts or {})},
    )


def _review_due(event: ReviewDue, event_id: int, now: datetime) -> None:
    """The review's thread leads on; one that was hidden or deleted meanwhile is shown to nobody."""
    proposal, thread = db.session.get_one(Proposal, event.proposal_id), db.session.get_one(Thread, event.thread_id)
    news = News(
        kind="review_due",
        event_id=event_id,
        title=proposal.title,
        path=thread.path if thread.state == "visible" else proposal.path,
        words=lambda: {**calls.proposal_words(proposal), "decision": proposal.path},
    )
    tell(news, _told_of_review(proposal, now), now)


def _ballot_cast(event: BallotCast, event_id: int, now: datetime) -> None:
    proposal, ballot = db.session.get_one(Proposal, event.proposal_id), db.session.get(Ballot, event.ballot_id)
    _settle(event.party_id, proposal, now)
    if ballot is not None and ballot.channel == "paper" and ballot.entered_by is not None:
        tell(_paper_news(proposal, ballot, ballot.entered_by, event_id), _people({event.party_id}, now), now)


def _settle(party_id: int, proposal: Proposal, now: datetime) -> None:
    """What called for the party's ballot is settled, in whose inbox it may be."""
    tick_off_ballot(party_id, proposal.path, now)
    for delegate in _people({party_id}, now) - {party_id}:
        tick_off_ballot(delegate, f"/p/{proposal.id}/for", now)


def _paper_news(proposal: Proposal, ballot: Ballot, by_id: int, event_id: int) -> News:
    def words() -> Facts:
        kept = {
            "voted": choice_words(paper_of(proposal), ballot.choice),
            "reason": ballot.reason,
            "evidence": ballot.evidence,
        }
        return {**calls.proposal_words(proposal), **kept, "closes_at": full_time(proposal.closes_at)}

    return News(
        kind="paper_ballot",
        event_id=event_id,
        title=proposal.title,
        path=proposal.path,
        by_name=names_of([by_id])[by_id],
        thread_id=proposal.thread_id,
        words=words,
    )


def _reason_answered(event: ReasonAnswered, event_id: int, now: datetime) -> None:
    comment, ballot = db.session.get_one(Comment, event.comment_id), db.session.get_one(Ballot, event.ballot_id)
    proposal = db.session.get_one(Proposal, event.proposal_id)
    if comment.state != "visible":
        return
    voter = entry_of_ballot(ballot).party_id
    news = News(
        kind="reason_reply",
        event_id=event_id,
        title=proposal.title,
        path=f"/p/{proposal.id}/votes/{ballot.id}",
        by_name=names_of([comment.author_id])[comment.author_id],
        thread_id=comment.thread_id,
        number=comment.number,
        words=lambda: {**calls.proposal_words(proposal), "said": _shortened(plain_text(comment.html))},
    )
    told = set(mentioned_in_comment(comment.id)) | {comment.author_id}  # who hears of it anyway, or wrote it
    tell(news, (_people({voter}, now) & _members(now)) - told, now)


def _roll_amended(event: RollAmended, event_id: int, now: datetime) -> None:
    """Who was added gets the ballot; who was taken off by somebody else hears why."""
    if event.act == "added":
        _call_for_ballots("voting_opened", event.proposal_id, event_id, {event.party_id}, now)
        return
    proposal = db.session.get_one(Proposal, event.proposal_id)
    _settle(event.party_id, proposal, now)
    if event.by_id == event.party_id:
        return
    reason = amended_because(proposal.id, event.party_id, event.act)
    news = News(
        kind="roll_amended",
        event_id=event_id,
        title=proposal.title,
        path=proposal.path,
        by_name=names_of([event.by_id])[event.by_id],
        thread_id=proposal.thread_id,
        words=lambda: {**calls.proposal_words(proposal), "reason": reason},
    )
    tell(news, _people({event.party_id}, now), now)


def _proxy_asked(event: ProxyAsked, event_id: int, now: datetime) -> None:
    line = proxies.line_of(event.proxy_id)
    if line.proxy.accepted_at is None and line.proxy.ended_at is None:
        tell(_proxy_news("proxy_asked", event_id, line, line.giver), {line.proxy.holder_id} & _members(now), now)


def _proxy_answered(event: ProxyAnswered, event_id: int, now: datetime) -> None:
    line = proxies.line_of(event.proxy_id)
    if event.accepted and line.proxy.ended_at is not None:
        return
    news = _proxy_news("proxy_answered", event_id, line, line.holder, {"accepted": event.accepted})
    tell(news, {line.proxy.giver_id} & _members(now), now)


def _proxy_ended(event: ProxyEnded, event_id: int, now: datetime) -> None:
    """The other one of the two hears of it; an offer that was never answered ends without a word."""
    line = proxies.line_of(event.proxy_id)
    if line.proxy.accepted_at is None:
        return
    names = {line.proxy.giver_id: line.giver, line.proxy.holder_id: line.holder}
    news = _proxy_news("proxy_ended", event_id, line, names.pop(event.by_id), {"how": line.proxy.how})
    tell(news, set(names), now)  # also one who has left the co-op since: a roll may keep them


def _proxy_news(kind: str, event_id: int, line: proxies.Line, by_name: str, facts: Facts | None = None) -> News:
    group = group_by_id(line.proxy.group_id)
    return News(
        kind=kind,
        event_id=event_id,
        title=group.name,
        path=f"{group.path}/proxies",
        by_name=by_name,
        words=lambda: {"until": day(line.last_instant), **(facts or {})},
    )


def _seat_asked(event: SeatAsked, event_id: int, now: datetime) -> None:
    group = group_by_id(event.group_id)
    news = News(
        kind="seat_asked",
        event_id=event_id,
        title=group.name,
        path=f"{group.path}/people",
        by_name=names_of([event.party_id])[event.party_id],
    )
    tell(news, convenor_ids(group.id, now) - {event.party_id}, now)


def _words_hidden(event: WordsHidden, _event_id: int, _now: datetime) -> None:
    if event.comment_id is None and event.act != "restore":
        forget_thread(event.thread_id)


HANDLERS: tuple[Handler, ...] = (
    Handler("notifications.thread_opened", ThreadOpened, _thread_opened),
    Handler("notifications.comment_posted", CommentPosted, _comment_posted),
    Handler("notifications.words_hidden", WordsHidden, _words_hidden),
    Handler("notifications.voting_opened", VotingOpened, _voting_opened),
    Handler("notifications.voting_closes_soon", VotingClosesSoon, _voting_closes_soon),
    Handler("notifications.voting_closed", VotingClosed, _voting_closed),
    Handler("notifications.proposal_withdrawn", ProposalWithdrawn, _withdrawn),
    Handler("notifications.proposal_voided", ProposalVoided, _voided),
    Handler("notifications.outcome_recorded", OutcomeRecorded, _outcome_recorded),
    Handler("notifications.co_author_asked", CoAuthorAsked, _co_author_asked),
    Handler("notifications.amendment_proposed", AmendmentProposed, _amendment_proposed),
    Handler("notifications.amendment_answered", AmendmentAnswered, _amendment_answered),
    Handler("notifications.countersignature_asked", CountersignatureAsked, _countersignature_asked),
    Handler("notifications.review_due", ReviewDue, _review_due),
    Handler("notifications.ballot_cast", BallotCast, _ballot_cast),
    Handler("notifications.reason_answered", ReasonAnswered, _reason_answered),
    Handler("notifications.roll_amended", RollAmended, _roll_amended),
    Handler("notifications.proxy_asked", ProxyAsked, _proxy_asked),
    Handler("notifications.proxy_answered", ProxyAnswered, _proxy_answered),
    Handler("notifications.proxy_ended", ProxyEnded, _proxy_ended),
    Handler("notifications.seat_asked", SeatAsked, _seat_asked),
)
