"""A member's own dues: what they pay and have paid, and everything that they can change about it."""

from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import NotFound, Refused
from coopgov.core.text import N_
from coopgov.core.viewer import Viewer
from coopgov.funding.models import Pledge
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.funding.providers.stripe.client import connect
from coopgov.funding.queries.pledges import customer_of, draft_of, live_pledge
from coopgov.identity.queries import party
from coopgov.infra.db import db, write_transaction
from coopgov.infra.i18n import current_language
from coopgov.infra.i18n import gettext as _
from coopgov.infra.settings import current_settings, site_url
from coopgov.infra.web.access import SIGNED_IN, allow, current_viewer
from coopgov.infra.web.answers import status_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings, go
from coopgov.membership import dues_page
from coopgov.membership.forms.dues import ChoiceForm, LeaveForm, PaidForm, ReliefForm, choice_of
from coopgov.membership.queries import dues as queries
from coopgov.membership.queries.standing import judgement, rule_at
from coopgov.membership.queries.terms import joining_terms
from coopgov.membership.routes import paying
from coopgov.membership.routes.paying import Chooser, Elsewhere
from coopgov.membership.routes.relieving import save_relief
from coopgov.membership.services import dues, joining
from coopgov.membership.services import relief as relief_services

bp = Blueprint("dues", __name__, url_prefix="/me/dues")
SAYINGS: Sayings = {
    "dues.changed": N_("Asked for: it holds from the next period on."),
    "dues.cancelled": N_("Cancelled: nothing is charged after the period that you have paid."),
    "dues.kept": N_("You go on paying as before."),
    "dues.relieved": N_("Saved. Nothing else changes: you keep your vote."),
    "dues.pays_again": N_("Thank you. Dues begin again today; nothing is owed for the time before."),
    "dues.claimed": N_("Thank you: the treasurer looks for your payment."),
    "dues.left": N_("Your membership has ended. Thank you for the time together."),
    "dues.dropped": N_("The choice is forgotten: nothing was paid, and nothing will be charged."),
}


@bp.get("")
@allow(SIGNED_IN)
def page(status: int = 200, paid_form: PaidForm | None = None) -> Response:
    viewer = current_viewer()
    facts = dues_page.dues_facts(viewer.party_id, viewer.is_member, received_at())
    return show("membership/dues.html", status, form=paid_form or PaidForm(told=False), **facts)


@bp.post("/paid-already")
@allow(SIGNED_IN, rerenders=True)
def say_paid() -> AnyResponse:
    form = PaidForm()
    if not form.validate():
        return page(422, form)
    with write_transaction():
        joining.say_paid(current_viewer().party_id, str(form.payer.data), received_at())
    return go("/me/dues", "dues.claimed")


# Choosing, and choosing anew


@bp.get("/choose")
@allow(SIGNED_IN)
def choice() -> AnyResponse:
    return _choice(_form())


@bp.post("/choose")
@allow(SIGNED_IN, rerenders=True)
def choose() -> AnyResponse:
    form, who = _form(), _chooser()
    if not form.validate():
        return _choice(form, 422)
    try:
        return _kept(form, who)
    except Refused as refused:
        paying.refuse(form, refused)
        return _choice(form, status_of(refused))
    except Elsewhere as elsewhere:
        form.complain(elsewhere.text)
        return _choice(form, elsewhere.status)


def _kept(form: ChoiceForm, who: Chooser) -> AnyResponse:
    """Somebody who pays changes it; somebody who does not is led to where they can."""
    _refuse_stranger()
    live = live_pledge(who.party_id)
    if live is not None:
        with write_transaction():
            dues.change(live, form.wish, who.party_id, received_at())
        return go("/me/dues", "dues.changed")
    if paying.take_paid(who.party_id):
        return go("/me/dues")
    return paying.way_on(paying.keep_choice(form, who).id, who)


def _refuse_stranger() -> None:
    """Only members, and people who are about to be, pay dues."""
    viewer = current_viewer()
    if not viewer.is_member and queries.waiting_application(viewer.party_id) is None:
        raise Refused("dues.not_asked")


def _chooser() -> Chooser:
    party_id = current_viewer().party_id
    waiting = queries.waiting_application(party_id)
    return Chooser(party_id, "/join/paid", "/me/dues", waiting.id if waiting else None)


def _form() -> ChoiceForm:
    party_id = current_viewer().party_id
    tiers, live = dues_page.choosable(party_id, received_at()), live_pledge(party_id)
    ways = dues_page.ways_to_pay(current_settings(), joining_terms())
    data: dict[str, Any] = {"source": ways[0] if ways else ""}
    if (before := dues_page.chosen_before(tiers, None, queries.promise_or_draft(party_id))) is not None:
        tier, amount, interval = before
        chosen = choice_of(tier, amount)
        data |= {"choice": chosen, "interval": interval, "amount": amount if chosen.endswith("own") else None}
    return ChoiceForm(tiers, [live.source] if live else ways, dues_page.currency(), data)


def _choice(form: ChoiceForm, status: int = 200) -> Response:
    party_id = current_viewer().party_id
    tiers = dues_page.choosable(party_id, received_at())
    ways = dues_page.ways_to_pay(current_settings(), joining_terms())
    facts = dues_page.choice_facts(tiers)
    live = live_pledge(party_id)
    can_pay = bool(tiers) and bool(ways or live)
    return show("membership/choose.html", status, form=form, live=live, can_pay=can_pay, **facts)


@bp.post("/drop")
@allow(SIGNED_IN)
def drop() -> AnyResponse:
    party_id = current_viewer().party_id
    with write_transaction():
        if (draft := draft_of(party_id)) is not None:
            dues.cancel(draft, party_id, received_at())
    return go("/me/dues", "dues.dropped")


@bp.post("/card")
@allow(SIGNED_IN)
def card() -> AnyResponse:
    """The way to Stripe's own page about card and invoices."""
    customer = customer_of(current_viewer().party_id, "stripe")
    stripe = connect(current_settings())
    if not customer or stripe is None:
        raise Refused("dues.nothing_to_cancel")
    db.session.remove()  # no transaction is open while the world is spoken to
    try:
        url = stripe.portal_url(customer, site_url("/me/dues"), current_language())
    except (ProviderDown, ProviderRefused):
        return show("membership/card.html", 503, url="")
    return show("membership/card.html", url=url)


# Cancelling and leaving


@bp.get("/cancel")
@allow(SIGNED_IN)
def ask_cancel() -> Response:
    pledge = _live()
    words = dues_page.until_words(judgement(current_viewer().party_id, received_at()), pledge.paid_until)
    return show("membership/cancel.html", form=BaseForm(), action="/me/dues/cancel", pledge=pledge, **words)


@bp.post("/cancel")
@allow(SIGNED_IN)
def cancel() -> AnyResponse:
    with write_transaction():
        dues.cancel(_live(), current_viewer().party_id, received_at())
    return go("/me/dues", "dues.cancelled")


@bp.post("/keep")
@allow(SIGNED_IN)
def keep() -> AnyResponse:
    with write_transaction():
        dues.keep_going(_live(), current_viewer().party_id, received_at())
    return go("/me/dues", "dues.kept")


def _live() -> Pledge:
    pledge = live_pledge(current_viewer().party_id)
    if pledge is None:
        raise Refused("dues.nothing_to_cancel")
    return pledge


@bp.get("/leave")
@allow(SIGNED_IN)
def ask_leave() -> Response:
    return _leaving(LeaveForm())


def _leaving(form: LeaveForm, status: int = 200) -> Response:
    if not current_viewer().is_member:
        raise Refused("member.not")
    pledges = queries.live_pledges(current_viewer().party_id)
    return show("membership/leave.html", status, form=form, pledges=pledges)


@bp.post("/leave")
@allow(SIGNED_IN, rerenders=True)
def leave() -> AnyResponse:
    form = LeaveForm()
    if not form.validate():
        return _leaving(form, 422)
    with write_transaction():
        dues.resign(current_viewer().party_id, received_at())
    return go("/me", "dues.left")


# Relief


@bp.get("/relief")
@allow(SIGNED_IN)
def ask_relief() -> Response:
    return _relief(_relief_form())


@bp.post("/relief")
@allow(SIGNED_IN, rerenders=True)
def take_relief() -> AnyResponse:
    form, party_id = _relief_form(), current_viewer().party_id
    if not form.validate():
        return _relief(form, 422)
    try:
        with write_transaction():
            save_relief(party_id, form, received_at())
    except Refused as refused:
        paying.refuse(form, refused)
        return _relief(form, status_of(refused))
    return go("/me/dues/relieved")


@bp.get("/relieved")
@allow(SIGNED_IN)
def relieved() -> Response:
    row = queries.last_relief(current_viewer().party_id)
    if row is None or row.ended_at is not None:
        raise NotFound
    return show("membership/relieved.html", relief=row, back="/me/dues")


@bp.post("/pay-again")
@allow(SIGNED_IN)
def pay_again() -> AnyResponse:
    party_id = current_viewer().party_id
    with write_transaction():
        relief_services.end_relief(party_id, party_id, received_at())
    return go("/me/dues" if live_pledge(party_id) else "/me/dues/choose", "dues.pays_again")


def _relief_form() -> ReliefForm:
    return ReliefForm(rule_at(received_at()).longest_pause_months, dues_page.currency())


def _relief(form: ReliefForm, status: int = 200) -> Response:
    sign = dues_page.currency_sign()
    return show("membership/relief.html", status, form=form, sign=sign, back="/me/dues", joins=False)


# Receipts


@bp.get("/receipts/<int:number>")
@allow(SIGNED_IN)
def receipt(number: int) -> Response:
    viewer = current_viewer()
    found = queries.receipt(viewer.party_id, number)
    if found is None:
        raise NotFound
    status = _(dues_page.RECEIPT_STATES[found.row.status])
    how = _(dues_page.SOURCES[found.row.source])
    return show("membership/receipt.html", receipt=found, state=status, how=how, person=party(viewer.party_id))


# On other pages


def _links(viewer: Viewer, _subject: int) -> Markup:
    return Markup(render_template("membership/_links.html", viewer=viewer))  # noqa: S704


PANELS = (Panel("me.links", _links),)
