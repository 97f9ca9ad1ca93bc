"""The same SDK calls to our fake and to localstripe, another one, give the same results where both can answer.

They differ where localstripe is older: it sells plans, not prices; it keeps metadata that was emptied; it answers a
second cancellation; it forgets a deleted customer and a subscription's new metadata. None of that is asked here.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from coopgov.fakes.stripe.server import running
from coopgov.fakes.stripe.world import World
from tests.fakes.stripe.conftest import NOW, sdk_for

LOCALSTRIPE = """
import sys
from aiohttp import web
from localstripe.server import app
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
Selling = Callable[[Any, str], dict[str, str]]


def a_plan(api: Any, product: str) -> dict[str, str]:
    """How localstripe sells £3 a month."""
    plan = api.plans.create({"amount": 300, "currency": "gbp", "interval": "month", "product": product})
    return {"plan": plan.id}


def a_price(api: Any, product: str) -> dict[str, str]:
    """How Stripe does."""
    recurring = {"interval": "month"}
    price = api.prices.create({"unit_amount": 300, "currency": "gbp", "recurring": recurring, "product": product})
    return {"price": price.id}


@pytest.fixture
def ours() -> Iterator[str]:
    with running(World(now=NOW, seed=5)) as url:
        yield url


@pytest.fixture
def theirs() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", LOCALSTRIPE, str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("localstripe did not start")


def refusal(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(stripe.StripeError) as refused:
        call()
    assert refused.value.http_status is not None
    return type(refused.value).__name__, refused.value.http_status


def customers(api: Any, _sold: Selling) -> Iterator[Any]:
    made = api.customers.create({"email": "a@example.org", "name": "A", "metadata": {"k": "v"}})
    yield made.email, made.name, made.metadata.to_dict(), made.livemode, made.object
    api.customers.create({"email": "b@example.org"})
    yield [row.id == made.id for row in api.customers.list({"email": "a@example.org"}).data]
    yield [row.email for row in api.customers.list().auto_paging_iter()].count("b@example.org")
    changed = api.customers.update(made.id, {"name": "B", "metadata": {"l": "w"}})
    yield changed.id == made.id, changed.name, changed.metadata.to_dict()
    yield api.customers.retrieve(made.id).name
    yield refusal(lambda: api.customers.retrieve("cus_none"))
    yield refusal(lambda: api.customers.create({"colour": "red"}))
    yield api.customers.delete(made.id).deleted


def products(api: Any, _sold: Selling) -> Iterator[Any]:
    made = api.products.create({"name": "Membership", "metadata": {"tier": "1"}})
    yield made.name, made.active, made.metadata.to_dict(), made.object
    yield api.products.retrieve(made.id).id == made.id
    yield [row.name for row in api.products.list().data]
    yield refusal(lambda: api.products.create({}))


def cards(api: Any, _sold: Selling) -> Iterator[Any]:
    customer = api.customers.create({})
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2039, "cvc": "123"}
    made = api.payment_methods.create({"type": "card", "card": card})
    yield made.type, made.card.brand, made.card.last4, made.customer
    yield api.payment_methods.attach(made.id, {"customer": customer.id}).customer == customer.id
    yield api.payment_methods.attach("pm_card_visa", {"customer": customer.id}).card.last4
    yield len(api.payment_methods.list({"customer": customer.id, "type": "card"}).data)
    chosen = {"invoice_settings": {"default_payment_method": made.id}}
    yield api.customers.update(customer.id, chosen).invoice_settings.default_payment_method == made.id
    yield api.payment_methods.detach(made.id).customer
    yield len(api.payment_methods.list({"customer": customer.id, "type": "card"}).data)
    yield refusal(lambda: api.payment_methods.retrieve("pm_none"))


def payments(api: Any, _sold: Selling) -> Iterator[Any]:
    customer = api.customers.create({})
    plain = {"amount": 500, "currency": "gbp", "customer": customer.id}

    def paid_by(number: str) -> Any:
        card = {"number": number, "exp_month": 12, "exp_year": 2039, "cvc": "123"}
        method = api.payment_methods.create({"type": "card", "card": card})
        return api.payment_intents.create(plain | {"payment_method": method.id, "confirm": True})

    made = paid_by("4242424242424242")
    yield made.status, made.amount, made.currency, made.customer == customer.id, made.object
    yield api.payment_intents.retrieve(made.id).status
    yield paid_by("4000002500003155").status
    yield refusal(lambda: paid_by("4000000000000341"))
    waiting = api.payment_intents.create(plain)
    yield waiting.status
    yield api.payment_intents.cancel(waiting.id).status
    yield refusal(lambda: api.payment_intents.confirm(waiting.id))


def refunds(api: Any, _sold: Selling) -> Iterator[Any]:
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2039, "cvc": "123"}
    method = api.payment_methods.create({"type": "card", "card": card})
    intent = api.payment_intents.create(
        {"amount": 500, "currency": "gbp", "payment_method": method.id, "confirm": True}
    )
    made = api.refunds.create({"payment_intent": intent.id, "amount": 200})
    yield made.amount, made.currency, made.status, made.payment_intent == intent.id, made.object
    yield [row.amount for row in api.refunds.list({"payment_intent": intent.id}).data]
    yield api.refunds.retrieve(made.id).charge == made.charge
    charge = api.charges.retrieve(made.charge)
    yield charge.amount, charge.amount_refunded, charge.refunded, charge.status, charge.paid, charge.captured
    entry = api.balance_transactions.retrieve(made.balance_transaction)
    yield entry.amount, entry.net, entry.type, entry.reporting_category, entry.source == made.id
    yield refusal(lambda: api.refunds.create({}))


def subscriptions(api: Any, sold: Selling) -> Iterator[Any]:
    customer = api.customers.create({})
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    api.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    item = sold(api, api.products.create({"name": "Membership"}).id)
    made = api.subscriptions.create({"customer": customer.id, "items": [item], "metadata": {"member": "7"}})
    yield made.status, made.customer == customer.id, made.metadata.to_dict(), made.cancel_at_period_end
    yield [(row.quantity, row.id[:3]) for row in made["items"].data]
    yield api.subscriptions.retrieve(made.id).id == made.id
    yield [row.id == made.id for row in api.subscriptions.list({"customer": customer.id}).data]
    yield from the_invoice(api, made)
    leaving = api.subscriptions.update(made.id, {"cancel_at_period_end": True})
    yield leaving.cancel_at_period_end, leaving.status, leaving.metadata["member"]
    gone = api.subscriptions.cancel(made.id)
    yield gone.status, gone.ended_at is not None
    yield len(api.subscriptions.list({"customer": customer.id}).data)
    yield len(api.subscriptions.list({"customer": customer.id, "status": "canceled"}).data)
    yield refusal(lambda: api.subscriptions.retrieve("sub_none"))
    told = {event.type for event in api.events.list({"limit": 100}).data}
    yield {"customer.created", "customer.subscription.created", "customer.subscription.deleted"} <= told


def the_invoice(api: Any, subscription: Any) -> Iterator[Any]:
    invoice = api.invoices.retrieve(subscription.latest_invoice)
    yield (
        invoice.status,
        invoice.total,
        invoice.amount_due,
        invoice.amount_paid,
        invoice.attempt_count,
        invoice.attempted,
    )
    yield invoice.parent.subscription_details.subscription == subscription.id
    yield [(row.amount, row.quantity, row.currency) for row in invoice.lines.data]
    yield [row.id == invoice.id for row in api.invoices.list({"customer": subscription.customer}).data]
    yield refusal(lambda: api.invoices.pay(invoice.id))
    yield refusal(lambda: api.invoices.retrieve("in_none"))


STORIES = (customers, products, cards, payments, refunds, subscriptions)


def test_both_fakes_tell_the_same_stories(ours: str, theirs: str) -> None:
    ours_api, theirs_api = sdk_for(ours).v1, sdk_for(theirs).v1
    for story in STORIES:
        told_here, told_there = list(story(ours_api, a_price)), list(story(theirs_api, a_plan))
        assert told_here == told_there, story.__name__
        assert len(told_here) >= 4
