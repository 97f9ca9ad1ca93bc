"""Reasons beside votes, with what others said to them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select

from coopgov.core.errors import NotFound
from coopgov.decisions.counting import counts_now
from coopgov.decisions.models import Ballot, ReasonReaction, ReasonReply
from coopgov.decisions.queries.ballots import Vote, votes_where
from coopgov.discussion.models import Comment, Thread
from coopgov.identity.models import Party
from coopgov.infra.db import db


@dataclass(frozen=True)
class Reply:
    """A comment of the discussion that answers a reason; ``public_name`` as its author chose."""

    name: str
    public_name: str
    html: str
    at: datetime
    path: str


@dataclass
class Said:
    """What others said to one reason: how many said each word, those that the viewer said, and replies, oldest
    first."""

    counts: dict[str, int] = field(default_factory=dict)
    mine: set[str] = field(default_factory=set)
    replies: list[Reply] = field(default_factory=list)


def said_to(ballot_ids: Collection[int], party_id: int, is_member: bool) -> dict[int, Said]:
    """By ballot, what others said to its reason, as far as the viewer may read it; every id is in it."""
    found = {number: Said() for number in ballot_ids}
    if not found:
        return found
    counted = select(ReasonReaction.ballot_id, ReasonReaction.word, func.count(), func.max(_is_mine(party_id)))
    counted = counted.where(ReasonReaction.ballot_id.in_(found)).group_by(ReasonReaction.ballot_id, ReasonReaction.word)
    for number, word, n, mine in db.session.execute(counted):
        found[number].counts[word] = n
        found[number].mine |= {word} if mine else set()
    for number, reply in _replies(found, is_member):
        found[number].replies.append(reply)
    return found


def _is_mine(party_id: int) -> ColumnElement[int]:
    return case((ReasonReaction.party_id == party_id, 1), else_=0)


def _replies(ballot_ids: Collection[int], is_member: bool) -> Sequence[tuple[int, Reply]]:
    query = (
        select(ReasonReply.ballot_id, Party.name, Comment.public_name, Comment.html, Comment.posted_at, Thread.id)
        .add_columns(Comment.number)
        .join(Comment, Comment.id == ReasonReply.comment_id)
        .join(Thread, Thread.id == Comment.thread_id)
        .join(Party, Party.id == Comment.author_id)
        .where(ReasonReply.ballot_id.in_(ballot_ids), Comment.state == "visible", Thread.state == "visible")
        .order_by(Comment.id)
    )
    if not is_member:
        query = query.where(Thread.is_public)
    return [
        (ballot, Reply(name, public, html, at, f"/t/{thread}/c/{number}"))
        for ballot, name, public, html, at, thread, number in db.session.execute(query)
    ]


def reason_of(proposal_id: int, ballot_id: int) -> Vote:
    """The counted ballot with its reason; raises NotFound where there is none."""
    found = votes_where(Ballot.proposal_id == proposal_id, Ballot.id == ballot_id, Ballot.reason != "", counts_now())
    if not found:
        raise NotFound
    return found[0]
