"""Pages of discussion: threads, comments, who reads them, moderation. ``/t/7`` is a thread, ``/c/9`` a comment."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.core.viewer import NOBODY, Viewer
from coopgov.discussion import queries, rules, services, thread_feed
from coopgov.discussion.diff import changes
from coopgov.discussion.forms import CommentForm, PostForm, ReadersForm, ReadForm, ReasonForm, TextForm, ThreadForm
from coopgov.discussion.models import Thread
from coopgov.discussion.queries import Head, Words
from coopgov.discussion.thread_page import page_facts, shown_name
from coopgov.groups.models import Group
from coopgov.groups.queries import group_by_id, group_by_slug
from coopgov.infra.db import write_transaction
from coopgov.infra.feeds import ATOM_TYPE, JSON_TYPE, atom, json_feed
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import short_time
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import MEMBER, PUBLIC, SIGNED_IN, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import Page, paged, public_page, show, show_to_all
from coopgov.infra.web.panels import Panel, panel_stamps, panels
from coopgov.infra.web.previews import Draft, previews
from coopgov.infra.web.said import Sayings, go

THREADS_ON_GROUP = 8  # newest threads on a group's page
THREADS_PER_PAGE = 30
VERSIONS_PER_PAGE = 10
LOG_PER_PAGE = 50

bp = Blueprint("discussion", __name__)
SAYINGS: Sayings = {
    "thread-opened": N_("Your discussion has begun."),
    "thread-deleted": N_("The discussion is deleted."),
    "thread-public": N_("Anybody can read this discussion now."),
    "thread-members": N_("Only members can read this discussion now."),
    "thread-read": N_("Marked as read."),
    "comment-posted": N_("Your comment is posted."),
    "words-edited": N_("Your changes are saved. Earlier versions can still be read."),
    "words-deleted": N_("Your words are deleted."),
    "words-hidden": N_("The words are hidden, and the reason stands in the moderation log."),
    "words-restored": N_("The words can be read again, and the reason stands in the moderation log."),
}


@bp.get("/g/<slug>/threads")
@allow(PUBLIC)
def threads(slug: str) -> Response:
    group = group_by_slug(slug)
    return show_to_all("discussion/threads.html", (group.id, group.version), lambda: _list_facts(group))


def _list_facts(group: Group) -> dict[str, Any]:
    viewer = current_viewer()
    page = paged(queries.thread_count(group.id, viewer), THREADS_PER_PAGE)
    lines = queries.threads_of(group.id, viewer, page.size, page.first)
    return {"group": group, "threads": lines, "page": page, "may_write": rules.may_write(viewer)}


@bp.get("/g/<slug>/threads/new")
@allow(MEMBER)
def compose(slug: str) -> Response:
    return show("discussion/compose.html", form=ThreadForm(), group=group_by_slug(slug))


@bp.post("/g/<slug>/threads/new")
@allow(MEMBER, rerenders=True)
def open_thread(slug: str) -> AnyResponse:
    form, group = ThreadForm(), group_by_slug(slug)
    if "preview" in request.form:
        return _preview("discussion/compose.html", form, slug, group=group, also=lambda html: _told(form, group, html))
    if not form.validate():
        return show("discussion/compose.html", 422, form=form, group=group)
    try:
        with write_transaction():
            path = _opened(group, form).path
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return show("discussion/compose.html", status_of(refused), form=form, group=group)
    return go(path, said="thread-opened")


def _told(form: ThreadForm, group: Group, html: str) -> list[Markup]:
    """What else a new discussion will bring about, to be seen before."""
    return previews(Draft("thread", group.id, form.title.data or "", html, form.readers.data == "public"))


def _opened(group: Group, form: ThreadForm) -> Thread:
    author, is_public = rules.author_of(current_viewer()), form.readers.data == "public"
    return services.open_thread(group, author, form.title.data or "", form.text.data or "", is_public, received_at())


@bp.get("/t/<int:thread_id>", defaults={"slug": ""})
@bp.get("/t/<int:thread_id>-<slug>")
@allow(PUBLIC)
def thread(thread_id: int, slug: str) -> AnyResponse:
    viewer = current_viewer()
    head = queries.head(thread_id, viewer)
    if head.state == "visible" and slug != head.slug:
        query = request.query_string.decode()
        return redirect(f"{head.path}?{query}" if query else head.path, 301)
    stamp = (head.stamp, panel_stamps("thread.head", head.id), panel_stamps("thread.side", head.id))
    return show_to_all("discussion/thread.html", stamp, lambda: _thread_facts(head, viewer))


def _thread_facts(head: Head, viewer: Viewer) -> dict[str, Any]:
    facts = page_facts(head, paged(head.comment_count, rules.PER_PAGE), viewer)
    reply = request.args.get("reply", 0, type=int)
    named = {one.id: one.author for branch in facts["branches"] for one in (branch.first, *branch.replies)}
    form = CommentForm(data={"parent": reply if reply in named else None}) if rules.may_write(viewer) else None
    return {**facts, "form": form, "answered": named.get(reply, ""), "page_url": site_url() + head.path}


@bp.get("/t/<int:thread_id>.atom", defaults={"slug": ""})
@bp.get("/t/<int:thread_id>-<slug>.atom")
@allow(PUBLIC)
def thread_atom(thread_id: int, slug: str) -> Response:  # noqa: ARG001 - any slug will do
    def render(head: Head, base: str) -> bytes:
        address = f"{base}{head.path}.atom"
        return atom(
            thread_feed.title_of(head), base + head.path, address, head.opened_at, thread_feed.entries(head, base)
        )

    return _feed(thread_id, render, ATOM_TYPE)


@bp.get("/t/<int:thread_id>.json", defaults={"slug": ""})
@bp.get("/t/<int:thread_id>-<slug>.json")
@allow(PUBLIC)
def thread_json(thread_id: int, slug: str) -> Response:  # noqa: ARG001 - any slug will do
    def render(head: Head, base: str) -> bytes:
        address = f"{base}{head.path}.json"
        return json_feed(thread_feed.title_of(head), base + head.path, address, thread_feed.entries(head, base))

    return _feed(thread_id, render, JSON_TYPE)


def _feed(thread_id: int, render: Callable[[Head, str], bytes], mimetype: str) -> Response:
    head = queries.head(thread_id, NOBODY)
    response = public_page(head.stamp, lambda: render(head, site_url()), mimetype)
    response.headers["X-Robots-Tag"] = "noindex"  # names are in it
    return response


@bp.get("/t/<int:thread_id>/c/<int:number>")
@allow(PUBLIC)
def permalink(thread_id: int, number: int) -> AnyResponse:
    head = queries.head(thread_id, current_viewer())
    if not 0 < number <= head.comment_count:
        raise NotFound
    return redirect(f"{head.path}?page={rules.page_of(number)}#c-{number}", 302)


@bp.post("/t/<int:thread_id>/comments")
@allow(MEMBER, rerenders=True)
def comment(thread_id: int) -> AnyResponse:
    form, thread = CommentForm(), queries.visible_thread(thread_id, current_viewer())
    if not form.validate():
        return show("discussion/comment.html", 422, form=form, **_comment_facts(thread, form))
    try:
        with write_transaction():
            number = _posted(thread, form)
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return show("discussion/comment.html", status_of(refused), form=form, **_comment_facts(thread, form))
    return go(f"{thread.path}?page={rules.page_of(number)}", said="comment-posted", anchor=f"c-{number}")


def _posted(thread: Thread, form: CommentForm) -> int:
    number = _answered(thread, form)
    parent = queries.comment_at(thread.id, number) if number else None
    if form.parent.data and parent is None:
        raise Refused("comment.no_such_parent")
    author = rules.author_of(current_viewer())
    parent_id = parent.id if parent else None
    return services.post_comment(
        thread, author, form.text.data or "", parent_id, form.form_key.data or "", received_at()
    ).number


def _answered(thread: Thread, form: CommentForm) -> int:
    """The number of the comment that is answered; 0 for none, and for one that the thread cannot have."""
    number = form.parent.data or 0
    return number if 0 < number <= thread.comment_count else 0


@bp.post("/t/<int:thread_id>/preview")
@allow(MEMBER, rerenders=True)
def preview_comment(thread_id: int) -> Response:
    form, thread = CommentForm(), queries.visible_thread(thread_id, current_viewer())
    slug = group_by_id(thread.group_id).slug
    return _preview("discussion/comment.html", form, slug, **_comment_facts(thread, form))


def _comment_facts(thread: Thread, form: CommentForm) -> dict[str, Any]:
    """The thread and the comment that is answered, for the form on a page of its own."""
    number = _answered(thread, form)
    found = queries.comments_between(thread.id, number, number, with_names=True)
    line = found[0] if found else None
    return {
        "thread": thread,
        "group": group_by_id(thread.group_id),
        "answered": shown_name(line.name, line.public_name) if line else "",
        "answered_html": Markup(line.html) if line and line.state == "visible" else "",  # noqa: S704 - cleaned
        "page_number": rules.page_of(number or thread.comment_count),
    }


@bp.post("/t/<int:thread_id>/read")
@allow(MEMBER)
def read(thread_id: int) -> AnyResponse:
    viewer, form = current_viewer(), ReadForm()
    thread = queries.visible_thread(thread_id, viewer)
    number = (form.number.data or 0) if form.validate() else 0
    with write_transaction():
        services.mark_read(viewer.party_id, thread_id, number, received_at())
    if request.headers.get("HX-Request"):
        return show("discussion/_read.html")
    return go(f"{thread.path}?page={rules.page_of(number)}", said="thread-read", anchor="reply")


@bp.get("/t/<int:words_id>/edit")
@allow(MEMBER)
def edit_thread(words_id: int) -> Response:
    words = _own_words("t", words_id)
    form = PostForm({"title": words.thread.title, "text": words.thread.source})
    return show("discussion/edit.html", form=form, **_words_facts(words))


@bp.post("/t/<int:words_id>/edit")
@allow(MEMBER, rerenders=True)
def save_thread(words_id: int) -> AnyResponse:
    form, words = PostForm(), _own_words("t", words_id)

    def save(by_id: int, now: datetime) -> None:
        services.edit_thread(words.thread, form.title.data or "", form.text.data or "", by_id, now)

    return _save(form, words, save)


@bp.get("/c/<int:words_id>/edit")
@allow(MEMBER)
def edit_comment(words_id: int) -> Response:
    words = _own_words("c", words_id)
    return show("discussion/edit.html", form=TextForm({"text": words.post.source}), **_words_facts(words))


@bp.post("/c/<int:words_id>/edit")
@allow(MEMBER, rerenders=True)
def save_comment(words_id: int) -> AnyResponse:
    form, words = TextForm(), _own_words("c", words_id)

    def save(by_id: int, now: datetime) -> None:
        assert words.comment is not None
        services.edit_comment(words.thread, words.comment, form.text.data or "", by_id, now)

    return _save(form, words, save)


def _save(form: PostForm | TextForm, words: Words, save: Callable[[int, datetime], None]) -> AnyResponse:
    facts = _words_facts(words)
    if "preview" in request.form:
        return _preview("discussion/edit.html", form, facts["group"].slug, **facts)
    if not form.validate():
        return show("discussion/edit.html", 422, form=form, **facts)
    try:
        with write_transaction():
            save(current_viewer().party_id, received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return show("discussion/edit.html", status_of(refused), form=form, **facts)
    return go(_read_at(words), said="words-edited", anchor=_anchor(words))


@bp.get("/<any(t,c):kind>/<int:words_id>/history")
@allow(PUBLIC)
def history(kind: str, words_id: int) -> Response:
    words = queries.visible_words(kind, words_id, current_viewer())
    return show_to_all("discussion/history.html", words.thread.version, lambda: _history_facts(words))


def _history_facts(words: Words) -> dict[str, Any]:
    page = paged(queries.revision_count(words) + 1, VERSIONS_PER_PAGE)
    return {**_words_facts(words), "versions": _compared(words, page), "page": page, "post": words.post}


def _compared(words: Words, page: Page) -> list[dict[str, Any]]:
    return [
        {
            "version": version,
            "title": changes(version.title_before, version.title),
            "text": changes(version.source_before, version.source),
        }
        for version in queries.versions(words, page.total, page.size, page.first)
    ]


def _words_facts(words: Words) -> dict[str, Any]:
    return {"words": words, "thread": words.thread, "group": group_by_id(words.thread.group_id)}


def _own_words(kind: str, words_id: int) -> Words:
    """Words that the viewer may edit; raises NotFound, or Refused ``words.…``."""
    viewer = current_viewer()
    words = queries.visible_words(kind, words_id, viewer)
    if words.post.author_id != viewer.party_id:
        raise Refused("words.not_yours")
    if not rules.may_edit(words.post.state, words.post.author_id, viewer):
        raise Refused("words.not_visible")
    return words


@bp.get("/<any(t,c):kind>/<int:words_id>/delete")
@allow(SIGNED_IN)
def ask_delete(kind: str, words_id: int) -> Response:
    return show("discussion/delete.html", **_words_facts(_deletable(kind, words_id)))


@bp.post("/<any(t,c):kind>/<int:words_id>/delete")
@allow(SIGNED_IN)
def delete(kind: str, words_id: int) -> AnyResponse:
    with write_transaction():  # from the question on whether it may go: a proposal might begin in between
        words = _deletable(kind, words_id)
        services.delete_words(words.thread, words.comment, current_viewer().party_id, received_at())
    if words.comment is None:
        return go(group_by_id(words.thread.group_id).path, said="thread-deleted")
    return go(_read_at(words), said="words-deleted", anchor=_anchor(words))


def _deletable(kind: str, words_id: int) -> Words:
    """Words that the viewer may delete; raises NotFound, or Refused ``words.not_yours``, ``thread.…``."""
    viewer = current_viewer()
    words = queries.visible_words(kind, words_id, viewer)
    if not rules.may_delete(words.post.state, words.post.author_id, viewer):
        raise Refused("words.not_yours")
    if words.comment is None and queries.others_wrote(words_id, viewer.party_id):
        raise Refused("thread.answered")
    if words.comment is None and panels("thread.keeps", viewer, words_id):
        raise Refused("thread.kept")
    return words


@bp.get("/<any(t,c):kind>/<int:words_id>/<any(hide,restore):act>")
@allow(MEMBER)
def ask_reason(kind: str, words_id: int, act: str) -> Response:
    words = _moderated(kind, words_id)
    return show("discussion/moderate.html", form=ReasonForm(), act=act, **_words_facts(words))


@bp.post("/<any(t,c):kind>/<int:words_id>/<any(hide,restore):act>")
@allow(MEMBER, rerenders=True)
def moderate(kind: str, words_id: int, act: str) -> AnyResponse:
    form, words = ReasonForm(), _moderated(kind, words_id)
    if not form.validate():
        return show("discussion/moderate.html", 422, form=form, act=act, **_words_facts(words))
    change = services.hide_words if act == "hide" else services.restore_words
    with write_transaction():
        change(words.thread, words.comment, current_viewer().party_id, form.reason.data or "", received_at())
    return go(_read_at(words), said="words-hidden" if act == "hide" else "words-restored", anchor=_anchor(words))


def _moderated(kind: str, words_id: int) -> Words:
    """Words that the viewer may hide or restore; raises NotFound, or Refused ``words.convenor_only``."""
    viewer = current_viewer()
    words = queries.visible_words(kind, words_id, viewer)
    if not rules.may_moderate(viewer, words.thread.group_id):
        raise Refused("words.convenor_only")
    return words


@bp.get("/t/<int:thread_id>/readers")
@allow(MEMBER)
def ask_readers(thread_id: int) -> Response:
    thread = queries.visible_thread(thread_id, current_viewer())
    _refuse_readers(thread, not thread.is_public)
    return show("discussion/readers.html", **_words_facts(Words(thread, None)))


@bp.post("/t/<int:thread_id>/readers")
@allow(MEMBER)
def change_readers(thread_id: int) -> AnyResponse:
    viewer, form = current_viewer(), ReadersForm()
    thread = queries.visible_thread(thread_id, viewer)
    to_public = form.to.data == "public" if form.validate() else thread.is_public
    moderates = rules.may_moderate(viewer, thread.group_id)
    with write_transaction():
        services.change_visibility(thread, to_public, viewer.party_id, moderates, received_at())
    return go(thread.path, said="thread-public" if to_public else "thread-members")


def _refuse_readers(thread: Thread, to_public: bool) -> None:
    viewer = current_viewer()
    others = queries.others_wrote(thread.id, thread.author_id)
    moderates = rules.may_moderate(viewer, thread.group_id)
    rules.refuse_visibility(to_public, viewer.party_id == thread.author_id, moderates, others)


@bp.get("/moderation")
@allow(PUBLIC)
def moderation() -> Response:
    return show_to_all("discussion/moderation.html", queries.log_stamp(), lambda: _log_facts(current_viewer()))


def _log_facts(viewer: Viewer) -> dict[str, Any]:
    page = paged(queries.log_size(viewer), LOG_PER_PAGE)
    return {"entries": queries.moderation_log(viewer, page.size, page.first), "page": page}


def _preview(
    template: str,
    form: PostForm | TextForm,
    group_slug: str,
    also: Callable[[str], list[Markup]] = lambda _html: [],
    **facts: Any,
) -> Response:
    """How the words will look: a fragment for htmx, else the whole page with the form as it was.

    ``also`` gives what stands below, from the words as HTML.
    """
    html, status = "", 200
    try:
        html = services.rendered(form.text.data or "", group_slug, received_at())
        facts["beside"] = also(html)
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        status = status_of(refused)
    shown = {**facts, "form": form, "preview": Markup(html), "previewed": True}  # noqa: S704 - just cleaned
    return show("discussion/_preview.html" if request.headers.get("HX-Request") else template, status, **shown)


def _read_at(words: Words) -> str:
    """The page of the thread on which the words stand."""
    number = words.comment.number if words.comment else 0
    return f"{words.thread.path}?page={rules.page_of(number)}" if number > rules.PER_PAGE else words.thread.path


def _anchor(words: Words) -> str:
    return f"c-{words.comment.number}" if words.comment else ""


def _group_threads(viewer: Viewer, group_id: int) -> Markup:
    """The newest threads on the group's page."""
    lines = queries.threads_of(group_id, viewer, THREADS_ON_GROUP + 1)
    facts = {"threads": lines[:THREADS_ON_GROUP], "more": len(lines) > THREADS_ON_GROUP}
    group, may_write = group_by_id(group_id), rules.may_write(viewer)
    return Markup(  # noqa: S704 - a template of ours
        render_template("discussion/_group_threads.html", group=group, may_write=may_write, **facts)
    )


def _last_activity(viewer: Viewer, group_id: int) -> Markup:
    """When something was last written in the group; all groups are asked for at once, and kept for the request."""
    if "discussion_activity" not in g:
        g.discussion_activity = queries.last_activity(viewer)
    last: datetime | None = g.discussion_activity.get(group_id)
    return Markup("{}").format(_("last active %(when)s", when=short_time(last))) if last else Markup("")


PANELS: tuple[Panel, ...] = (Panel("group.main", _group_threads), Panel("group.line", _last_activity))
