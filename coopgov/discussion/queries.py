"""Reads of discussion. Lists select the columns that a page shows; only what is going to be changed comes as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, literal, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import BindParameter, ColumnElement

from coopgov.core.errors import NotFound
from coopgov.core.viewer import NOBODY, Viewer
from coopgov.discussion.models import Comment, Moderation, ReadMark, Revision, Thread
from coopgov.discussion.rules import may_open, may_read
from coopgov.groups.models import Group
from coopgov.identity.models import Party
from coopgov.infra.db import db
from coopgov.infra.markdown import mentioned
from coopgov.membership.queries.register import member_names

Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Head:
    """What the top of a thread's page shows; ``name`` and ``read_to`` (the viewer's mark) for members only."""

    id: int
    version: int
    group_id: int
    group_slug: str
    group_name: str
    author_id: int
    public_name: str
    title: str
    slug: str
    html: str
    is_public: bool
    state: str
    opened_at: datetime
    edited_at: datetime | None
    comment_count: int
    hidden_at: datetime | None
    hidden_reason: str | None
    name: str
    read_to: int | None

    @property
    def path(self) -> str:
        """The thread's address; without its title while that is hidden."""
        return f"/t/{self.id}-{self.slug}" if self.slug and self.state == "visible" else f"/t/{self.id}"

    @property
    def stamp(self) -> tuple[int, int, str, str]:
        """Changes whenever the public's page would."""
        return self.id, self.version, self.group_slug, self.group_name


@dataclass(frozen=True)
class CommentLine:
    """A comment as its page shows it; names are empty unless asked for."""

    id: int
    number: int
    author_id: int
    public_name: str
    html: str
    state: str
    posted_at: datetime
    edited_at: datetime | None
    parent_number: int | None
    parent_public_name: str | None
    hidden_at: datetime | None
    hidden_reason: str | None
    name: str
    parent_name: str | None


@dataclass(frozen=True)
class ThreadLine:
    """A thread in a list. ``read_to`` is the viewer's mark, None without one."""

    id: int
    title: str
    slug: str
    group_id: int
    group_name: str
    group_slug: str
    public_name: str
    name: str
    is_public: bool
    state: str
    opened_at: datetime
    last_at: datetime
    comment_count: int
    read_to: int | None

    @property
    def path(self) -> str:
        """The thread's address within the site."""
        return f"/t/{self.id}-{self.slug}" if self.slug else f"/t/{self.id}"


@dataclass(frozen=True)
class Words:
    """Somebody's words that can be edited, hidden and deleted: a thread's opening post, or a comment in it."""

    thread: Thread
    comment: Comment | None

    @property
    def post(self) -> Thread | Comment:
        """The row that holds the words."""
        return self.comment or self.thread

    @property
    def written_at(self) -> datetime:
        """When they were first written."""
        return self.comment.posted_at if self.comment else self.thread.opened_at

    @property
    def base(self) -> str:
        """Where their acts live: ``/c/7``, ``/t/3``."""
        return f"/c/{self.comment.id}" if self.comment else f"/t/{self.thread.id}"

    @property
    def path(self) -> str:
        """Where they are read."""
        return f"/t/{self.thread.id}/c/{self.comment.number}" if self.comment else f"/t/{self.thread.id}"


@dataclass(frozen=True)
class Version:
    """Words as they stood from ``at`` on, with those before them; both empty before version 1."""

    number: int
    at: datetime
    title: str
    source: str
    title_before: str
    source_before: str


@dataclass(frozen=True)
class LogLine:
    """One entry of the moderation log; ``title`` is empty while it may not be shown."""

    at: datetime
    act: str
    reason: str
    thread_id: int
    title: str
    thread_state: str
    is_public: bool
    group_name: str
    comment_number: int | None


def visible_thread(thread_id: int, viewer: Viewer) -> Thread:
    """The thread; raises NotFound when it does not exist for the viewer."""
    thread = db.session.get(Thread, thread_id)
    if thread is None or not may_read(thread.is_public, thread.state, viewer):
        raise NotFound
    return thread


def visible_words(kind: str, words_id: int, viewer: Viewer) -> Words:
    """The opening post of thread ``words_id`` (kind ``t``) or the comment with that id (``c``); raises NotFound.

    Deleted words exist for nobody, hidden ones for their author and moderators.
    """
    comment = db.session.get(Comment, words_id) if kind == "c" else None
    if kind == "c" and comment is None:
        raise NotFound
    thread = visible_thread(comment.thread_id if comment else words_id, viewer)
    words = Words(thread, comment)
    if not may_open(words.post.state, words.post.author_id, viewer, thread.group_id):
        raise NotFound
    return words


def head(thread_id: int, viewer: Viewer) -> Head:
    """The top of the thread's page, in one statement; raises NotFound when it does not exist for the viewer."""
    row = db.session.execute(_head(viewer.is_member), {"thread": thread_id, "reader": viewer.party_id}).first()
    if row is None or not may_read(row.is_public, row.state, viewer):
        raise NotFound
    return Head(*row)


def thread_stamp(thread_id: int) -> tuple[int, int, str, str] | None:
    """Changes whenever the public's page of the thread would; None when the public has none. One statement."""
    query = select(Thread.id, Thread.version, Group.slug, Group.name).join(Group, Group.id == Thread.group_id)
    row = db.session.execute(query.where(Thread.id == thread_id, Thread.is_public, Thread.state != "deleted")).first()
    return None if row is None else (row[0], row[1], row[2], row[3])


def comments_between(thread_id: int, first: int, last: int, with_names: bool) -> Sequence[CommentLine]:
    """Comments ``first`` to ``last`` of a thread (both included, by number), oldest first, in one statement."""
    which = {"thread": thread_id, "first": first, "last": last}
    return [CommentLine(*row) for row in db.session.execute(_comments(with_names), which)]


def comment_at(thread_id: int, number: int) -> Comment | None:
    """The comment with ``number`` in the thread."""
    return db.session.scalar(select(Comment).where(Comment.thread_id == thread_id, Comment.number == number))


def comment_with_key(form_key: str) -> Comment | None:
    """The comment that a form with this key made already."""
    return db.session.scalar(select(Comment).where(Comment.form_key == form_key))


def others_wrote(thread_id: int, author_id: int) -> bool:
    """True when somebody else than ``author_id`` has commented in the thread, deleted comments included."""
    query = select(Comment.id).where(Comment.thread_id == thread_id, Comment.author_id != author_id).limit(1)
    return db.session.scalar(query) is not None


def participants(thread_id: int) -> set[int]:
    """Party ids of the thread's author and of everybody with a comment in it that is not deleted."""
    commenters = select(Comment.author_id).where(Comment.thread_id == thread_id, Comment.state != "deleted")
    return set(db.session.scalars(select(Thread.author_id).where(Thread.id == thread_id).union(commenters)))


def threads_of(group_id: int, viewer: Viewer, limit: int, offset: int = 0) -> Sequence[ThreadLine]:
    """Visible threads of the group that the viewer may read, the last active first."""
    query = _thread_lines(viewer.is_member).where(Thread.group_id == group_id, _readable(viewer))
    return _lines(query.limit(limit).offset(offset), viewer)


def thread_count(group_id: int, viewer: Viewer) -> int:
    """How many threads ``threads_of`` has without limit."""
    query = select(func.count()).select_from(Thread).where(Thread.group_id == group_id, _readable(viewer))
    return db.session.scalar(query) or 0


def public_threads_latest(limit: int) -> Sequence[ThreadLine]:
    """Public threads of all groups, the last active first."""
    return _lines(_thread_lines(is_member=False).where(_readable(NOBODY)).limit(limit), NOBODY)


def last_activity(viewer: Viewer) -> dict[int, datetime]:
    """Group id → when something was last written in a thread of it that the viewer may read."""
    query = select(Thread.group_id, func.max(Thread.last_at)).where(_readable(viewer)).group_by(Thread.group_id)
    return dict(db.session.execute(query).all())


def read_mark(party_id: int, thread_id: int) -> ReadMark | None:
    """How far the party has read the thread; None: never opened."""
    return db.session.get(ReadMark, (party_id, thread_id))


def revision_count(words: Words) -> int:
    """How many earlier versions there are."""
    return db.session.scalar(select(func.count()).select_from(Revision).where(*_revisions_of(words))) or 0


def versions(words: Words, total: int, limit: int, offset: int = 0) -> list[Version]:
    """Versions of the words, newest first; ``total`` is their number, ``revision_count`` and the present one."""
    # A version's time is when the one before it was replaced, so one more row is read than is shown.
    query = select(Revision.title, Revision.source, Revision.replaced_at).where(*_revisions_of(words))
    kept = query.order_by(Revision.id.desc()).limit(limit + 1).offset(max(offset - 1, 0))
    texts = [(title, source, at) for title, source, at in db.session.execute(kept)]
    if offset == 0:
        title = "" if words.comment else words.thread.title
        texts.insert(0, (title, words.post.source, words.written_at))
    first = ("", "", words.written_at)
    pairs = zip(texts, [*texts[1:], first], strict=True)
    return [
        Version(total - offset - index, before[2], this[0], this[1], before[0], before[1])
        for index, (this, before) in enumerate(pairs)
    ][:limit]


def log_stamp() -> tuple[int, int]:
    """Changes whenever the moderation log, or a thread in it, does."""
    query = select(func.count(), func.sum(Thread.version)).select_from(Moderation)
    number, versions = db.session.execute(query.join(Thread, Thread.id == Moderation.thread_id)).one()
    return number, versions or 0


def log_size(viewer: Viewer) -> int:
    """How many entries of the moderation log the viewer may read."""
    query = select(func.count()).select_from(Moderation).join(Thread, Thread.id == Moderation.thread_id)
    return db.session.scalar(query.where(_public_or_member(viewer))) or 0


def moderation_log(viewer: Viewer, limit: int, offset: int = 0) -> Sequence[LogLine]:
    """Acts of moderators that the viewer may know of, newest first, without the words they concern."""
    query = (
        select(
            *(Moderation.at, Moderation.act, Moderation.reason, Thread.id, Thread.title, Thread.state),
            *(Thread.is_public, Group.name, Comment.number),
        )
        .join(Thread, Thread.id == Moderation.thread_id)
        .join(Group, Group.id == Thread.group_id)
        .outerjoin(Comment, Comment.id == Moderation.comment_id)
        .where(_public_or_member(viewer))
        .order_by(Moderation.id.desc())
        .limit(limit)
        .offset(offset)
    )
    rows = db.session.execute(query).all()
    return [LogLine(*row[:4], row[4] if row[5] == "visible" else "", *row[5:]) for row in rows]


def mentioned_in_comment(comment_id: int) -> set[int]:
    """Party ids of the members whom the comment mentions."""
    row = db.session.execute(select(Comment.source, Comment.posted_at).where(Comment.id == comment_id)).first()
    return _mentioned(row[0], row[1]) if row else set()


def mentioned_in_thread(thread_id: int) -> set[int]:
    """Party ids of the members whom the thread's opening post mentions."""
    row = db.session.execute(select(Thread.source, Thread.opened_at).where(Thread.id == thread_id)).first()
    return _mentioned(row[0], row[1]) if row else set()


def _mentioned(source: str, at: datetime) -> set[int]:
    if "@" not in source:
        return set()
    members = member_names(at)
    named = mentioned(source, {name for _, name in members})
    return {party_id for party_id, name in members if name in named}


# The statements below are built once: building them anew took a third of the time of a public page.


@cache
def _head(is_member: bool) -> Rows:
    """The top of the page of ``:thread``."""
    hide = aliased(Moderation)
    last_hide = _last_hide(Moderation.comment_id.is_(None), Moderation.thread_id == Thread.id)
    query: Rows = (
        select(
            *(Thread.id, Thread.version, Thread.group_id, Group.slug, Group.name, Thread.author_id),
            *(Thread.public_name, Thread.title, Thread.slug, Thread.html, Thread.is_public, Thread.state),
            *(Thread.opened_at, Thread.edited_at, Thread.comment_count, hide.at, hide.reason),
            *_readers_columns(is_member),
        )
        .join(Group, Group.id == Thread.group_id)
        .outerjoin(hide, and_(Thread.state == "hidden", hide.id == last_hide.correlate(Thread).scalar_subquery()))
        .where(Thread.id == bindparam("thread"))
    )
    return _with_reader(query, is_member)


@cache
def _comments(with_names: bool) -> Rows:
    """Comments ``:first`` to ``:last`` of ``:thread``."""
    thread: BindParameter[Any] = bindparam("thread")
    parent, hide = aliased(Comment), aliased(Moderation)
    hides = _last_hide(Moderation.thread_id == thread, Moderation.comment_id.is_not(None))
    last_hides = hides.add_columns(Moderation.comment_id).group_by(Moderation.comment_id).subquery()
    party, parent_party = aliased(Party), aliased(Party)
    query: Rows = (
        select(
            *(Comment.id, Comment.number, Comment.author_id, Comment.public_name, Comment.html, Comment.state),
            *(Comment.posted_at, Comment.edited_at, parent.number, parent.public_name, hide.at, hide.reason),
            *((party.name, parent_party.name) if with_names else (literal(""), literal(""))),
        )
        .outerjoin(parent, parent.id == Comment.parent_id)
        .outerjoin(last_hides, and_(Comment.state == "hidden", last_hides.c.comment_id == Comment.id))
        .outerjoin(hide, hide.id == last_hides.c.last)
        .where(Comment.thread_id == thread, Comment.number.between(bindparam("first"), bindparam("last")))
        .order_by(Comment.number)
    )
    if with_names:
        query = query.join(party, party.id == Comment.author_id)
        query = query.outerjoin(parent_party, parent_party.id == parent.author_id)
    return query


def _last_hide(*conditions: ColumnElement[bool]) -> Rows:
    return select(func.max(Moderation.id).label("last")).where(Moderation.act == "hide", *conditions)


def _readers_columns(is_member: bool) -> tuple[Any, Any]:
    """The author's current name and the viewer's own mark, which only members get."""
    return (Party.name, ReadMark.number) if is_member else (literal(""), literal(None))


def _with_reader(query: Rows, is_member: bool) -> Rows:
    """``query`` joined with what ``_readers_columns`` names, for ``:reader``."""
    if not is_member:
        return query
    own = and_(ReadMark.thread_id == Thread.id, ReadMark.party_id == bindparam("reader"))
    return query.join(Party, Party.id == Thread.author_id).outerjoin(ReadMark, own)


@cache
def _thread_lines(is_member: bool) -> Rows:
    """Threads, the last active first."""
    name, mark = _readers_columns(is_member)
    query: Rows = (
        select(
            *(Thread.id, Thread.title, Thread.slug, Thread.group_id, Group.name, Group.slug, Thread.public_name),
            *(name, Thread.is_public, Thread.state, Thread.opened_at, Thread.last_at, Thread.comment_count, mark),
        )
        .join(Group, Group.id == Thread.group_id)
        .order_by(Thread.last_at.desc(), Thread.id.desc())
    )
    return _with_reader(query, is_member)


def _lines(query: Rows, viewer: Viewer) -> Sequence[ThreadLine]:
    return [ThreadLine(*row) for row in db.session.execute(query, {"reader": viewer.party_id})]


def _public_or_member(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.is_member else Thread.is_public.is_(True)


def _readable(viewer: Viewer) -> ColumnElement[bool]:
    return and_(Thread.state == "visible", _public_or_member(viewer))


def _revisions_of(words: Words) -> tuple[ColumnElement[bool], ...]:
    comment_id = words.comment.id if words.comment else None
    return Revision.thread_id == words.thread.id, Revision.comment_id == comment_id
