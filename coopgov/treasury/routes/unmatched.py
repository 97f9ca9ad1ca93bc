"""The queue of payments that nobody recognised: one click says whose each is, one takes it back."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.funding.models import Contribution
from coopgov.funding.rules.matching import REASONS
from coopgov.funding.services import matching as funding_matching
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import TREASURER, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.said import Sayings, go
from coopgov.treasury.forms import MatchForm, SplitForm
from coopgov.treasury.queries import payments, waiting
from coopgov.treasury.queries.people import people
from coopgov.treasury.services import matching

bp = Blueprint("treasury_unmatched", __name__, url_prefix="/treasury/unmatched")
SAYINGS: Sayings = {
    "payment-matched": N_("Matched. You can undo it below."),
    "payment-declared": N_("Booked under its own heading. You can undo it below."),
    "payment-split": N_("Split. You can undo it below."),
    "payment-unmatched": N_("Undone: the payment waits again."),
}
QUEUE = "/treasury/unmatched"
LINES_A_PAGE = 20


@bp.get("")
@allow(TREASURER)
def queue() -> Response:
    page = paged(waiting.waiting_count(), LINES_A_PAGE)
    lines = waiting.waiting_lines(page.size, page.first)
    return show("treasury/unmatched.html", page=page, lines=lines, answered=waiting.answered_lines(), reasons=REASONS)


@bp.get("/<int:number>")
@allow(TREASURER)
def choose(number: int) -> Response:
    return _chooser(payments.payment(number), MatchForm(people()))


@bp.post("/<int:number>/match")
@allow(TREASURER, rerenders=True)
def match(number: int) -> Response:
    row, form = payments.payment(number), MatchForm(people())
    form.validate()
    person = form.person(form.member)
    if form.errors or person is None:
        return _chooser(row, form, 422)
    always, by = bool(form.always.data), current_viewer().party_id

    def act() -> Response:
        matching.match_payment(row, person.party_id, always, by, received_at())
        return go(QUEUE, said="payment-matched")

    return _attempt(form, act, lambda status: _chooser(row, form, status))


@bp.post("/<int:number>/declare")
@allow(TREASURER)
def declare(number: int) -> Response:
    row = payments.payment(number)
    with write_transaction():
        funding_matching.declare(row, request.form.get("purpose", ""), current_viewer().party_id, received_at())
    return go(QUEUE, said="payment-declared")


@bp.get("/<int:number>/split")
@allow(TREASURER)
def split_it(number: int) -> Response:
    row = payments.payment(number)
    return _splitter(row, SplitForm(people(), row.currency))


@bp.post("/<int:number>/split")
@allow(TREASURER, rerenders=True)
def split(number: int) -> Response:
    row = payments.payment(number)
    form = SplitForm(people(), row.currency)
    form.validate()
    parts = form.parts()
    if form.errors:
        return _splitter(row, form, 422)

    def act() -> Response:
        matching.split_payment(row, parts, current_viewer().party_id, received_at())
        return go(QUEUE, said="payment-split")

    return _attempt(form, act, lambda status: _splitter(row, form, status))


@bp.post("/<int:number>/undo")
@allow(TREASURER)
def undo(number: int) -> Response:
    row = payments.payment(number)
    with write_transaction():
        funding_matching.undo(row, current_viewer().party_id, received_at())
    return go(QUEUE, said="payment-unmatched")


def _attempt(form: BaseForm, act: Callable[[], Response], again: Callable[[int], Response]) -> Response:
    try:
        with write_transaction():
            return act()
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return again(status_of(refused))


def _chooser(row: Contribution, form: MatchForm, status: int = 200) -> Response:
    return show("treasury/match.html", status, form=form, **_facts(row))


def _splitter(row: Contribution, form: SplitForm, status: int = 200) -> Response:
    return show("treasury/split.html", status, form=form, **_facts(row))


def _facts(row: Contribution) -> dict[str, Any]:
    return {"row": row, "payer": payments.payer_of(row), "sources": payments.SOURCES}
