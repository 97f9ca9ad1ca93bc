"""Between a choice and a payment: the pages that send somebody to a provider, and the look at what became of it.

The network is never spoken to inside a transaction: draft → provider's page → note of it, each by itself.
"""

from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response as AnyResponse

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.core.text import N_
from coopgov.funding.models import Pledge
from coopgov.funding.providers.base import CheckoutOrder, ProviderDown, ProviderRefused, Snapshot
from coopgov.funding.providers.opencollective.addresses import contribution_url
from coopgov.funding.providers.stripe.client import connect
from coopgov.funding.queries.pledges import draft_of
from coopgov.funding.services.ingest import apply
from coopgov.funding.services.pledges import checkout_order, note_checkout
from coopgov.identity.queries import recipient
from coopgov.infra.db import db, write_transaction
from coopgov.infra.i18n import current_language, money
from coopgov.infra.i18n import gettext as _
from coopgov.infra.settings import current_settings, site_url
from coopgov.infra.web.answers import text_of
from coopgov.infra.web.forms import BaseForm
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import show
from coopgov.membership.dues_page import reference_of
from coopgov.membership.forms.dues import ChoiceForm
from coopgov.membership.queries import dues as queries
from coopgov.membership.queries.terms import joining_terms
from coopgov.membership.queries.tiers import tier_of
from coopgov.membership.rules.tiers import next_period
from coopgov.membership.services.dues import choose
from coopgov.membership.services.joining import admit_payer, reopen

DOWN = N_("Stripe does not answer just now. Your choice is kept: try again in a moment.")
TURNED_DOWN = N_("Stripe did not take this. Your choice is kept: try another amount or way, or write to us.")


class Elsewhere(Exception):
    """The provider could not be used; the text is for the reader, and the choice is kept."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text, self.status = text, status


@dataclass(frozen=True)
class Chooser:
    """Who chooses, and where they come back to. ``paid`` and ``back`` are paths; ``application_id`` while joining."""

    party_id: int
    paid: str
    back: str
    application_id: int | None = None


def keep_choice(form: ChoiceForm, who: Chooser) -> Pledge:
    """The draft with what the form says. Raises Refused; Elsewhere is for the page that comes next."""
    with write_transaction() as session:
        if who.application_id is not None and (row := queries.application(who.application_id)):
            reopen(row, received_at())
        pledge = choose(who.party_id, form.wish, form.way, received_at())
        session.flush()
        return pledge


def refuse(form: BaseForm, refused: Refused) -> None:
    """Puts the refusal beside its field; sums among its facts are written as the reader writes them."""
    shown = {key: money(fact) if isinstance(fact, Money) else fact for key, fact in refused.facts.items()}
    form.refuse(refused, text_of(Refused(refused.reason, refused.field, **shown)))


def take_paid(party_id: int) -> bool:
    """Looks whether the page that was opened for the party's draft has been paid meanwhile, so that a second tab
    begins no second payment; True when it has. A provider that does not answer is asked again later."""
    draft = draft_of(party_id, "stripe")
    if draft is None or not draft.checkout_id:
        return False
    try:
        look_and_take(draft.checkout_id, party_id)
    except (ProviderDown, ProviderRefused):
        return False
    return draft_of(party_id, "stripe") is None


def look_and_take(checkout_id: str, party_id: int | None) -> None:
    """Asks Stripe what became of its page and writes that down, with the admission that follows from it."""
    found = _look(checkout_id)
    if found is None:
        return
    with write_transaction():
        apply(found, received_at())
        if party_id is not None:
            admit_payer(party_id, received_at())


def take_forgotten(checkout_id: str, party_id: int) -> bool:
    """As ``look_and_take`` for a page that another choice of the party has replaced: it was paid all the same.

    False, and nothing written, when Stripe knows no such page or it is not the party's.
    """
    try:
        found = _look(checkout_id)
    except ProviderRefused:
        return False
    if found is None or not queries.are_pledges_of(party_id, [pledge.pledge_id for pledge in found.pledges]):
        return False
    with write_transaction():
        apply(found, received_at())
        admit_payer(party_id, received_at())
    return True


def _look(checkout_id: str) -> Snapshot | None:
    stripe = connect(current_settings())
    db.session.remove()  # no transaction is open while the world is spoken to
    return stripe.look_at_checkout(checkout_id) if stripe else None


def way_on(pledge_id: int, who: Chooser) -> AnyResponse:
    """The page that leads to where the draft is paid. Raises Elsewhere when its provider cannot be used."""
    pledge = queries.pledge(pledge_id)
    assert pledge is not None
    if pledge.source == "bank":
        return _by_transfer(pledge, who)
    if pledge.source == "opencollective":
        return _at_open_collective(pledge, who)
    url = _checkout_url(pledge, who)
    return _continue(pledge_id, who, url)


def _checkout_url(pledge: Pledge, who: Chooser) -> str:
    order = _order(pledge, who)
    try:
        stripe = connect(current_settings())
        db.session.remove()
        checkout = stripe.open_checkout(order) if stripe else None
    except ProviderDown:
        raise Elsewhere(_(DOWN), 503) from None
    except ProviderRefused:
        raise Elsewhere(_(TURNED_DOWN), 422) from None
    if checkout is None:
        raise Elsewhere(_(TURNED_DOWN), 422)
    with write_transaction():
        is_wanted = note_checkout(order.pledge_id, checkout, received_at(), order.key)
    if not is_wanted:
        raise Elsewhere(_("You have chosen something else in another tab meanwhile: please choose again."), 409)
    return checkout.url


def _order(pledge: Pledge, who: Chooser) -> CheckoutOrder:
    person = recipient(who.party_id)
    return checkout_order(
        pledge,
        person.email if person else "",
        person.name if person else "",
        current_language(),
        site_url(who.paid),
        site_url(who.back),
    )


def _continue(pledge_id: int, who: Chooser, url: str) -> AnyResponse:
    return show("membership/pay.html", url=url, **_summary(pledge_id, who))


def _at_open_collective(pledge: Pledge, who: Chooser) -> AnyResponse:
    """Its page carries our claim code, by which the order names its member whoever pays it."""
    tier, person = tier_of(pledge.product), recipient(who.party_id)
    url = contribution_url(
        pledge,
        current_settings(),
        site_url(f"{who.back}?from={pledge.source}"),
        tier=tier.oc_tier if tier else "",
        email=person.email if person else "",
        name=person.name if person else "",
    )
    return show("membership/pay_opencollective.html", url=url, **_summary(pledge.id, who))


def _by_transfer(pledge: Pledge, who: Chooser) -> AnyResponse:
    terms = joining_terms()
    words = terms.by_hand if terms else ""
    return show(
        "membership/transfer.html", words=words, reference=reference_of(who.party_id), **_summary(pledge.id, who)
    )


def _summary(pledge_id: int, who: Chooser) -> dict[str, Any]:
    pledge, today = queries.pledge(pledge_id), received_at().date()
    assert pledge is not None
    return {
        "pledge": pledge,
        "tier": tier_of(pledge.product),
        "next_on": next_period(today, pledge.interval),
        "back": who.back,
        "joins": who.application_id is not None,
    }
