"""What the page of a thread is told: facts of the head and of one page of comments, for members and for the public."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup

from coopgov.core.text import excerpt
from coopgov.core.viewer import Viewer
from coopgov.discussion import rules
from coopgov.discussion.queries import CommentLine, Head, comments_between
from coopgov.infra.i18n import day
from coopgov.infra.i18n import gettext as _
from coopgov.infra.markdown import plain_text
from coopgov.infra.web.pages import Page

OPENING = 1200  # bytes of HTML that are read for the page's description


@dataclass(frozen=True)
class Act:
    """A link beside somebody's words; ``about`` completes it for those who hear links out of their context."""

    label: str
    href: str
    about: str = ""


@dataclass(frozen=True)
class Shown:
    """A comment as the macro ``comment`` of ui.html draws it. ``id`` is its number, which makes its anchor."""

    id: int
    author: str
    initials: str
    at: datetime
    edited_at: datetime | None
    html: Markup
    state: str
    notice: str
    in_reply_to: Markup | None
    is_new: bool
    acts: Sequence[Act]
    author_path: None = None
    vote: None = None


@dataclass
class Branch:
    """A comment of the first level and those below it."""

    first: Shown
    replies: list[Shown] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """How far the viewer has read. ``divider``: number of the comment above which the line stands, 0 for none."""

    unread: int = 0
    first_unread: int = 0
    divider: int = 0
    divider_text: str = ""
    mark: int | None = None  # the comment up to which this page can be marked as read


def page_facts(head: Head, page: Page, viewer: Viewer) -> dict[str, Any]:
    """Everything that templates/discussion/thread.html needs but the form."""
    lines = comments_between(head.id, page.first + 1, page.first + page.size, viewer.is_member)
    branches = _branches(head, lines, page, viewer)
    names = [head.public_name, *(line.public_name for line in lines)]
    return {
        "thread": head,
        "author": shown_name(head.name, head.public_name),
        "opening": Markup(head.html) if head.state == "visible" else None,  # noqa: S704 - cleaned when it was written
        "notice": _notice(head.state, head.hidden_at, head.hidden_reason),
        "description": excerpt(plain_text(head.html[:OPENING])) if head.state == "visible" else "",
        "acts": list(_thread_acts(head, viewer)),
        "branches": branches,
        "page": page,
        "reading": _reading(head, branches, lines, viewer),
        "noindex": any(rules.names_somebody(name) for name in names),
        "may_write": rules.may_write(viewer),
    }


def shown_name(name: str, public_name: str) -> str:
    """The full name where it was asked for, else the public one, else "a member"."""
    return name or public_name or _("a member")


def _branches(head: Head, lines: Sequence[CommentLine], page: Page, viewer: Viewer) -> list[Branch]:
    nested = rules.nest({line.number: line.parent_number for line in lines})
    heads = {number: first for first, below in nested.items() for number in (first, *below)}
    make = _maker(head, heads, page, viewer)
    shown = {line.number: make(line) for line in lines}
    return [Branch(shown[first], [shown[number] for number in below]) for first, below in nested.items()]


def _maker(head: Head, heads: dict[int, int], page: Page, viewer: Viewer) -> Callable[[CommentLine], Shown]:
    moderates = rules.may_moderate(viewer, head.group_id)

    def make(line: CommentLine) -> Shown:
        name = shown_name(line.name, line.public_name)
        answers_head = line.parent_number is None or line.parent_number == heads[line.number]
        return Shown(
            id=line.number,
            author=name,
            initials=_initials(line.name or line.public_name),
            at=line.posted_at,
            edited_at=line.edited_at if line.state == "visible" else None,
            html=Markup(line.html),  # noqa: S704 - cleaned when it was written
            state=line.state,
            notice=_notice(line.state, line.hidden_at, line.hidden_reason),
            in_reply_to=None if answers_head else _answered(head, line),
            is_new=_is_new(head, line, viewer),
            acts=list(_comment_acts(head, line, name, page, viewer, moderates)),
        )

    return make


def _initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "·"


def _answered(head: Head, line: CommentLine) -> Markup:
    name = shown_name(line.parent_name or "", line.parent_public_name or "")
    link = Markup('<a href="/t/{}/c/{}"><bdi>{}</bdi></a>')
    return link.format(head.id, line.parent_number, name)


def _is_new(head: Head, line: CommentLine, viewer: Viewer) -> bool:
    unread = head.read_to is not None and line.number > head.read_to
    return unread and line.state == "visible" and line.author_id != viewer.party_id


def _notice(state: str, hidden_at: datetime | None, reason: str | None) -> str:
    if state == "deleted":
        return _("Deleted by its author.")
    if state == "hidden" and hidden_at:
        return _("Hidden by a convenor on %(day)s: %(reason)s", day=day(hidden_at), reason=reason or "")
    return ""


def _thread_acts(head: Head, viewer: Viewer) -> Iterator[Act]:
    base, own = f"/t/{head.id}", viewer.party_id == head.author_id
    moderates = rules.may_moderate(viewer, head.group_id)
    if rules.may_edit(head.state, head.author_id, viewer):
        yield Act(_("Edit"), f"{base}/edit")
    if head.edited_at and head.state == "visible":
        yield Act(_("Earlier versions"), f"{base}/history")
    if head.state == "hidden" and (own or moderates):
        yield Act(_("Open the hidden words"), f"{base}/history")
    if viewer.is_member and ((head.is_public and (own or moderates)) or (own and not head.is_public)):
        yield Act(_("Make members-only") if head.is_public else _("Make public"), f"{base}/readers")
    yield from _moderation_acts(head.state, base, moderates, "")
    if rules.may_delete(head.state, head.author_id, viewer):
        yield Act(_("Delete"), f"{base}/delete")


def _comment_acts(
    head: Head, line: CommentLine, name: str, page: Page, viewer: Viewer, moderates: bool
) -> Iterator[Act]:
    base, own = f"/c/{line.id}", viewer.party_id == line.author_id
    about = _("comment %(number)s by %(name)s", number=line.number, name=name) if viewer.is_signed_in else ""
    if viewer.is_member and line.state == "visible":
        where = f"{head.path}?page={page.number}&reply={line.number}#reply"
        yield Act(_("Reply"), where, about)
    if rules.may_edit(line.state, line.author_id, viewer):
        yield Act(_("Edit"), f"{base}/edit", about)
    if line.edited_at and line.state == "visible":
        yield Act(_("Earlier versions"), f"{base}/history", about)
    if line.state == "hidden" and (own or moderates):
        yield Act(_("Open the hidden words"), f"{base}/history", about)
    yield from _moderation_acts(line.state, base, moderates, about)
    if rules.may_delete(line.state, line.author_id, viewer):
        yield Act(_("Delete"), f"{base}/delete", about)


def _moderation_acts(state: str, base: str, moderates: bool, about: str) -> Iterator[Act]:
    if moderates and state == "visible":
        yield Act(_("Hide"), f"{base}/hide", about)
    if moderates and state == "hidden":
        yield Act(_("Restore"), f"{base}/restore", about)


def _reading(head: Head, branches: Sequence[Branch], lines: Sequence[CommentLine], viewer: Viewer) -> Reading:
    if not viewer.is_member:
        return Reading()
    last = lines[-1].number if lines else head.comment_count
    mark = last if head.read_to is None or last > head.read_to else None
    if head.read_to is None or head.read_to >= head.comment_count:
        return Reading(mark=mark)
    display = [shown for branch in branches for shown in (branch.first, *branch.replies)]
    new = [shown.is_new for shown in display]
    divider = display[new.index(True)].id if True in new else 0
    all_new_below = divider and all(new[new.index(True) :])
    return Reading(
        unread=head.comment_count - head.read_to,
        first_unread=head.read_to + 1,
        divider=divider,
        divider_text="" if all_new_below else _("First new comment; further ones are marked “New”"),
        mark=mark,
    )
