"""Pages of proxies: who votes for whom in a group."""

from typing import Any

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_, one_line
from coopgov.core.viewer import Viewer
from coopgov.groups.models import Group
from coopgov.groups.queries import group_by_id, group_by_slug
from coopgov.groups.rules import may_run
from coopgov.infra.clock import now
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import MEMBER, SIGNED_IN, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings, go
from coopgov.proxies import queries, rules, services
from coopgov.proxies.forms import GiveForm, TermsForm

bp = Blueprint("proxies", __name__)
MOST_FOUND = 12
SAYINGS: Sayings = {
    "proxy-asked": N_("They are asked, by a notice and by mail. It counts once they say yes."),
    "proxy-accepted": N_("You vote for them from now on, whenever they do not vote themselves."),
    "proxy-declined": N_("You have declined."),
    "proxy-ended": N_("The proxy has ended. In votes that are open it counts no more either."),
    "proxy-terms": N_("It is changed, for votes that open from now on."),
}


@bp.get("/g/<slug>/proxies")
@allow(MEMBER)
def page(slug: str) -> Response:
    group = group_by_slug(slug)
    return _page(group, TermsForm({"cap": queries.cap_at(group.id, received_at())}))


def _page(group: Group, form: TermsForm, status: int = 200) -> Response:
    viewer, now, name = current_viewer(), received_at(), one_line(request.args.get("name", "")).removeprefix("@")[:80]
    counting = queries.counting_at(group.id, now)
    return show(
        "proxies/page.html",
        status,
        group=group,
        cap=queries.cap_at(group.id, now),
        own=queries.own(group.id, viewer.party_id, now),
        offered=queries.offered_to(group.id, viewer.party_id, now),
        lines=queries.lines(group.id, now),
        counting={one.proxy_id for one in counting},
        in_circle=rules.Chains(counting).in_circle(viewer.party_id),
        seated=viewer.sits_in(group.id),
        name=name,
        found=_found(group, name) if name else [],
        most=MOST_FOUND,
        form=form if may_run(viewer, group.id) else None,
    )


def _found(group: Group, name: str) -> list[tuple[int, str]]:
    """People of the group whose name has the words in it, in any case, without the viewer."""
    wanted, me = name.casefold(), current_viewer().party_id
    people = queries.people_in(group.id, received_at())
    return [(party, full) for party, full in people if wanted in full.casefold() and party != me][:MOST_FOUND]


@bp.post("/g/<slug>/proxies/terms")
@allow(MEMBER, rerenders=True)
def set_terms(slug: str) -> AnyResponse:
    group, form = group_by_slug(slug), TermsForm()
    if not may_run(current_viewer(), group.id):
        raise Refused("group.convenor_only")
    if not form.validate() or form.cap.data is None:
        return _page(group, form, 422)
    with write_transaction():
        services.set_cap(group, form.cap.data, current_viewer().party_id, received_at())
    return go(f"{group.path}/proxies", said="proxy-terms")


@bp.get("/g/<slug>/proxies/give/<int:party_id>")
@allow(MEMBER)
def offer(slug: str, party_id: int) -> Response:
    group = group_by_slug(slug)
    return _offer(group, party_id, GiveForm(received_at()))


@bp.post("/g/<slug>/proxies/give/<int:party_id>")
@allow(MEMBER, rerenders=True)
def give(slug: str, party_id: int) -> AnyResponse:
    group, form, viewer = group_by_slug(slug), GiveForm(received_at()), current_viewer()
    if not form.validate():
        return _offer(group, party_id, form, 422)
    try:
        with write_transaction():
            services.ask(group, viewer.party_id, party_id, form.until_at(), received_at())
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _offer(group, party_id, form, status_of(refused))
    return go(f"{group.path}/proxies", said="proxy-asked")


def _offer(group: Group, party_id: int, form: GiveForm, status: int = 200) -> Response:
    """The page on which the viewer offers a proxy; raises NotFound for a party that is not in the group."""
    names = dict(queries.people_in(group.id, received_at()))
    if party_id not in names or party_id == current_viewer().party_id:
        raise NotFound
    facts: dict[str, Any] = {"group": group, "party_id": party_id, "name": names[party_id], "form": form}
    return show("proxies/give.html", status, **facts)


@bp.post("/g/<slug>/proxies/<int:proxy_id>/answer")
@allow(MEMBER)
def answer(slug: str, proxy_id: int) -> AnyResponse:
    group, me, accepts = group_by_slug(slug), current_viewer().party_id, request.form.get("act") == "accept"
    with write_transaction():
        services.answer(queries.proxy_in(group.id, proxy_id, me), me, accepts, received_at())
    return go(f"{group.path}/proxies", said="proxy-accepted" if accepts else "proxy-declined")


@bp.post("/g/<slug>/proxies/<int:proxy_id>/end")
@allow(SIGNED_IN)  # a roll keeps who has left the co-op since, and with them what they gave or hold
def end(slug: str, proxy_id: int) -> AnyResponse:
    group, viewer = group_by_slug(slug), current_viewer()
    with write_transaction():
        proxy = queries.proxy_in(group.id, proxy_id, viewer.party_id)
        services.end(proxy, viewer.party_id, now())  # not when it came in: a vote may have been counted meanwhile
    return go(f"{group.path}/proxies" if viewer.is_member else group.path, said="proxy-ended")


def _card(viewer: Viewer, group_id: int) -> Markup:
    """The way to the group's proxies, where it has them or the viewer may switch them on."""
    if not viewer.is_member:
        return Markup()
    cap, runs, group = queries.cap_at(group_id, received_at()), may_run(viewer, group_id), group_by_id(group_id)
    if not cap and not runs:
        return Markup()
    waiting = len(queries.offered_to(group_id, viewer.party_id, received_at())) if cap else 0
    return Markup(render_template("proxies/_card.html", group=group, cap=cap, waiting=waiting))  # noqa: S704


PANELS = (Panel("group.side", _card),)
