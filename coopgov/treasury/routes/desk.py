"""The treasurer's first page, what was found, and the ledger as files."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint
from werkzeug.wrappers import Response

from coopgov.core.text import N_
from coopgov.funding.queries.ledger import booked, currencies
from coopgov.funding.rules.findings import KINDS, WHAT_TO_DO
from coopgov.funding.rules.journal import journal, table
from coopgov.funding.services.findings import close_finding
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import TREASURER, allow, current_viewer
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.said import Sayings, go
from coopgov.treasury.forms import NoteForm
from coopgov.treasury.queries import findings as queries
from coopgov.treasury.queries.desk import desk
from coopgov.treasury.queries.payments import SOURCES
from coopgov.treasury.rules import is_stale

bp = Blueprint("treasury", __name__, url_prefix="/treasury")
SAYINGS: Sayings = {"finding-closed": N_("Closed, with your note.")}
Facts = dict[str, Any]
FINDING_WORDS: Facts = {
    "kinds": KINDS,
    "advice": WHAT_TO_DO,
    "words_of": queries.words_of,
}
FINDINGS_ON_DESK, FINDINGS_A_PAGE = 5, 50


@bp.get("")
@allow(TREASURER)
def index() -> Response:
    now = received_at()
    found = queries.other_findings(FINDINGS_ON_DESK)
    facts: Facts = {"desk": desk(now, coop_profile().zone), "findings": found, "abouts": queries.abouts(found)}
    facts["month"] = now.astimezone(ZoneInfo(coop_profile().zone)).date()
    words: Facts = {"sources": SOURCES, "is_stale": lambda read_at: is_stale(read_at, now)}
    return show("treasury/index.html", **facts, **words, **FINDING_WORDS)


@bp.get("/findings")
@allow(TREASURER)
def findings() -> Response:
    return _findings(NoteForm(), 0)


@bp.post("/findings/<int:number>/close")
@allow(TREASURER, rerenders=True)
def close(number: int) -> Response:
    row, form = queries.closable(number), NoteForm()
    if not form.validate():
        return _findings(form, number, 422)
    with write_transaction():
        close_finding(row, current_viewer().party_id, str(form.note.data), received_at())
    return go("/treasury/findings", said="finding-closed")


def _findings(form: NoteForm, about: int, status: int = 200) -> Response:
    page = paged(queries.open_count(), FINDINGS_A_PAGE)
    rows, closed = queries.open_findings(page.size, page.first), queries.closed_findings()
    facts: Facts = {"page": page, "rows": rows, "closed": closed, "abouts": queries.abouts([*rows, *closed])}
    return show("treasury/findings.html", status, form=form, about=about, **facts, **FINDING_WORDS)


@bp.get("/ledger.csv")
@allow(TREASURER)
def ledger_csv() -> Response:
    return _file("ledger.csv", table(booked()), "text/csv")


@bp.get("/ledger.journal")
@allow(TREASURER)
def ledger_journal() -> Response:
    return _file("ledger.journal", journal(booked(), currencies()), "text/plain")


def _file(name: str, body: str, mimetype: str) -> Response:
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
