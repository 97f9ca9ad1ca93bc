"""All payments, each with what it did to the accounts, and what can be done with it."""

from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.core.text import N_
from coopgov.funding.models import Contribution
from coopgov.funding.queries.ledger import booked
from coopgov.funding.queries.refunds import times_refunded
from coopgov.funding.rules.ledger import ACCOUNTS, KINDS
from coopgov.funding.services.by_hand import is_by_hand, take_back
from coopgov.funding.services.refunds import ask_refund
from coopgov.identity.queries import names_of
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import TREASURER, allow, current_viewer
from coopgov.infra.web.addresses import LARGEST_ID
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, show
from coopgov.infra.web.said import Sayings, go
from coopgov.treasury.forms import RefundForm
from coopgov.treasury.queries import payments as queries
from coopgov.treasury.queries.waiting import owners_of
from coopgov.treasury.rules import refuse_own_refund

bp = Blueprint("treasury_payments", __name__, url_prefix="/treasury/payments")
SAYINGS: Sayings = {
    "payment-refunded": N_("The money goes back. It shows here when that is done."),
    "payment-taken-back": N_("The booking is taken back by the opposite entries."),
}
PAYMENTS_A_PAGE = 50


@bp.get("")
@allow(TREASURER)
def index() -> Response:
    asked = _asked()
    page = paged(queries.payment_count(asked), PAYMENTS_A_PAGE)
    lines = queries.payment_lines(asked, page.size, page.first)
    owners = owners_of([line.row for line in lines])
    words: dict[str, Any] = {"states": queries.STATES, "sources": queries.SOURCES}
    return show("treasury/payments.html", page=page, lines=lines, owners=owners, asked=asked, **words)


def _asked() -> queries.Asked:
    given = request.args
    return queries.Asked(
        words=given.get("q", "").strip()[:100],
        status=given.get("status", "") if given.get("status") in queries.STATES else "",
        source=given.get("source", "") if given.get("source") in queries.SOURCES else "",
        party_id=given.get("member", type=_row_number),
    )


def _row_number(typed: str) -> int:
    """Raises ValueError for what no row can have, so that it asks for nothing."""
    number = int(typed)
    if not 0 < number <= LARGEST_ID:
        raise ValueError(typed)
    return number


@bp.get("/<int:number>")
@allow(TREASURER)
def payment(number: int) -> Response:
    row = queries.payment(number)
    return _payment(row, RefundForm(row.currency, {"amount": queries.left_of(row)}))


@bp.post("/<int:number>/refund")
@allow(TREASURER, rerenders=True)
def refund(number: int) -> Response:
    row = queries.payment(number)
    form = RefundForm(row.currency)
    if not form.validate():
        return _payment(row, form, 422)
    by = current_viewer().party_id
    try:
        with write_transaction():
            refuse_own_refund(row.party_id, by)
            ask_refund(row, form.amount.data, by, received_at(), form.seen.data)
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        return _payment(row, form, status_of(refused))
    return go(f"/treasury/payments/{row.id}", said="payment-refunded")


@bp.post("/<int:number>/take-back")
@allow(TREASURER)
def take_it_back(number: int) -> Response:
    row = queries.payment(number)
    with write_transaction():
        take_back(row, current_viewer().party_id, received_at())
    return go(f"/treasury/payments/{row.id}", said="payment-taken-back")


def _payment(row: Contribution, form: RefundForm, status: int = 200) -> Response:
    form.look(times_refunded(row))
    shares = queries.shares_of(row)
    parties = {share.party_id for share in shares} | ({row.party_id} if row.party_id else set())
    facts: dict[str, Any] = {
        "row": row,
        "payer": queries.payer_of(row),
        "shares": [(share, Money(share.amount_minor, row.currency)) for share in shares],
        "refunded": Money(row.refunded_minor, row.currency),
        "names": names_of(parties),
        "entries": booked(row.id),
        "by_hand": is_by_hand(row),
        "waits": queries.waits(row),
        "can_undo": queries.was_matched_by_hand(row),
    }
    words = {"states": queries.STATES, "sources": queries.SOURCES, "accounts": ACCOUNTS, "kinds": KINDS}
    return show("treasury/payment.html", status, form=form, **facts, **words)
