"""Reactions of federation: what happens to threads and proposals is announced, revised and taken back.

What may be told is judged when the job runs, not when the event was recorded: a thread that was hidden meanwhile is
announced to nobody. Each runs once, in the transaction that marks its job done.
"""

from datetime import datetime

from coopgov.decisions.events import (
    OutcomeRecorded,
    ProposalMended,
    ProposalWithdrawn,
    VotingClosed,
    VotingClosesSoon,
    VotingOpened,
)
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries.proposals import is_public_now, sheet
from coopgov.decisions.rules.stages import state_at
from coopgov.discussion.events import ThreadOpened, VisibilityChanged, WordsEdited, WordsHidden
from coopgov.discussion.models import Thread
from coopgov.federation import composing
from coopgov.federation.models import Announcement
from coopgov.federation.queries.announcements import standing, standing_about, was_announced
from coopgov.federation.rules.announcing import subject_of
from coopgov.federation.services.publishing import publish, revise, withdraw
from coopgov.infra.db import db
from coopgov.infra.jobs import Handler

# Threads


def _thread_opened(event: ThreadOpened, _event_id: int, now: datetime) -> None:
    _announce_thread(event.thread_id, now)


def _visibility_changed(event: VisibilityChanged, _event_id: int, now: datetime) -> None:
    _announce_thread(event.thread_id, now)


def _words_hidden(event: WordsHidden, _event_id: int, now: datetime) -> None:
    """A thread that comes back is announced anew if it was announced before: its old post is gone for good."""
    if event.comment_id is not None:
        return
    if was_announced(subject_of("thread", event.thread_id)):
        _announce_thread(event.thread_id, now)


def _words_edited(event: WordsEdited, _event_id: int, now: datetime) -> None:
    said = standing("thread", subject_of("thread", event.thread_id))
    if event.comment_id is None and said is not None:
        _announce_thread(event.thread_id, now)


def _announce_thread(thread_id: int, now: datetime) -> None:
    """What is said of the thread is what anybody may read of it now: a post, its newer version, or nothing more."""
    thread, subject = db.session.get_one(Thread, thread_id), subject_of("thread", thread_id)
    said = standing("thread", subject)
    if not (thread.is_public and thread.state == "visible"):
        _take_back(subject, now)
    elif said is not None:
        revise(said, composing.thread_post(thread), now)
    else:
        publish("thread", subject, composing.thread_post(thread), now)


# Proposals


def _voting_opened(event: VotingOpened, _event_id: int, now: datetime) -> None:
    proposal = _public_proposal(event.proposal_id)
    if proposal and state_at(proposal, now) == "open":
        publish("opened", _subject(proposal), composing.opened_post(proposal), now)


def _proposal_mended(event: ProposalMended, _event_id: int, now: datetime) -> None:
    proposal = _public_proposal(event.proposal_id)
    if proposal and (said := standing("opened", _subject(proposal))) and state_at(proposal, now) == "open":
        revise(said, composing.opened_post(proposal), now)


def _voting_closes_soon(event: VotingClosesSoon, _event_id: int, now: datetime) -> None:
    proposal = _public_proposal(event.proposal_id)
    if proposal and state_at(proposal, now) == "open":
        post = composing.closes_soon_post(proposal)
        publish("closes_soon", _subject(proposal), post, now, _above(proposal, "opened"))


def _voting_closed(event: VotingClosed, _event_id: int, now: datetime) -> None:
    if proposal := _public_proposal(event.proposal_id):
        post = composing.result_post(sheet(proposal.id))
        publish("result", _subject(proposal), post, now, _above(proposal, "opened"))


def _proposal_withdrawn(event: ProposalWithdrawn, _event_id: int, now: datetime) -> None:
    """The first post says so from now on; the call to vote would be wrong."""
    proposal = _public_proposal(event.proposal_id)
    if proposal is None:
        return
    if opened := standing("opened", _subject(proposal)):
        revise(opened, composing.withdrawn_post(proposal), now)
    if call := standing("closes_soon", _subject(proposal)):
        withdraw(call, now)


def _outcome_recorded(event: OutcomeRecorded, _event_id: int, now: datetime) -> None:
    """A later outcome revises what was said of the first one."""
    proposal = _public_proposal(event.proposal_id)
    if proposal is None:
        return
    post = composing.outcome_post(sheet(proposal.id))
    if said := standing("outcome", _subject(proposal)):
        revise(said, post, now)
    else:
        publish("outcome", _subject(proposal), post, now, _above(proposal, "result", "opened"))


def _public_proposal(proposal_id: int) -> Proposal | None:
    """The proposal, if anybody may read it now."""
    proposal = db.session.get_one(Proposal, proposal_id)
    return proposal if is_public_now(proposal) else None


def _above(proposal: Proposal, *kinds: str) -> Announcement | None:
    """The first of our own posts of these kinds that stands: what a new one answers."""
    return next((said for kind in kinds if (said := standing(kind, _subject(proposal)))), None)


def _subject(proposal: Proposal) -> str:
    return subject_of("proposal", proposal.id)


def _take_back(subject: str, now: datetime) -> None:
    for said in standing_about(subject):
        withdraw(said, now)


HANDLERS: tuple[Handler, ...] = (
    Handler("federation.thread_opened", ThreadOpened, _thread_opened),
    Handler("federation.visibility_changed", VisibilityChanged, _visibility_changed),
    Handler("federation.words_hidden", WordsHidden, _words_hidden),
    Handler("federation.words_edited", WordsEdited, _words_edited),
    Handler("federation.voting_opened", VotingOpened, _voting_opened),
    Handler("federation.proposal_mended", ProposalMended, _proposal_mended),
    Handler("federation.voting_closes_soon", VotingClosesSoon, _voting_closes_soon),
    Handler("federation.voting_closed", VotingClosed, _voting_closed),
    Handler("federation.proposal_withdrawn", ProposalWithdrawn, _proposal_withdrawn),
    Handler("federation.outcome_recorded", OutcomeRecorded, _outcome_recorded),
)
