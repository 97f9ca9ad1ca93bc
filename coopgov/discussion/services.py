"""Writes of discussion. HTML is made and cleaned here, once; every change of what a page shows counts its version."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from coopgov.core.errors import Refused
from coopgov.core.text import slug_of
from coopgov.discussion import queries, rules
from coopgov.discussion.events import CommentPosted, ThreadOpened, VisibilityChanged, WordsEdited, WordsHidden
from coopgov.discussion.models import Comment, Moderation, ReadMark, Revision, Thread
from coopgov.discussion.rules import Author
from coopgov.groups.models import Group
from coopgov.groups.services import touch_group
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.infra.markdown import to_html
from coopgov.infra.outbox import emit
from coopgov.membership.queries.register import member_names, member_number

SAME_AGAIN = timedelta(minutes=10)  # the same thread by the same author within this time is a double tap


def rendered(source: str, group_slug: str, now: datetime) -> str:
    """``source`` (Markdown) as clean HTML; ``@Name`` of a current member leads to the group's list of people.

    Raises Refused ``text.too_long``, which concerns the field ``text``.
    """
    try:
        return to_html(source, _mentions(source, f"/g/{group_slug}/people", now))
    except Refused as refused:
        refused.field = "text"
        raise


def open_thread(group: Group, author: Author, title: str, source: str, is_public: bool, now: datetime) -> Thread:
    """A new thread; the same one again within ten minutes is the first one.

    Raises Refused ``comment.members_only``, ``text.too_long``.
    """
    writing_session()
    _refuse_non_member(author, now)
    if before := _opened_just_now(group, author, title, source, now):
        return before
    return begin_thread(group, author, title, source, is_public, now)


def begin_thread(group: Group, author: Author, title: str, source: str, is_public: bool, now: datetime) -> Thread:
    """A new thread in the author's name, as the clock opens one; whether they may is not asked.

    Raises Refused ``text.too_long``.
    """
    session = writing_session()
    html = rendered(source, group.slug, now)
    thread = Thread(group_id=group.id, author_id=author.party_id, public_name=author.public_name, title=title)
    thread.source, thread.html, thread.slug, thread.is_public = source, html, slug_of(title), is_public
    thread.opened_at = thread.last_at = now
    session.add(thread)
    session.flush()
    touch_group(group.id)
    mark_read(author.party_id, thread.id, 0, now)
    audit.record(author.party_id, "thread.opened", f"thread:{thread.id}", now, public=is_public)
    emit(ThreadOpened(thread_id=thread.id, group_id=group.id, author_id=author.party_id, is_public=is_public), now)
    return thread


def post_comment(
    thread: Thread, author: Author, source: str, parent_id: int | None, form_key: str, now: datetime
) -> Comment:
    """A new comment with the thread's next number. The author's own ``form_key`` again gives the first comment.

    Raises Refused ``thread.gone``, ``comment.members_only``, ``comment.no_such_parent``, ``text.too_long``.
    """
    session = writing_session()
    _refuse_non_member(author, now)
    key = form_key or None
    if before := queries.comment_with_key(form_key) if key else None:
        if (before.thread_id, before.author_id) == (thread.id, author.party_id):
            return before
        key = None  # somebody else's: no key for this one
    _refuse_bad_place(thread, parent_id)
    comment = Comment(thread_id=thread.id, parent_id=parent_id, form_key=key, posted_at=now, source=source)
    comment.author_id, comment.public_name = author.party_id, author.public_name
    comment.html = rendered(source, session.get_one(Group, thread.group_id).slug, now)
    comment.number = thread.comment_count + 1
    session.add(comment)
    thread.comment_count, thread.last_at = comment.number, now
    session.flush()
    _announce(thread, comment, now)
    return comment


def edit_thread(thread: Thread, title: str, source: str, by_id: int, now: datetime) -> None:
    """New words for the opening post; the earlier ones are kept. Raises Refused ``words.…``, ``text.too_long``."""
    session = writing_session()
    _refuse_editing(thread, by_id)
    if (title, source) == (thread.title, thread.source):
        return
    html = rendered(source, session.get_one(Group, thread.group_id).slug, now)
    _keep_version(thread, None, now)
    thread.title, thread.slug, thread.source, thread.html, thread.edited_at = title, slug_of(title), source, html, now
    _changed(thread)
    audit.record(by_id, "thread.edited", f"thread:{thread.id}", now)
    emit(WordsEdited(thread_id=thread.id, comment_id=None, author_id=by_id), now)


def edit_comment(thread: Thread, comment: Comment, source: str, by_id: int, now: datetime) -> None:
    """New words for a comment; the earlier ones are kept. Raises Refused ``words.…``, ``text.too_long``."""
    session = writing_session()
    _refuse_editing(comment, by_id)
    if source == comment.source:
        return
    html = rendered(source, session.get_one(Group, thread.group_id).slug, now)
    _keep_version(thread, comment, now)
    comment.source, comment.html, comment.edited_at = source, html, now
    _changed(thread)
    audit.record(by_id, "comment.edited", f"comment:{comment.id}", now)
    emit(WordsEdited(thread_id=thread.id, comment_id=comment.id, author_id=by_id), now)


def change_visibility(thread: Thread, to_public: bool, by_id: int, moderates: bool, now: datetime) -> None:
    """Makes the thread public or members-only. Raises Refused as ``rules.refuse_visibility``."""
    writing_session()
    others = queries.others_wrote(thread.id, thread.author_id)
    rules.refuse_visibility(to_public, by_id == thread.author_id, moderates, others)
    if thread.is_public == to_public:
        return
    thread.is_public = to_public
    _changed(thread)
    audit.record(by_id, "thread.visibility", f"thread:{thread.id}", now, public=to_public)
    emit(VisibilityChanged(thread_id=thread.id, is_public=to_public, by_id=by_id), now)


def delete_words(thread: Thread, comment: Comment | None, by_id: int, now: datetime) -> None:
    """Takes the author's words away for everybody; their place in the thread stays.

    A thread goes as a whole, title and comments too, and only while nobody else has written in it. Raises Refused
    ``words.not_yours``, ``thread.answered``.
    """
    writing_session()
    post = comment or thread
    if post.author_id != by_id:
        raise Refused("words.not_yours")
    if comment is None and queries.others_wrote(thread.id, by_id):
        raise Refused("thread.answered")
    if post.state == "deleted":
        return
    _erase(thread, comment)
    _after_act(thread, comment, "delete", by_id, now)


def _erase(thread: Thread, comment: Comment | None) -> None:
    """Words and earlier versions, of one comment or of the whole thread, are no longer anywhere."""
    session, none_left = writing_session(), {"state": "deleted", "source": "", "html": ""}
    if comment is not None:
        session.execute(update(Comment).where(Comment.id == comment.id).values(none_left))
        session.execute(delete(Revision).where(Revision.comment_id == comment.id))
        return
    session.execute(update(Thread).where(Thread.id == thread.id).values(none_left | {"title": "", "slug": ""}))
    session.execute(update(Comment).where(Comment.thread_id == thread.id).values(none_left))
    session.execute(delete(Revision).where(Revision.thread_id == thread.id))


def hide_words(thread: Thread, comment: Comment | None, by_id: int, reason: str, now: datetime) -> None:
    """A moderator takes words out of sight, with a reason in the public log. Raises Refused ``words.not_visible``."""
    _turn(comment or thread, "visible", "hidden", "words.not_visible")
    _log(thread, comment, "hide", by_id, reason, now)


def restore_words(thread: Thread, comment: Comment | None, by_id: int, reason: str, now: datetime) -> None:
    """A moderator brings hidden words back, with a reason in the public log. Raises Refused ``words.not_hidden``."""
    _turn(comment or thread, "hidden", "visible", "words.not_hidden")
    _log(thread, comment, "restore", by_id, reason, now)


def _turn(post: Thread | Comment, before: str, after: str, refusal: str) -> None:
    writing_session()
    if post.state != before:
        raise Refused(refusal)
    post.state = after


def mark_read(party_id: int, thread_id: int, number: int, now: datetime) -> None:
    """The party has read the thread up to comment ``number``; a mark never goes back or beyond what there is.

    A private aid, not an act in the co-op: no audit row, no event.
    """
    session = writing_session()
    there = session.get_one(Thread, thread_id).comment_count
    number = min(max(number, 0), there)
    mark = queries.read_mark(party_id, thread_id)
    if mark is None:
        session.add(ReadMark(party_id=party_id, thread_id=thread_id, number=number, at=now))
    elif number > mark.number:
        mark.number, mark.at = number, now
    session.flush()


def touch_thread(thread_id: int, now: datetime) -> None:
    """Something happened in the thread that its page and its group's page show, such as a proposal."""
    session = writing_session()
    values = {"version": Thread.version + 1, "last_at": now}
    session.execute(update(Thread).where(Thread.id == thread_id).values(values))
    touch_group(session.get_one(Thread, thread_id).group_id)


def _mentions(source: str, path: str, now: datetime) -> Mapping[str, str]:
    return {name: path for _, name in member_names(now)} if "@" in source else {}


def _opened_just_now(group: Group, author: Author, title: str, source: str, now: datetime) -> Thread | None:
    query = select(Thread).where(
        Thread.group_id == group.id,
        Thread.author_id == author.party_id,
        Thread.title == title,
        Thread.opened_at > now - SAME_AGAIN,
        Thread.state == "visible",
    )
    return next((thread for thread in writing_session().scalars(query) if thread.source == source), None)


def _announce(thread: Thread, comment: Comment, now: datetime) -> None:
    _changed(thread)
    mark = queries.read_mark(comment.author_id, thread.id)
    if mark and mark.number == comment.number - 1:  # had read everything before it
        mark_read(comment.author_id, thread.id, comment.number, now)
    audit.record(comment.author_id, "comment.posted", f"comment:{comment.id}", now, thread=thread.id)
    event = CommentPosted(
        comment_id=comment.id, thread_id=thread.id, author_id=comment.author_id, parent_id=comment.parent_id
    )
    emit(event, now)


def _keep_version(thread: Thread, comment: Comment | None, now: datetime) -> None:
    post = comment or thread
    revision = Revision(thread_id=thread.id, source=post.source, html=post.html, replaced_at=now)
    revision.comment_id = comment.id if comment else None
    revision.title = "" if comment else thread.title
    writing_session().add(revision)


def _log(thread: Thread, comment: Comment | None, act: str, by_id: int, reason: str, now: datetime) -> None:
    entry = Moderation(thread_id=thread.id, moderator_id=by_id, act=act, reason=reason, at=now)
    entry.comment_id = comment.id if comment else None
    writing_session().add(entry)
    _after_act(thread, comment, act, by_id, now)


def _after_act(thread: Thread, comment: Comment | None, act: str, by_id: int, now: datetime) -> None:
    _changed(thread)
    subject = f"comment:{comment.id}" if comment else f"thread:{thread.id}"
    audit.record(by_id, f"words.{act}", subject, now, thread=thread.id)
    comment_id = comment.id if comment else None
    emit(WordsHidden(thread_id=thread.id, comment_id=comment_id, act=act, by_id=by_id), now)


def _changed(thread: Thread) -> None:
    thread.version += 1
    writing_session().flush()
    touch_group(thread.group_id)


def _refuse_non_member(author: Author, now: datetime) -> None:
    if member_number(author.party_id, now) is None:
        raise Refused("comment.members_only")


def _refuse_bad_place(thread: Thread, parent_id: int | None) -> None:
    if thread.state == "deleted":
        raise Refused("thread.gone")
    parent = writing_session().get(Comment, parent_id) if parent_id is not None else None
    if parent_id is not None and (parent is None or parent.thread_id != thread.id):
        raise Refused("comment.no_such_parent")


def _refuse_editing(post: Thread | Comment, by_id: int) -> None:
    if post.author_id != by_id:
        raise Refused("words.not_yours")
    if post.state != "visible":
        raise Refused("words.not_visible")
