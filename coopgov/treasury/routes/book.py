"""A payment by bank or in cash, written down: the days that it covers are proposed, and checked by whoever books."""

from datetime import date
from zoneinfo import ZoneInfo

from flask import Blueprint, request
from werkzeug.wrappers import Response

from coopgov.core.errors import Refused
from coopgov.core.ids import random_id
from coopgov.core.text import N_
from coopgov.funding.services.by_hand import ByHand, book_by_hand
from coopgov.infra.coop import the_coop
from coopgov.infra.db import write_transaction
from coopgov.infra.web.access import TREASURER, allow, current_viewer
from coopgov.infra.web.answers import status_of, text_of
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.said import Sayings, go
from coopgov.treasury.forms import BookingForm
from coopgov.treasury.queries.payments import price_of
from coopgov.treasury.queries.people import Person, people
from coopgov.treasury.services.matching import proposed_days

bp = Blueprint("treasury_book", __name__, url_prefix="/treasury/book")
SAYINGS: Sayings = {"payment-booked": N_("Booked.")}


@bp.get("")
@allow(TREASURER)
def write() -> Response:
    known = people()
    asked = request.args.get("member", type=int)
    person = next((one for one in known if one.party_id == asked), None)
    price = price_of(person.party_id, received_at()) if person else None
    proposed = {"member": person.label if person else "", "amount": price.amount if price else None}
    given = {"key": random_id(), "day": _today(), "source": "bank", "purpose": "dues"}
    return _page(BookingForm(known, _currency(), given | proposed))


@bp.post("")
@allow(TREASURER, rerenders=True)
def book() -> Response:
    form = BookingForm(people(), _currency())
    form.validate()
    person = form.person(form.member)
    if form.errors:
        return _page(form, 422)
    if _needs_days(form, person):
        return _propose(form, person)
    try:
        with write_transaction():
            row = book_by_hand(_wanted(form, person), current_viewer().party_id, received_at())
            number = row.id
    except Refused as refused:
        form.refuse(refused, text_of(refused))
        if refused.reason == "by_hand.used":
            form.key.data = random_id()
        return _page(form, status_of(refused))
    return go(f"/treasury/payments/{number}", said="payment-booked")


def _needs_days(form: BookingForm, person: Person | None) -> bool:
    given = form.covers_from.data is not None and form.covers_to.data is not None
    return person is not None and form.purpose.data == "dues" and not given


def _propose(form: BookingForm, person: Person | None) -> Response:
    """The form again with the days that the amount covers, to be looked at."""
    days = proposed_days(person.party_id, form.sum, form.paid_on, received_at()) if person else None
    if days is None:
        refused = Refused("by_hand.no_months", field="covers_from")
        form.refuse(refused, text_of(refused))
        return _page(form, 422)
    form.propose(*days)
    return _page(form, proposed=True)


def _wanted(form: BookingForm, person: Person | None) -> ByHand:
    first, last = form.covers_from.data, form.covers_to.data
    return ByHand(
        key=str(form.key.data),
        source=str(form.source.data),
        amount=form.sum,
        day=form.paid_on,
        purpose=str(form.purpose.data),
        party_id=person.party_id if person else None,
        covers=(first, last) if first and last and form.purpose.data == "dues" else None,
        reference=str(form.reference.data or ""),
    )


def _page(form: BookingForm, status: int = 200, proposed: bool = False) -> Response:
    return show("treasury/book.html", status, form=form, proposed=proposed)


def _today() -> date:
    return received_at().astimezone(ZoneInfo(coop_profile().zone)).date()


def _currency() -> str:
    coop = the_coop()
    return coop.currency if coop else "GBP"
