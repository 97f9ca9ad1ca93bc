"""Our client's calls at localstripe, a fake that none of us wrote, as far as it can answer them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from coopgov.core.money import Money
from coopgov.funding.providers.base import ProviderRefused
from coopgov.funding.providers.stripe import reading
from coopgov.funding.providers.stripe.client import Stripe
from coopgov.funding.providers.stripe.reading import Ours
from coopgov.funding.providers.stripe.sdk import Missing, client, pages, plainly
from tests.fakes.stripe.test_stripe_contract import theirs

__all__ = ["theirs"]  # the fixture that starts localstripe
INSTANCE = {"instance": "here"}


@pytest.fixture
def stripe(theirs: str) -> Iterator[Stripe]:
    v1 = client("sk_test_x", theirs, True).v1
    yield Stripe(v1, Ours("here", False, ZoneInfo("Europe/London")), lambda: datetime.now(UTC))


def subscribed(stripe: Stripe) -> dict[str, Any]:
    """A paid subscription to a plan: localstripe sells no prices and knows no Checkout."""
    v1 = stripe.v1
    name = stripe._product("tier:1", "Member")
    plan = plainly(v1.plans.create, amount=300, currency="gbp", interval="month", product=name)
    customer = plainly(v1.customers.create, email="ada@example.org", name="Ada", metadata=INSTANCE, key="cust-1")
    method = plainly(
        v1.payment_methods.create,
        type="card",
        card={"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"},
    )
    plainly(v1.payment_methods.attach, method["id"], customer=customer["id"])
    plainly(v1.customers.update, customer["id"], invoice_settings={"default_payment_method": method["id"]})
    return plainly(v1.subscriptions.create, customer=customer["id"], items=[{"plan": plan["id"]}], metadata=INSTANCE)


def test_our_products_are_made_once_and_found_again(stripe: Stripe) -> None:
    assert stripe._product("tier:1", "Member") == stripe._product("tier:1", "Member") == "coopgov-here-tier-1"


def test_what_is_not_there_is_missing(stripe: Stripe) -> None:
    with pytest.raises(Missing):
        plainly(stripe.v1.subscriptions.retrieve, "sub_unknown")


def test_lists_are_paged(stripe: Stripe) -> None:
    for name in ("Ada", "Ben", "Cy"):
        plainly(stripe.v1.customers.create, name=name)
    assert {row["name"] for row in pages(stripe.v1.customers.list, limit=1)} >= {"Ada", "Ben", "Cy"}


def test_a_payment_goes_back_and_the_refund_is_read(stripe: Stripe) -> None:
    sold = subscribed(stripe)
    assert sold["status"] == "active"
    invoice = plainly(stripe.v1.invoices.list, subscription=sold["id"])["data"][0]
    assert invoice["status"] == "paid"
    made = plainly(stripe.v1.refunds.create, payment_intent=invoice["payment_intent"], amount=100, key="refund-1-1")
    refund = reading.refund(plainly(stripe.v1.refunds.retrieve, made["id"]))
    assert (refund.amount, refund.payment, refund.status) == (Money(100, "GBP"), made["charge"], "succeeded")


def test_leaving_at_once_ends_the_subscription(stripe: Stripe) -> None:
    sold = subscribed(stripe)
    ended = plainly(stripe.v1.subscriptions.cancel, sold["id"])
    assert ended["status"] == "canceled"


def test_a_foreign_subscription_stays_foreign(stripe: Stripe) -> None:
    sold = subscribed(stripe)
    other = Stripe(stripe.v1, Ours("elsewhere", False, ZoneInfo("UTC")), stripe.clock)
    problem = other.ours.problem(sold)
    assert problem is not None
    assert problem.kind == "foreign"


def test_a_refund_of_nothing_that_exists_is_refused(stripe: Stripe) -> None:
    with pytest.raises(ProviderRefused):
        stripe.refund("ch_unknown", Money(100, "GBP"), "refund-2-1")
