"""Shapes: what the fake sends is what the SDK's own classes know; what it takes is what the SDK sends."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stripe._object_classes import get_object_class

from coopgov.fakes.stripe import shapes
from coopgov.fakes.stripe.dispatch import ENDPOINTS
from coopgov.fakes.stripe.parameters import gone
from coopgov.fakes.stripe.world import World
from tests.fakes.stripe.conftest import DAY, SECRET

READ: dict[str, str] = {  # the fields that a client of ours reads
    "customer": "id email name metadata deleted",
    "product": "id name active metadata",
    "price": "id currency unit_amount recurring product type",
    "checkout.session": "id url status payment_status mode customer subscription invoice metadata client_reference_id "
    "amount_total currency expires_at livemode customer_details payment_intent setup_intent",
    "subscription": "id status customer items metadata latest_invoice cancel_at cancel_at_period_end canceled_at "
    "ended_at pause_collection default_payment_method trial_end status_details currency livemode cancellation_details",
    "subscription_item": "id price quantity current_period_start current_period_end subscription",
    "invoice": "id status customer total amount_due amount_paid amount_remaining currency parent lines number "
    "hosted_invoice_url invoice_pdf billing_reason status_transitions attempt_count next_payment_attempt metadata "
    "livemode created",
    "line_item": "id amount currency period parent pricing quantity description",
    "invoice_payment": "id invoice payment status amount_paid amount_requested currency",
    "charge": "id amount amount_refunded refunded disputed balance_transaction payment_intent customer status paid "
    "failure_code failure_message payment_method_details currency created receipt_url",
    "balance_transaction": "id amount fee net currency type source created available_on status fee_details "
    "reporting_category",
    "payment_intent": "id amount amount_received status latest_charge customer payment_method last_payment_error "
    "next_action currency",
    "payment_method": "id type customer",
    "refund": "id amount charge payment_intent status balance_transaction failure_reason failure_balance_transaction",
    "dispute": "id amount charge payment_intent status reason balance_transactions",
    "payout": "id amount currency status arrival_date automatic balance_transaction failure_code",
    "event": "id type api_version livemode created data request pending_webhooks",
    "webhook_endpoint": "id url enabled_events status api_version",
    "billing_portal.session": "id url customer return_url configuration flow",
    "billing_portal.configuration": "id features is_default active",
    "balance": "available pending livemode",
    "setup_intent": "id status payment_method customer",
    "item": "id price quantity amount_total description currency",
}
CREATED_BY = {  # our call → module and class of the SDK's parameters
    ("POST", "/v1/customers"): ("_customer_create_params", "CustomerCreateParams"),
    ("GET", "/v1/customers"): ("_customer_list_params", "CustomerListParams"),
    ("POST", "/v1/customers/{}"): ("_customer_update_params", "CustomerUpdateParams"),
    ("POST", "/v1/products"): ("_product_create_params", "ProductCreateParams"),
    ("POST", "/v1/products/{}"): ("_product_update_params", "ProductUpdateParams"),
    ("GET", "/v1/products"): ("_product_list_params", "ProductListParams"),
    ("POST", "/v1/prices"): ("_price_create_params", "PriceCreateParams"),
    ("POST", "/v1/prices/{}"): ("_price_update_params", "PriceUpdateParams"),
    ("GET", "/v1/prices"): ("_price_list_params", "PriceListParams"),
    ("POST", "/v1/payment_methods"): ("_payment_method_create_params", "PaymentMethodCreateParams"),
    ("GET", "/v1/payment_methods"): ("_payment_method_list_params", "PaymentMethodListParams"),
    ("POST", "/v1/checkout/sessions"): ("checkout._session_create_params", "SessionCreateParams"),
    ("GET", "/v1/checkout/sessions"): ("checkout._session_list_params", "SessionListParams"),
    ("POST", "/v1/billing_portal/sessions"): ("billing_portal._session_create_params", "SessionCreateParams"),
    ("POST", "/v1/billing_portal/configurations"): (
        "billing_portal._configuration_create_params",
        "ConfigurationCreateParams",
    ),
    ("POST", "/v1/subscriptions"): ("_subscription_create_params", "SubscriptionCreateParams"),
    ("POST", "/v1/subscriptions/{}"): ("_subscription_update_params", "SubscriptionUpdateParams"),
    ("GET", "/v1/subscriptions"): ("_subscription_list_params", "SubscriptionListParams"),
    ("DELETE", "/v1/subscriptions/{}"): ("_subscription_cancel_params", "SubscriptionCancelParams"),
    ("POST", "/v1/subscriptions/{}/resume"): ("_subscription_resume_params", "SubscriptionResumeParams"),
    ("GET", "/v1/invoices"): ("_invoice_list_params", "InvoiceListParams"),
    ("POST", "/v1/invoices/{}/pay"): ("_invoice_pay_params", "InvoicePayParams"),
    ("POST", "/v1/invoices/{}/finalize"): ("_invoice_finalize_invoice_params", "InvoiceFinalizeInvoiceParams"),
    ("POST", "/v1/invoices/create_preview"): ("_invoice_create_preview_params", "InvoiceCreatePreviewParams"),
    ("GET", "/v1/invoice_payments"): ("_invoice_payment_list_params", "InvoicePaymentListParams"),
    ("POST", "/v1/payment_intents"): ("_payment_intent_create_params", "PaymentIntentCreateParams"),
    ("POST", "/v1/payment_intents/{}/confirm"): ("_payment_intent_confirm_params", "PaymentIntentConfirmParams"),
    ("GET", "/v1/payment_intents"): ("_payment_intent_list_params", "PaymentIntentListParams"),
    ("GET", "/v1/charges"): ("_charge_list_params", "ChargeListParams"),
    ("POST", "/v1/refunds"): ("_refund_create_params", "RefundCreateParams"),
    ("GET", "/v1/refunds"): ("_refund_list_params", "RefundListParams"),
    ("GET", "/v1/disputes"): ("_dispute_list_params", "DisputeListParams"),
    ("GET", "/v1/balance_transactions"): ("_balance_transaction_list_params", "BalanceTransactionListParams"),
    ("POST", "/v1/payouts"): ("_payout_create_params", "PayoutCreateParams"),
    ("GET", "/v1/payouts"): ("_payout_list_params", "PayoutListParams"),
    ("GET", "/v1/events"): ("_event_list_params", "EventListParams"),
    ("POST", "/v1/webhook_endpoints"): ("_webhook_endpoint_create_params", "WebhookEndpointCreateParams"),
    ("POST", "/v1/webhook_endpoints/{}"): ("_webhook_endpoint_update_params", "WebhookEndpointUpdateParams"),
}


def busy_world(world: World) -> World:
    """A world in which everything that there is has happened."""
    world.add_endpoint("http://coop.example/hook", SECRET)
    product = world.request("POST", "/v1/products", {"name": "Membership"})["id"]
    data = {"currency": "gbp", "product": product, "unit_amount": 30_000, "recurring": {"interval": "month"}}
    plain: dict[str, Any] = {"success_url": "http://coop.example/"}
    line = {"line_items": [{"quantity": 1, "price_data": data}], "mode": "subscription"}
    sessions = [world.request("POST", "/v1/checkout/sessions", plain | line) for _ in range(4)]
    for session, behaviour in zip(sessions, ("works", "bacs_works", "bacs_fails", "confirm"), strict=True):
        world.pay(session["id"], behaviour, confirmed=True)
    setup = world.request("POST", "/v1/checkout/sessions", plain | {"mode": "setup", "currency": "gbp"})
    world.pay(setup["id"])
    customer = world.request("GET", "/v1/customers")["data"][-1]["id"]
    world.request("POST", "/v1/billing_portal/sessions", {"customer": customer})
    charges = [row for row in world.request("GET", "/v1/charges")["data"] if row["status"] == "succeeded"]
    world.request("POST", "/v1/refunds", {"charge": charges[0]["id"], "amount": 100})
    world.dispute(charges[1]["id"])
    world.advance(40 * DAY)
    assert world.pay_out()
    world.advance(40 * DAY)
    return world


def objects_in(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        if isinstance(found.get("object"), str) and found["object"] not in ("list", "plan"):
            yield found
        for inner in found.values():
            yield from objects_in(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from objects_in(inner)


def test_every_object_has_the_fields_that_the_sdk_knows_and_those_that_we_read(world: World) -> None:
    busy_world(world)
    seen = set()
    paths = {end.path for end in ENDPOINTS if end.method == "GET" and "{}" not in end.path}
    paths.discard("/v1/payment_methods")
    for path in sorted(paths):
        for found in objects_in(world.request("GET", path, {"limit": 100} if path != "/v1/balance" else {})):
            kind = found["object"]
            known = set(get_object_class("V1", kind).__annotations__) | {"object"}
            assert found.keys() <= known, (kind, found.keys() - known)
            assert set(READ[kind].split()) - {"deleted"} <= found.keys(), kind
            seen.add(kind)
    sessions = world.request("GET", "/v1/checkout/sessions", {"expand": ["data.line_items", "data.setup_intent"]})
    seen |= {found["object"] for found in objects_in(sessions)}
    assert set(READ) - {"payment_method", "billing_portal.session"} <= seen


def test_what_is_paged_is_read_and_what_is_read_is_an_object() -> None:
    assert {name for name in READ if name != "balance"} <= set(shapes.PREFIXES)


@pytest.mark.parametrize("call", sorted(CREATED_BY), ids=" ".join)
def test_a_call_takes_nothing_that_the_sdk_would_not_send(call: tuple[str, str]) -> None:
    (end,) = [end for end in ENDPOINTS if (end.method, end.path) == call]
    module, name = CREATED_BY[call]
    assert list(_beyond(end.schema, importlib.import_module(f"stripe.params.{module}"), name)) == []


def _beyond(schema: Any, module: Any, name: str) -> Iterator[str]:
    """Parameters in ``schema`` that the SDK's TypedDict ``name`` has not, at any depth."""
    known = getattr(module, name).__annotations__
    for key, reader in schema.items():
        inner = reader[0] if isinstance(reader, list) else reader
        if key not in known:
            if reader is not gone:
                yield f"{name}.{key}"
        elif isinstance(inner, dict):
            inside = [n for n in re.findall(r"\w+Params\w+", str(known[key])) if hasattr(module, n)]
            yield from _beyond(inner, module, inside[0])


def test_every_event_that_we_handle_is_one_that_the_sdk_can_ask_for(world: World) -> None:
    module = importlib.import_module("stripe.params._webhook_endpoint_create_params")
    known = str(module.WebhookEndpointCreateParams.__annotations__["enabled_events"])
    told = {event["type"] for event in busy_world(world).told()}
    assert [name for name in told if f"'{name}'" not in known] == []
    assert len(told) > 25


def test_shapes_come_from_stripes_own_examples_and_say_so() -> None:
    folder = Path(shapes.__file__).parent
    assert "The MIT License" in (folder / "shapes.LICENSE.txt").read_text()
    assert "stripe/openapi" in (folder / "shapes.ORIGIN.txt").read_text()
    assert set(shapes.PREFIXES) | {"plan"} == set(json.loads((folder / "shapes.json").read_text()))
