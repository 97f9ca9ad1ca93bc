"""Pages of the desk: what is mine, and what came in."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.text import N_
from coopgov.core.time import to_wall_clock
from coopgov.decisions.queries import ballots_waiting
from coopgov.desk.queries import by_day
from coopgov.groups.queries import all_groups
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import SIGNED_IN, allow, current_viewer
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.said import Sayings, go
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
