"""The register of decisions, for people and for machines."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request

from coopgov.core.errors import NotFound
from coopgov.core.text import one_line
from coopgov.decisions import register, register_page
from coopgov.decisions.queries import register as registered
from coopgov.decisions.queries.lists import DecisionLine
from coopgov.decisions.queries.register import LONGEST_SEARCH, Wanted
from coopgov.decisions.queries.validity import About
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
    return show_to_all(
        "decisions/register.html",
        registered.register_stamp(),
        lambda: register_page.register_facts(_wanted(), current_viewer(), received_at()),
    )


@bp.get("/decisions.json")
@allow(PUBLIC)
def decisions_json() -> Response:
    return public_page(registered.register_stamp(), lambda: register.as_json(*_public(IN_A_FILE), site_url()), JSON)


@bp.get("/decisions.csv")
@allow(PUBLIC)
def decisions_csv() -> Response:
    stamp = registered.register_stamp()
    response = public_page(stamp, lambda: register.as_csv(*_public(IN_A_FILE), site_url()), "text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="decisions.csv"'
    return response


@bp.get("/decisions.atom")
@allow(PUBLIC)
def decisions_atom() -> Response:
    return public_page(registered.register_stamp(), _atom, ATOM_TYPE)


def _atom() -> bytes:
    coop = the_coop()
    if coop is None:
        raise NotFound
    query = register_page.query_of(_wanted())
    return register.as_atom(*_public(IN_THE_FEED), coop.name, site_url(), coop.founded_at, query)


def _public(limit: int) -> tuple[Sequence[DecisionLine], Mapping[int, About]]:
    """What anybody may read of the register, whoever asks."""
    lines = registered.register(_wanted(), False, limit)
    return lines, registered.abouts_of(lines, False, received_at())


def _wanted() -> Wanted:
    """What the address asks for; a year that is no number asks for none."""
    asked = request.args
    return Wanted(
        group=asked.get("group", ""),
        result=asked.get("result", ""),
        status=asked.get("status", ""),
        year=asked.get("year", type=int),
        words=one_line(asked.get("q", ""))[:LONGEST_SEARCH],
        on=received_at(),
    )
