"""Pages of groups."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.text import N_, shown_in_public
from coopgov.core.time import last_midnight
from coopgov.core.viewer import Viewer
from coopgov.groups import queries, rules, services
from coopgov.groups.forms import GroupForm
from coopgov.groups.models import Group
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import ADMIN, MEMBER, PUBLIC, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show, show_to_all
from coopgov.infra.web.panels import panel_stamps
from coopgov.infra.web.said import Sayings, go

bp = Blueprint("groups", __name__)
PEOPLE_ON_A_PAGE = 100
SAYINGS: Sayings = {
    "group-founded": N_("The group is there. You are its convenor."),
    "group-edited": N_("The group's page is changed."),
    "group-joined": N_("You are in the group now."),
    "group-asked": N_("Your request is with the group's convenors."),
    "group-left": N_("You have left the group."),
    "group-request-gone": N_("Your request is taken back."),
    "group-accepted": N_("Accepted: they are in the group now."),
    "group-declined": N_("The request is declined."),
    "group-appointed": N_("The group has a further convenor now."),
    "group-stepped-down": N_("You are an ordinary member of the group now."),
}


@bp.get("/groups")
@allow(PUBLIC)
def index() -> Response:
    stamp = (queries.groups_stamp(), last_midnight(received_at()))
    return show_to_all("groups/index.html", stamp, lambda: _list_facts(current_viewer()))


def _list_facts(viewer: Viewer) -> dict[str, Any]:
    return {"groups": queries.group_lines(_counted_at(viewer)), "may_found": rules.may_found(viewer)}


def _counted_at(viewer: Viewer) -> datetime:
    """When the sizes that the viewer sees were counted: now for members, daily for the public."""
    return received_at() if viewer.is_member else last_midnight(received_at())


@bp.get("/groups/new")
@allow(ADMIN)
def new() -> Response:
    return show("groups/edit.html", form=GroupForm({"joining": "open"}), group=None)


@bp.post("/groups/new")
@allow(ADMIN, rerenders=True)
def found() -> AnyResponse:
    form, viewer = GroupForm(), current_viewer()
    if not form.validate():
        return show("groups/edit.html", 422, form=form, group=None)
    try:
        with write_transaction():
            path = services.found_group(**form.words(), founder_id=viewer.party_id, now=received_at()).path
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return show("groups/edit.html", status_of(refused), form=form, group=None)
    return go(path, said="group-founded")


@bp.get("/g/<slug>")
@allow(PUBLIC)
def page(slug: str) -> Response:
    group = queries.group_by_slug(slug)
    stamp = (group.id, group.version, panel_stamps("group.main", group.id), last_midnight(received_at()))
    return show_to_all("groups/group.html", stamp, lambda: _page_facts(group, current_viewer()))


def _page_facts(group: Group, viewer: Viewer) -> dict[str, Any]:
    now = received_at()
    runs = rules.may_run(viewer, group.id)
    seated = viewer.sits_in(group.id)
    return {
        "group": group,
        "joining": rules.JOINING[group.joining],
        "members": queries.member_count(group.id, _counted_at(viewer)),
        "convenors": [_shown_name(one, viewer) for one in queries.convenors(group.id, now)],
        "may_run": runs,
        "asking": len(queries.askers(group.id, now)) if runs else 0,
        "seated": seated,
        "asks": viewer.is_member and not seated and queries.asks_to_join(group.id, viewer.party_id),
    }


def _shown_name(person: queries.Seated, viewer: Viewer) -> str:
    return person.name if viewer.is_member else shown_in_public(person.name, person.public_name)


@bp.get("/g/<slug>/edit")
@allow(MEMBER)
def edit(slug: str) -> Response:
    group = _run_by_viewer(slug)
    form = GroupForm(
        {
            "name": group.name,
            "summary": group.summary,
            "purpose": group.purpose_source,
            "joining": group.joining,
            "seats": group.seats,
        }
    )
    return show("groups/edit.html", form=form, group=group)


@bp.post("/g/<slug>/edit")
@allow(MEMBER, rerenders=True)
def save(slug: str) -> AnyResponse:
    group, form = _run_by_viewer(slug), GroupForm()
    if not form.validate():
        return show("groups/edit.html", 422, form=form, group=group)
    try:
        with write_transaction():
            services.edit_group(group, **form.words(), by_id=current_viewer().party_id, now=received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return show("groups/edit.html", status_of(refused), form=form, group=group)
    return go(group.path, said="group-edited")


@bp.post("/g/<slug>/join")
@allow(MEMBER)
def join(slug: str) -> AnyResponse:
    group = queries.group_by_slug(slug)
    with write_transaction():
        seat = services.join(group, current_viewer().party_id, received_at())
        said = "group-asked" if seat.role == "asked" else "group-joined"
    return go(group.path, said=said)


@bp.post("/g/<slug>/leave")
@allow(MEMBER)
def leave(slug: str) -> AnyResponse:
    group, viewer = queries.group_by_slug(slug), current_viewer()
    with write_transaction():
        services.leave(group, viewer.party_id, received_at())
    return go(group.path, said="group-left" if viewer.sits_in(group.id) else "group-request-gone")


@bp.get("/g/<slug>/people")
@allow(MEMBER)
def people(slug: str) -> Response:
    group, viewer, now = queries.group_by_slug(slug), current_viewer(), received_at()
    runs = rules.may_run(viewer, group.id)
    page = paged(queries.member_count(group.id, now), PEOPLE_ON_A_PAGE)
    return show(
        "groups/people.html",
        group=group,
        page=page,
        people=queries.roster(group.id, now, page.size, page.first),
        askers=queries.askers(group.id, now) if runs else [],
        may_run=runs,
        convenes=viewer.convenes(group.id),
    )


@bp.post("/g/<slug>/people/<int:party_id>/accept")
@allow(MEMBER)
def accept(slug: str, party_id: int) -> AnyResponse:
    group = _run_by_viewer(slug)
    with write_transaction():
        services.seat_asker(group, party_id, current_viewer().party_id, received_at())
    return go(f"{group.path}/people", said="group-accepted")


@bp.post("/g/<slug>/people/<int:party_id>/decline")
@allow(MEMBER)
def decline(slug: str, party_id: int) -> AnyResponse:
    group = _run_by_viewer(slug)
    with write_transaction():
        services.decline_asker(group, party_id, current_viewer().party_id, received_at())
    return go(f"{group.path}/people", said="group-declined")


@bp.post("/g/<slug>/people/<int:party_id>/convene")
@allow(MEMBER)
def appoint(slug: str, party_id: int) -> AnyResponse:
    group = _run_by_viewer(slug)
    with write_transaction():
        services.appoint_convenor(group, party_id, current_viewer().party_id, received_at())
    return go(f"{group.path}/people", said="group-appointed")


@bp.post("/g/<slug>/step-down")
@allow(MEMBER)
def step_down(slug: str) -> AnyResponse:
    group = queries.group_by_slug(slug)
    with write_transaction():
        services.step_down(group, current_viewer().party_id, received_at())
    return go(f"{group.path}/people", said="group-stepped-down")


def _run_by_viewer(slug: str) -> Group:
    """The group, if the viewer may change it; raises NotFound, or Refused ``group.convenor_only``."""
    group = queries.group_by_slug(slug)
    if not rules.may_run(current_viewer(), group.id):
        raise Refused("group.convenor_only")
    return group
