"""Answering the reason beside a vote."""

from datetime import datetime

from sqlalchemy import delete

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Proposal, ReasonReaction, ReasonReply
from coopgov.decisions.rules.reasons import REACTIONS, can_reply
from coopgov.discussion.models import Comment, Thread
from coopgov.discussion.rules import Author
from coopgov.discussion.services import post_comment
from coopgov.infra import outbox
from coopgov.infra.db import writing_session


def react(proposal: Proposal, ballot_id: int, party_id: int, word: str, says: bool, now: datetime) -> None:
    """Says ``word`` to a reason, or takes it back; the same again changes nothing.

    Raises Refused ``reason.reaction``.
    """
    session = writing_session()
    if word not in REACTIONS:
        raise Refused("reason.reaction")
    if says == (session.get(ReasonReaction, (ballot_id, party_id, word)) is not None):
        return
    if says:
        session.add(ReasonReaction(ballot_id=ballot_id, party_id=party_id, word=word, at=now))
    else:
        mine = (ReasonReaction.ballot_id == ballot_id, ReasonReaction.party_id == party_id, ReasonReaction.word == word)
        session.execute(delete(ReasonReaction).where(*mine))
    proposal.version += 1
    session.flush()
    outbox.emit(events.ReasonReacted(proposal_id=proposal.id, ballot_id=ballot_id, word=word, said=says), now)


def reply(proposal: Proposal, ballot_id: int, author: Author, source: str, form_key: str, now: datetime) -> Comment:
    """A comment in the proposal's discussion that stands below the reason too.

    Raises as ``post_comment``, and Refused ``reason.too_early`` while some may not read the reason yet who read the
    discussion.
    """
    session = writing_session()
    if not can_reply(proposal):
        raise Refused("reason.too_early")
    comment = post_comment(session.get_one(Thread, proposal.thread_id), author, source, None, form_key, now)
    if session.get(ReasonReply, comment.id) is None:
        session.add(ReasonReply(comment_id=comment.id, ballot_id=ballot_id))
        answered = events.ReasonAnswered(proposal_id=proposal.id, ballot_id=ballot_id, comment_id=comment.id)
        outbox.emit(answered, now)
    proposal.version += 1
    session.flush()
    return comment
