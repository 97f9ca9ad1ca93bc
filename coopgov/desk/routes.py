"""Pages of the desk: what is mine, and what came in."""

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound
from coopgov.core.text import N_
from coopgov.core.time import to_wall_clock
from coopgov.core.viewer import Viewer
from coopgov.decisions.queries.lists import ballots_waiting
from coopgov.desk import queries as queries_of_desk
from coopgov.desk.queries import by_day
from coopgov.groups.queries import all_groups
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import MEMBER, SIGNED_IN, allow, current_viewer
from coopgov.infra.web.csrf import token_field
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings, go
from coopgov.membership.queries.dues import welcome_of
from coopgov.membership.services.joining import tick
from coopgov.notifications import queries, services
from coopgov.notifications.kinds import KINDS

bp = Blueprint("desk", __name__)
SAYINGS: Sayings = {"inbox.read": N_("Everything is marked as read.")}
INBOX_PAGE = 30


@bp.get("/me")
@allow(SIGNED_IN)
def me() -> Response:
    viewer = current_viewer()
    return show(
        "desk/me.html",
        waiting=ballots_waiting(viewer.party_id, received_at()),
        groups=[group for group in all_groups() if viewer.sits_in(group.id)],
    )


@bp.post("/me/first-steps/<any(hello,mails,all):step>")
@allow(MEMBER)
def tick_step(step: str) -> AnyResponse:
    with write_transaction():
        welcome = welcome_of(current_viewer().party_id)
        if welcome is None:
            raise NotFound
        tick(welcome, step, received_at())
    return go("/me")


def _first_steps(viewer: Viewer, _subject: int) -> Markup:
    now = received_at()
    steps = queries_of_desk.first_steps(viewer, now)
    if steps is None:
        return Markup()
    return Markup(render_template("desk/_first_steps.html", steps=steps, csrf=token_field))  # noqa: S704


PANELS = (Panel("me.main", _first_steps),)


@bp.get("/inbox")
@allow(SIGNED_IN)
def inbox() -> Response:
    viewer, waiting_only = current_viewer(), request.args.get("show") == "unread"
    everything, waiting = queries.notice_counts(viewer)
    page = paged(waiting if waiting_only else everything, INBOX_PAGE)
    lines = queries.inbox(viewer, waiting_only, page.size, page.first)
    zone = coop_profile().zone
    return show(
        "desk/inbox.html",
        days=by_day(lines, zone),
        clock=lambda instant: to_wall_clock(instant, zone).strftime("%H:%M"),
        page=page,
        everything=everything,
        waiting=waiting,
        waiting_only=waiting_only,
        kinds=KINDS,
    )


@bp.post("/inbox/read")
@allow(SIGNED_IN)
def tick_off_all() -> AnyResponse:
    with write_transaction():
        services.tick_off_all(current_viewer().party_id, received_at())
    return go("/inbox", said="inbox.read")


@bp.post("/inbox/<int:notice_id>/read")
@allow(SIGNED_IN)
def tick_off(notice_id: int) -> AnyResponse:
    with write_transaction():
        services.tick_off(current_viewer().party_id, notice_id, received_at())
    return go("/inbox?" + request.query_string.decode() if request.query_string else "/inbox")
