"""Reads of announcements: which ones stand, over what there is silence, how far they got and what came back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.errors import NotFound
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries.proposals import is_shown_to_all
from coopgov.discussion.models import Thread
from coopgov.federation.models import Activity, Announcement, Delivery, Follower, Reaction, RemoteActor, Silence
from coopgov.federation.rules.announcing import BY_HAND, Post, subject_of
from coopgov.infra.db import db


@dataclass(frozen=True)
class Progress:
    """How many inboxes the newest version of an announcement has reached, has not reached yet, and will not."""

    done: int = 0
    waiting: int = 0
    failed: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """From how many deliveries there are in each state."""
        waiting = counts.get("queued", 0) + counts.get("running", 0)
        return cls(counts.get("done", 0), waiting, counts.get("failed", 0) + counts.get("dropped", 0))

    @property
    def total(self) -> int:
        """How many inboxes it is about."""
        return self.done + self.waiting + self.failed


@dataclass(frozen=True)
class Echo:
    """How many people elsewhere like and share something."""

    likes: int = 0
    shares: int = 0


def announcement_by_id(number: int) -> Announcement:
    """The announcement; raises NotFound."""
    announcement = db.session.get(Announcement, number)
    if announcement is None:
        raise NotFound
    return announcement


def said_post(announcement: Announcement) -> Post:
    """What an announcement says now."""
    a = announcement
    return Post(a.title, a.words, a.path, a.language, tuple((tag, path) for tag, path in a.tags))


def standing(kind: str, subject: str) -> Announcement | None:
    """The announcement of this kind about ``subject`` that has not been withdrawn."""
    return db.session.scalar(select(Announcement).where(Announcement.kind == kind, _stands_about(subject)))


def standing_about(subject: str) -> Sequence[Announcement]:
    """All announcements about ``subject`` that have not been withdrawn, oldest first."""
    return db.session.scalars(select(Announcement).where(_stands_about(subject)).order_by(Announcement.id)).all()


def was_announced(subject: str) -> bool:
    """Whether anything was ever announced about ``subject``, withdrawn or not."""
    return db.session.scalar(select(Announcement.id).where(Announcement.subject == subject).limit(1)) is not None


def may_be_told(announcement: Announcement) -> bool:
    """Whether anybody may read what the announcement is about now: false also in the moment between a thread's going
    private and its announcement's withdrawal, which is a job. Before each sending and showing."""
    return not untellable([announcement.id])


def untellable(numbers: Collection[int]) -> set[int]:
    """Those of the announcements with these ids that may not be told any more; see ``may_be_told``."""
    query = select(Announcement.id, Announcement.kind, Announcement.subject, Announcement.withdrawn_at)
    rows = db.session.execute(query.where(Announcement.id.in_(numbers))).all() if numbers else []
    public = _public_among({row.subject for row in rows})
    return {row.id for row in rows if row.withdrawn_at or (row.kind != BY_HAND and row.subject not in public)}


def _public_among(subjects: Collection[str]) -> set[str]:
    """Those of ``subjects`` that anybody may read."""
    numbers: dict[str, list[int]] = {"thread": [], "proposal": []}
    for kind, _, number in (subject.partition(":") for subject in subjects):
        if kind in numbers:
            numbers[kind].append(int(number))
    threads = select(Thread.id).where(Thread.id.in_(numbers["thread"]), Thread.is_public, Thread.state == "visible")
    proposals = select(Proposal.id).join(Thread, Thread.id == Proposal.thread_id)
    proposals = proposals.where(Proposal.id.in_(numbers["proposal"]), is_shown_to_all())
    return {
        subject_of(kind, number)
        for kind, query in (("thread", threads), ("proposal", proposals))
        if numbers[kind]
        for number in db.session.scalars(query)
    }


def said_by_hand_since(instant: datetime, title: str, words: str) -> Announcement | None:
    """An announcement by hand of just these words that is younger than ``instant`` and stands."""
    query = select(Announcement).where(
        Announcement.kind == BY_HAND, Announcement.published_at > instant, Announcement.withdrawn_at.is_(None)
    )
    return next((said for said in db.session.scalars(query) if (said.title, said.words) == (title, words)), None)


def silence_over(subject: str) -> Silence | None:
    """Who said that nothing is announced about ``subject``, and when; None when nobody did."""
    return db.session.get(Silence, subject)


def progress_of(announcement: Announcement) -> Progress:
    """How far the newest version of the announcement got, or its withdrawal."""
    newest = select(func.max(Activity.id)).where(Activity.announcement_id == announcement.id).scalar_subquery()
    query = select(Delivery.state, func.count()).where(Delivery.activity_id == newest).group_by(Delivery.state)
    return Progress.of({state: number for state, number in db.session.execute(query)})


def echo_of(announcement: Announcement) -> Echo:
    """Likes and shares of one announcement."""
    return _echo(Announcement.id == announcement.id)


def echo_about(subject: str) -> Echo | None:
    """Likes and shares of all that stands about ``subject``; None when nothing does."""
    return _echo(_stands_about(subject)) if standing_about(subject) else None


def audience_of(actor_id: int) -> tuple[int, int]:
    """How many follow the actor, and on how many servers."""
    query = select(func.count(), func.count(RemoteActor.host.distinct())).select_from(Follower)
    row = db.session.execute(
        query.join(RemoteActor, RemoteActor.id == Follower.remote_actor_id).where(Follower.actor_id == actor_id)
    ).one()
    return row[0], row[1]


def _echo(which: ColumnElement[bool]) -> Echo:
    query = select(Reaction.kind, func.count()).join(Announcement, Announcement.id == Reaction.announcement_id)
    counts = {kind: number for kind, number in db.session.execute(query.where(which).group_by(Reaction.kind))}
    return Echo(counts.get("like", 0), counts.get("share", 0))


def _stands_about(subject: str) -> ColumnElement[bool]:
    return (Announcement.subject == subject) & Announcement.withdrawn_at.is_(None)
