"""Where people meet the fediverse on our pages: the way to follow, and links to what machines read instead."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, Response, current_app, render_template, request
from markupsafe import Markup
from werkzeug.datastructures import MIMEAccept

from coopgov.core.errors import NotFound, Refused
from coopgov.core.viewer import Viewer
from coopgov.federation.forms.following import FollowForm
from coopgov.federation.queries.documents import last_said, note_of_proposal, note_of_thread
from coopgov.federation.rules.documents import ACTIVITY_TYPE, LD_TYPE
from coopgov.federation.rules.following import page_to_follow, server_of
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import PUBLIC, allow
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show, show_to_all
from coopgov.infra.web.panels import Panel

bp = Blueprint("following", __name__)
NOTES: dict[str, tuple[str, Callable[[int], str]]] = {  # by endpoint: what names the row, and the path of its note
    "discussion.thread": ("thread_id", note_of_thread),
    "decisions.page": ("number", note_of_proposal),
}
FRESH_FOR = timedelta(seconds=5)  # a page that was kept shows a new link after this long


# The way to follow


@bp.get("/follow")
@allow(PUBLIC)
def follow() -> Response:
    """The form; with the reader's server the link that goes there."""
    profile, form = coop_profile(), FollowForm()
    if not profile.handle:
        raise NotFound
    if not form.was_sent:
        return show_to_all("federation/follow.html", profile, lambda: {"form": form})
    return _continued(form)


def _continued(form: FollowForm) -> Response:
    status, facts = 422, dict[str, str]()
    if form.validate():
        try:
            server = server_of(form.server.data or "")
            facts |= {"server": server, "href": page_to_follow(server, site_url(coop_profile().actor_path))}
            status = 200
        except Refused as refused:
            form.refuse(refused, text_of(refused))
            status = status_of(refused)
    return show("federation/follow.html", status, form=form, **facts)


def _follow_box(_viewer: Viewer, _subject: int) -> Markup:
    if not coop_profile().handle:
        return Markup()
    return Markup(render_template("federation/_follow.html"))  # noqa: S704 - a template of ours


# Links for machines


def _alternate(path: str) -> Markup:
    return (
        Markup('<link rel="alternate" type="{}" href="{}">').format(ACTIVITY_TYPE, site_url(path)) if path else Markup()
    )


def _link_to_note(note_of: Callable[[int], str]) -> Callable[[Viewer, int], Markup]:
    return lambda _viewer, number: _alternate(note_of(number)) if coop_profile().handle else Markup()


def _handle(_subject: int) -> str:
    return coop_profile().handle


def _said(_subject: int) -> int:
    """The newest thing said, as known for at most FRESH_FOR: a page that is kept may cost one statement, its own."""
    if not coop_profile().handle:
        return 0
    known: tuple[int, datetime] | None = current_app.extensions.get("coopgov.said")
    if known is None or abs(received_at() - known[1]) >= FRESH_FOR:
        known = current_app.extensions["coopgov.said"] = (last_said(), received_at())
    return known[0]


PANELS: tuple[Panel, ...] = (
    Panel("home.head", lambda _viewer, _subject: _alternate(coop_profile().actor_path), _handle),
    Panel("home.side", _follow_box, _handle),
    Panel("about.main", _follow_box, _handle),
    Panel("thread.head", _link_to_note(note_of_thread), _said),
    Panel("proposal.head", _link_to_note(note_of_proposal), _said),
)


# One address for people and machines


def lead_to_note(response: Response) -> Response:
    """After a thread's or proposal's page: a reader that asks for ActivityPub is led to the announcement, if any.

    The page has been made by then, so nobody learns of anything that they may not see.
    """
    if request.endpoint not in NOTES:
        return response
    response.vary.add("Accept")
    if response.status_code not in (200, 304) or not asks_for_activity(request.accept_mimetypes):
        return response
    number, note_of = NOTES[request.endpoint]
    path = note_of((request.view_args or {})[number])
    if not path:
        return response
    led = Response(status=303, headers={"Location": site_url(path)})
    led.vary.add("Accept")
    return led


def asks_for_activity(accept: MIMEAccept) -> bool:
    """Whether ActivityPub is asked for by its name, and a page not more than that (RFC 9110, 12.5.1)."""
    named = [
        quality for kind, quality in accept if kind.partition(";")[0] in (ACTIVITY_TYPE, LD_TYPE.partition(";")[0])
    ]
    return bool(named) and max(named) > 0 and max(named) >= accept.quality("text/html")
