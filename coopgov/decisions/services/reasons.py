"""Answering the reason beside a vote."""

from datetime import datetime

from sqlalchemy import delete

from coopgov.core.errors import Refused
from coopgov.decisions import events
from coopgov.decisions.models import Proposal, ReasonReaction, ReasonReply
from coopgov.decisions.rules.reasons import REACTIONS
from coopgov.discussion.models import Comment, Thread
from coopgov.discussion.rules import Author
from coopgov.discussion.services import post_comment
from coopgov.infra import outbox
from coopgov.infra.db import writing_session


def react(proposal: Proposal, ballot_id: int, party_id: int, word: str, now: datetime) -> None:
    """Says ``word`` to a reason, or takes it back who has said it. Raises Refused ``reason.reaction``."""
    session = writing_session()
    if word not in REACTIONS:
        raise Refused("reason.reaction")
    said = session.get(ReasonReaction, (ballot_id, party_id, word))
    if said is None:
        session.add(ReasonReaction(ballot_id=ballot_id, party_id=party_id, word=word, at=now))
    else:
        mine = (ReasonReaction.ballot_id == ballot_id, ReasonReaction.party_id == party_id, ReasonReaction.word == word)
        session.execute(delete(ReasonReaction).where(*mine))
    proposal.version += 1
    session.flush()
    outbox.emit(events.ReasonReacted(proposal_id=proposal.id, ballot_id=ballot_id, word=word, said=said is None), now)


def reply(proposal: Proposal, ballot_id: int, author: Author, source: str, form_key: str, now: datetime) -> Comment:
    """A comment in the proposal's discussion that stands below the reason too; raises as ``post_comment``."""
    session = writing_session()
    comment = post_comment(session.get_one(Thread, proposal.thread_id), author, source, None, form_key, now)
    if session.get(ReasonReply, comment.id) is None:
        session.add(ReasonReply(comment_id=comment.id, ballot_id=ballot_id))
    proposal.version += 1
    session.flush()
    return comment
