"""The register of decisions, for people and for machines."""

from collections.abc import Sequence

from flask import Blueprint, Response, request

from coopgov.core.errors import NotFound
from coopgov.decisions import display, register
from coopgov.decisions.queries import lists
from coopgov.decisions.queries.lists import DecisionLine, Wanted
from coopgov.decisions.routes.reading import JSON
from coopgov.infra.coop import the_coop
from coopgov.infra.feeds import ATOM_TYPE
from coopgov.infra.settings import site_url
from coopgov.infra.web.access import PUBLIC, allow, current_viewer
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import public_page, show_to_all

bp = Blueprint("decisions_register", __name__)


IN_THE_FEED = 50


IN_A_FILE = 10_000


@bp.get("/decisions")
@allow(PUBLIC)
def decisions() -> Response:
    wanted = Wanted(request.args.get("group", ""), request.args.get("result", ""))
    return show_to_all(
        "decisions/register.html",
        lists.register_stamp(),
        lambda: display.register_facts(wanted, current_viewer(), received_at()),
    )


@bp.get("/decisions.json")
@allow(PUBLIC)
def decisions_json() -> Response:
    return public_page(lists.register_stamp(), lambda: register.as_json(_register(), site_url()), JSON)


@bp.get("/decisions.csv")
@allow(PUBLIC)
def decisions_csv() -> Response:
    response = public_page(lists.register_stamp(), lambda: register.as_csv(_register(), site_url()), "text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="decisions.csv"'
    return response


@bp.get("/decisions.atom")
@allow(PUBLIC)
def decisions_atom() -> Response:
    return public_page(lists.register_stamp(), _atom, ATOM_TYPE)


def _atom() -> bytes:
    coop = the_coop()
    if coop is None:
        raise NotFound
    lines = lists.register(Wanted(), False, IN_THE_FEED)
    return register.as_atom(lines, coop.name, site_url(), coop.founded_at)


def _register() -> Sequence[DecisionLine]:
    return lists.register(Wanted(), False, IN_A_FILE)
