"""The published record of a vote, and the program that recounts it."""

from flask import Blueprint, Response

from coopgov.core.errors import NotFound
from coopgov.decisions.models import Proposal, RecountScript
from coopgov.decisions.queries import proposals
from coopgov.decisions.records import has_record, record_of
from coopgov.decisions.routes.reading import JSON, stamp_for_reader
from coopgov.infra.db import db
from coopgov.infra.web.access import PUBLIC, allow, current_viewer
from coopgov.infra.web.pages import public_page, reads_as_public

bp = Blueprint("decisions_records", __name__)

PYTHON = "text/x-python"


@bp.get("/p/<int:number>/record.json")
@allow(PUBLIC)
def record(number: int) -> Response:
    stamp = stamp_for_reader(number)
    proposal = db.session.get_one(Proposal, number)
    if not has_record(proposal):
        raise NotFound
    if reads_as_public():
        return public_page(stamp, lambda: record_of(proposal), JSON)
    return Response(record_of(proposal), mimetype=JSON)


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
