"""Where people meet the fediverse on our pages: the way to follow, and links to what machines read instead."""

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup
from werkzeug.datastructures import MIMEAccept

from coopgov.core.errors import NotFound, Refused
from coopgov.core.viewer import Viewer
from coopgov.federation.forms.following import FollowForm
from coopgov.federation.models import Actor, Announcement
from coopgov.federation.queries.actors import handle_of, the_actor
from coopgov.federation.queries.documents import standing_note
from coopgov.federation.rules.documents import ACTIVITY_TYPE, LD_TYPE
from coopgov.federation.rules.following import page_to_follow, server_of
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import PUBLIC, allow
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.pages import show, show_to_all
from coopgov.infra.web.panels import Panel

bp = Blueprint("following", __name__)
NOTES = {"thread": ("thread",), "proposal": ("opened",)}  # kinds of announcements that stand for the thing itself
SUBJECTS = {"discussion.thread": ("thread", "thread_id"), "decisions.page": ("proposal", "number")}  # by endpoint


# The way to follow


@bp.get("/follow")
@allow(PUBLIC)
def follow() -> Response:
    """The form; with the reader's server the link that goes there."""
    actor, form = the_actor(), FollowForm()
    if actor is None:
        raise NotFound
    if not form.was_sent:
        stamp = (coop_profile().version, actor.id)
        return show_to_all("federation/follow.html", stamp, lambda: {"form": form, "handle": handle_of(actor)})
    return _continued(actor, form)


def _continued(actor: Actor, form: FollowForm) -> Response:
    status, facts = 422, {"form": form, "handle": handle_of(actor)}
    if form.validate():
        try:
            server = server_of(form.server.data or "")
            facts |= {"server": server, "href": page_to_follow(server, site_url(actor.path))}
            status = 200
        except Refused as refused:
            form.refuse(refused, text_of(refused))
            status = status_of(refused)
    return show("federation/follow.html", status, **facts)


def _follow_box(_viewer: Viewer, _subject: int) -> Markup:
    actor = the_actor()
    if actor is None:
        return Markup()
    return Markup(render_template("federation/_follow.html", handle=handle_of(actor)))  # noqa: S704 - a template of ours


# Links for machines


def _actor_link(_viewer: Viewer, _subject: int) -> Markup:
    actor = the_actor()
    return _alternate(actor.path) if actor else Markup()


def _thread_link(_viewer: Viewer, thread_id: int) -> Markup:
    note = _note("thread", thread_id)
    return _alternate(note.note_path) if note else Markup()


def _proposal_link(_viewer: Viewer, proposal_id: int) -> Markup:
    note = _note("proposal", proposal_id)
    return _alternate(note.note_path) if note else Markup()


def _alternate(path: str) -> Markup:
    return Markup('<link rel="alternate" type="{}" href="{}">').format(ACTIVITY_TYPE, site_url(path))


def _note(kind: str, number: int) -> Announcement | None:
    return standing_note(f"{kind}:{number}", NOTES[kind])


def _actor_stamp(_subject: int) -> int:
    actor = the_actor()
    return actor.id if actor else 0


def _note_stamp(kind: str, number: int) -> int:
    note = _note(kind, number)
    return note.id if note else 0


PANELS: tuple[Panel, ...] = (
    Panel("home.head", _actor_link, _actor_stamp),
    Panel("home.side", _follow_box, _actor_stamp),
    Panel("about.main", _follow_box, _actor_stamp),
    Panel("thread.head", _thread_link, lambda thread_id: _note_stamp("thread", thread_id)),
    Panel("proposal.head", _proposal_link, lambda proposal_id: _note_stamp("proposal", proposal_id)),
)


# One address for people and machines


def lead_to_note(response: Response) -> Response:
    """After a thread's or proposal's page: a reader that asks for ActivityPub is led to the announcement, if any.

    The page has been made by then, so nobody learns of anything that they may not see.
    """
    kind, number = SUBJECTS.get(request.endpoint or "", ("", ""))
    if not kind:
        return response
    response.vary.add("Accept")
    if response.status_code not in (200, 304) or not asks_for_activity(request.accept_mimetypes):
        return response
    note = _note(kind, (request.view_args or {})[number])
    if note is None:
        return response
    led = Response(status=303, headers={"Location": site_url(note.note_path)})
    led.vary.add("Accept")
    return led


def asks_for_activity(accept: MIMEAccept) -> bool:
    """Whether ActivityPub is asked for by its name, and a page not more than that (RFC 9110, 12.5.1)."""
    named = [
        quality for kind, quality in accept if kind.partition(";")[0] in (ACTIVITY_TYPE, LD_TYPE.partition(";")[0])
    ]
    return bool(named) and max(named) > 0 and max(named) >= accept.quality("text/html")
