"""Customers."""

from typing import Any

from coopgov.fakes.stripe.calls import Endpoint
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.methods import attach
from coopgov.fakes.stripe.parameters import (
    LIST,
    Params,
    Schema,
    anything,
    mapping,
    merged_metadata,
    period,
    text,
)
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import page_of

_ADDRESS: Schema = dict.fromkeys(("line1", "line2", "city", "state", "postal_code", "country"), text)
_PLAIN = ("name", "email", "description", "phone")
FIELDS: Schema = dict.fromkeys(_PLAIN, text) | {
    "address": _ADDRESS,
    "metadata": mapping,
    "invoice_settings": {"default_payment_method": text},
    "preferred_locales": [text],
    "shipping": anything,
    "tax_exempt": text,
}


def create(store: Store, params: Params) -> Object:
    """A customer with these facts, announced."""
    prefix = "".join(store.rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=8))
    customer = store.add("customer", invoice_prefix=prefix, currency=None)
    given = params.get("payment_method")
    method = attach(store, given, customer["id"])["id"] if given else None
    settings = params.get("invoice_settings") or {}
    if given and settings.get("default_payment_method") == given:  # may have been one of Stripe's test tokens
        params = params | {"invoice_settings": {"default_payment_method": method}}
    _write(store, customer, params)
    record(store, "customer.created", customer)
    return customer


def _write(store: Store, customer: Object, params: Params) -> None:
    for name in _PLAIN:
        if name in params:
            customer[name] = params[name] or None
    if params.get("address") is not None:
        customer["address"] = dict.fromkeys(_ADDRESS) | params["address"]
    for name in ("preferred_locales", "tax_exempt"):
        if name in params:
            customer[name] = params[name]
    method = (params.get("invoice_settings") or {}).get("default_payment_method")
    if method is not None:
        customer["invoice_settings"]["default_payment_method"] = _own_method(store, customer, method)
    customer["metadata"] = merged_metadata(customer["metadata"], params.get("metadata"))


def _own_method(store: Store, customer: Object, method_id: str) -> str | None:
    if not method_id:
        return None
    if store.get("payment_method", method_id, "invoice_settings[default_payment_method]")["customer"] != customer["id"]:
        words = f"The customer does not have a payment method with the ID {method_id}."
        raise StripeRefusal(words, code="resource_missing", param="invoice_settings[default_payment_method]")
    return method_id


def living(store: Store, customer_id: Any, param: str = "customer") -> Object:
    """The customer; raises StripeRefusal (400, as Stripe does for a parameter) when there is none or it was deleted."""
    found = store.tables["customer"].get(customer_id)
    if found is None or store.notes(customer_id).get("deleted"):
        raise StripeRefusal(f"No such customer: '{customer_id}'", code="resource_missing", param=param)
    return found


def retrieve(store: Store, _params: Params, customer_id: str) -> Object:
    """The customer, or what is left of a deleted one."""
    found = store.get("customer", customer_id)
    if store.notes(customer_id).get("deleted"):
        return {"id": customer_id, "object": "customer", "deleted": True}
    return found


def update(store: Store, params: Params, customer_id: str) -> Object:
    """The customer, changed."""
    store.get("customer", customer_id)
    customer = living(store, customer_id, "id")
    with changing(store, customer, "customer.updated"):
        _write(store, customer, params)
    return customer


def listed(store: Store, params: Params) -> Object:
    """Customers, newest first; with ``email``, those who have exactly that one."""
    equal = {"email": params["email"]} if params.get("email") else {}
    rows = [row for row in store.rows("customer", **equal) if not store.notes(row["id"]).get("deleted")]
    return page_of(store, rows, params, "/v1/customers")


ENDPOINTS = (
    Endpoint("POST", "/v1/customers", FIELDS | {"payment_method": text}, create),
    Endpoint("GET", "/v1/customers", LIST | {"email": text, "created": period}, listed),
    Endpoint("GET", "/v1/customers/{}", {}, retrieve),
    Endpoint("POST", "/v1/customers/{}", FIELDS, update),
)
