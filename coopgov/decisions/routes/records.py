"""The published record of a vote, the program that recounts it, and what there is to look at beside them."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from coopgov.core.errors import NotFound
from coopgov.decisions import record_pages
from coopgov.decisions.models import Proposal, RecountScript
from coopgov.decisions.queries import proposals
from coopgov.decisions.queries.proposals import Stamp
from coopgov.decisions.records import has_record, published_ballots, record_of
from coopgov.decisions.routes.reading import JSON, stamp_for_reader
from coopgov.infra.db import db
from coopgov.infra.web.access import PUBLIC, allow, current_viewer
from coopgov.infra.web.pages import public_page, reads_as_public, show_to_all

bp = Blueprint("decisions_records", __name__)

PYTHON = "text/x-python"
CSV = "text/csv"
TEXT = "text/plain"


def _with_record(number: int) -> tuple[Stamp, Proposal]:
    """The closed vote and its stamp; raises NotFound where there is no record, or none for the reader."""
    stamp = stamp_for_reader(number)
    proposal = db.session.get_one(Proposal, number)
    if not has_record(proposal):
        raise NotFound
    return stamp, proposal


def _file(number: int, body: Callable[[Proposal], str | bytes], mimetype: str, name: str = "") -> Response:
    stamp, proposal = _with_record(number)
    if reads_as_public():
        response = public_page(stamp, lambda: body(proposal), mimetype)
    else:
        response = Response(body(proposal), mimetype=mimetype)
    if name:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.get("/p/<int:number>/record.json")
@allow(PUBLIC)
def record(number: int) -> Response:
    return _file(number, record_of, JSON)


@bp.get("/p/<int:number>/ballots.csv")
@allow(PUBLIC)
def ballots_csv(number: int) -> Response:
    return _file(number, lambda p: record_pages.as_csv(p, published_ballots(p)), CSV, f"ballots-{number}.csv")


@bp.get("/p/<int:number>/ballots.blt")
@allow(PUBLIC)
def ballots_blt(number: int) -> Response:
    return _file(number, lambda p: record_pages.as_blt(p, published_ballots(p)), TEXT, f"ballots-{number}.blt")


@bp.get("/p/<int:number>/ballots")
@allow(PUBLIC)
def ballots(number: int) -> Response:
    stamp, proposal = _with_record(number)

    def facts() -> dict[str, Any]:
        return record_pages.ballots_facts(proposal, published_ballots(proposal), current_viewer())

    return show_to_all("decisions/ballots.html", stamp, facts)


@bp.get("/p/<int:number>/check")
@allow(PUBLIC)
def check(number: int) -> Response:
    stamp, proposal = _with_record(number)
    return show_to_all("decisions/check.html", stamp, lambda: record_pages.check_facts(proposal))


@bp.get("/p/<int:number>/recount.py")
@allow(PUBLIC)
def recount(number: int) -> Response:
    stamp_for_reader(number)
    manifest = proposals.visible_proposal(number, current_viewer()).manifest
    script = db.session.get(RecountScript, manifest["recount_sha256"]) if manifest else None
    if script is None:
        raise NotFound
    response = Response(script.source, mimetype=PYTHON)
    response.headers["Content-Disposition"] = 'attachment; filename="recount.py"'
    response.headers["Cache-Control"] = "public, max-age=3600" if reads_as_public() else "private, no-store"
    return response
