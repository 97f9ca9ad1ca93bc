"""The API's calls about subscriptions."""

from typing import Any

from coopgov.fakes.stripe import changes
from coopgov.fakes.stripe.calls import Endpoint, fetching
from coopgov.fakes.stripe.catalogue import PRICE_DATA
from coopgov.fakes.stripe.changes import own_method, recurring_price
from coopgov.fakes.stripe.collecting import collect
from coopgov.fakes.stripe.customers import living
from coopgov.fakes.stripe.dunning import end
from coopgov.fakes.stripe.errors import StripeRefusal, declined
from coopgov.fakes.stripe.events import record
from coopgov.fakes.stripe.invoices import draft, finalize
from coopgov.fakes.stripe.methods import behaviour_of
from coopgov.fakes.stripe.parameters import (
    LIST,
    Params,
    Schema,
    flag,
    mapping,
    merged_metadata,
    moment_or_now,
    one_of,
    period,
    required,
    text,
    whole,
)
from coopgov.fakes.stripe.payments import Outcome
from coopgov.fakes.stripe.periods import DAY
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.subscriptions import (
    begin,
    first_invoice,
    full_lines,
    is_alive,
    move_period,
    next_end,
    watch_period,
)
from coopgov.fakes.stripe.views import page_of

STATUSES = ("incomplete", "incomplete_expired", "trialing", "active", "past_due", "canceled", "unpaid", "paused")
BEHAVIOURS = ("allow_incomplete", "default_incomplete", "error_if_incomplete")
_ITEM: Schema = {"price": text, "price_data": PRICE_DATA, "quantity": whole, "metadata": mapping}
_SHARED: Schema = {
    "cancel_at": whole,
    "cancel_at_period_end": flag,
    "default_payment_method": text,
    "description": text,
    "metadata": mapping,
    "off_session": flag,
    "payment_behavior": text,
    "proration_behavior": text,
    "trial_end": moment_or_now,
    "collection_method": text,
}
_CREATE = _SHARED | {
    "customer": text,
    "currency": text,
    "items": [_ITEM],
    "billing_cycle_anchor": whole,
    "trial_period_days": whole,
}
_DETAILS: Schema = {"comment": text, "feedback": text}
_UPDATE = _SHARED | {
    "items": [_ITEM | {"id": text, "deleted": flag}],
    "billing_cycle_anchor": moment_or_now,
    "cancellation_details": _DETAILS,
    "pause_collection": {"behavior": text, "resumes_at": whole},
}


def create(store: Store, params: Params) -> Object:
    """A subscription, its first invoice collected as ``payment_behavior`` says."""
    customer = living(store, required(params, "customer"))
    items = required(params, "items")
    lines = [(recurring_price(store, item, f"items[{n}]"), item.get("quantity") or 1) for n, item in enumerate(items)]
    _charged_automatically(params)
    behaviour = one_of(params.get("payment_behavior") or "allow_incomplete", BEHAVIOURS, "payment_behavior")
    method = params.get("default_payment_method")
    if method:
        own_method(store, customer["id"], method)
    trial_end = _trial_end(store, params)
    free = trial_end is not None or (params.get("proration_behavior") == "none" and "billing_cycle_anchor" in params)
    if not free and behaviour != "default_incomplete":
        _require_method(store, customer, method, behaviour)
    subscription = begin(
        store,
        customer,
        lines,
        metadata=merged_metadata({}, params.get("metadata")),
        method=method or None,
        trial_end=trial_end,
        anchor=_anchor(store, params),
        description=params.get("description"),
    )
    _plan_leaving(store, subscription, params)
    invoice = first_invoice(store, subscription, prorate=params.get("proration_behavior") != "none")
    if behaviour != "default_incomplete" or invoice["status"] == "paid":
        collect(store, invoice)
    return subscription


def _plan_leaving(store: Store, subscription: Object, params: Params) -> None:
    leaving = {name: params[name] for name in ("cancel_at", "cancel_at_period_end") if params.get(name)}
    if leaving:
        changes.update(store, leaving, subscription["id"])


def _trial_end(store: Store, params: Params) -> int | None:
    if params.get("trial_period_days"):
        return store.now + int(params["trial_period_days"]) * DAY
    trial_end = params.get("trial_end")
    if trial_end in (None, "now"):
        return None
    return _future(store, trial_end, "trial_end")


def _anchor(store: Store, params: Params) -> int | None:
    anchor = params.get("billing_cycle_anchor")
    return None if anchor is None else _future(store, anchor, "billing_cycle_anchor")


def _future(store: Store, instant: Any, name: str) -> int:
    if instant <= store.now:
        raise StripeRefusal(f"{name} must be a timestamp in the future.", param=name)
    return int(instant)


def _require_method(store: Store, customer: Object, method: str | None, behaviour: str) -> None:
    method = method or customer["invoice_settings"]["default_payment_method"]
    if not method:
        words = "This customer has no attached payment source or default payment method."
        raise StripeRefusal(words, code="resource_missing")
    if behaviour == "error_if_incomplete" and behaviour_of(store, method) in ("declines", "confirm"):
        raise declined("Your card was declined.", "card_declined", "generic_decline")


def listed(store: Store, params: Params) -> Object:
    """Subscriptions, newest first; without ``status``, those that have not been cancelled."""
    rows = store.rows("subscription", **({"customer": params["customer"]} if params.get("customer") else {}))
    status = params.get("status")
    if status == "ended":
        rows = [row for row in rows if not is_alive(row)]
    elif status and status != "all":
        rows = [row for row in rows if row["status"] == one_of(status, STATUSES, "status")]
    elif not status:
        rows = [row for row in rows if row["status"] != "canceled"]
    if params.get("price"):
        rows = [row for row in rows if any(i["price"]["id"] == params["price"] for i in row["items"]["data"])]
    return page_of(store, rows, params, "/v1/subscriptions")


def _charged_automatically(params: Params) -> None:
    one_of(params.get("collection_method") or "charge_automatically", ("charge_automatically",), "collection_method")


def update(store: Store, params: Params, subscription_id: str) -> Object:
    """The subscription, changed."""
    _charged_automatically(params)
    one_of(params.get("payment_behavior") or "allow_incomplete", BEHAVIOURS[:2], "payment_behavior")
    return changes.update(store, params, subscription_id)


def cancel(store: Store, params: Params, subscription_id: str) -> Object:
    """The subscription, ended now."""
    subscription = store.get("subscription", subscription_id)
    if not is_alive(subscription):
        raise StripeRefusal(f"No such subscription: {subscription_id}", code="resource_missing", param="id", status=404)
    details = params.get("cancellation_details") or {}
    subscription["cancellation_details"] |= {name: words or None for name, words in details.items()}
    end(store, subscription, "cancellation_requested")
    return subscription


def resume(store: Store, _params: Params, subscription_id: str) -> Object:
    """A paused subscription begins a new period, when that can be paid."""
    subscription = store.get("subscription", subscription_id)
    if subscription["status"] != "paused":
        raise StripeRefusal("You can only resume a subscription that is paused.", param="id")
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    subscription["billing_cycle_anchor"] = store.now
    move_period(subscription, store.now, next_end(subscription, recurring, store.now))
    lines = full_lines(store, subscription)
    invoice = draft(store, subscription, lines, "subscription_update", store.now, store.now)
    subscription["latest_invoice"] = invoice["id"]
    finalize(store, invoice)
    if collect(store, invoice) in (Outcome.PAID, Outcome.PENDING):
        subscription.update(status="active", status_details=None)
        record(store, "customer.subscription.resumed", subscription)
        watch_period(store, subscription)
    return subscription


def delete_customer(store: Store, _params: Params, customer_id: str) -> Object:
    """The customer is gone, and their subscriptions end."""
    customer = living(store, customer_id, "id")
    for subscription in store.rows("subscription", customer=customer_id):
        if is_alive(subscription):
            end(store, subscription, "cancellation_requested")
    store.notes(customer_id)["deleted"] = True
    record(store, "customer.deleted", customer)
    return {"id": customer_id, "object": "customer", "deleted": True}


_FILTERS = LIST | {"customer": text, "status": text, "price": text, "created": period}
ENDPOINTS = (
    Endpoint("POST", "/v1/subscriptions", _CREATE, create),
    Endpoint("GET", "/v1/subscriptions", _FILTERS, listed),
    fetching("subscription", "/v1/subscriptions"),
    Endpoint("POST", "/v1/subscriptions/{}", _UPDATE, update),
    Endpoint("POST", "/v1/subscriptions/{}/resume", {"billing_cycle_anchor": text, "proration_behavior": text}, resume),
    Endpoint(
        "DELETE",
        "/v1/subscriptions/{}",
        {"cancellation_details": _DETAILS, "invoice_now": flag, "prorate": flag},
        cancel,
    ),
    Endpoint("DELETE", "/v1/customers/{}", {}, delete_customer),
)
