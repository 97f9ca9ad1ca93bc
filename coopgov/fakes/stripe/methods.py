"""Cards and bank accounts, each with a behaviour that the fake chooses by Stripe's own test numbers."""

from datetime import UTC, datetime
from typing import Any

from coopgov.fakes.stripe.calls import Endpoint, fetching
from coopgov.fakes.stripe.errors import StripeRefusal, declined
from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.parameters import (
    LIST,
    Params,
    Schema,
    anything,
    mapping,
    merged_metadata,
    required,
    text,
)
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import page_of

BEHAVIOURS = ("works", "declines", "confirm", "disputed", "bacs_works", "bacs_fails")
LAST4 = dict(zip(BEHAVIOURS, ("4242", "0341", "3184", "0259", "2345", "3335"), strict=True))
_NUMBERS = {
    "4242424242424242": "works",
    "4000058260000005": "works",
    "5555555555554444": "works",
    "4000000000000341": "declines",
    "4000000000000002": "declines",
    "4000002500003155": "confirm",
    "4000002760003184": "confirm",
    "4000003800000446": "confirm",
    "4000000000000259": "disputed",
}
_NEVER_ATTACHED = "4000000000000002"
_TOKENS = {
    "pm_card_visa": "works",
    "pm_card_gb": "works",
    "pm_card_mastercard": "works",
    "pm_card_chargeCustomerFail": "declines",
    "pm_card_authenticationRequired": "confirm",
    "pm_card_threeDSecureRequired": "confirm",
    "pm_card_createDispute": "disputed",
    "pm_bacsDebit": "bacs_works",
    "tok_visa": "works",
    "tok_chargeCustomerFail": "declines",
}
_ACCOUNTS = {"00012345": "bacs_works", "33333335": "bacs_fails", "22222227": "bacs_fails"}
_CARD: Schema = dict.fromkeys(("number", "exp_month", "exp_year", "cvc", "token"), text)
FIELDS: Schema = {
    "type": text,
    "card": _CARD,
    "bacs_debit": {"account_number": text, "sort_code": text},
    "billing_details": anything,
    "metadata": mapping,
}


def new_method(store: Store, behaviour: str, customer_id: str | None = None, last4: str = "") -> Object:
    """A card, or a bank account for Bacs, that will behave so."""
    kind = "bacs_debit" if behaviour.startswith("bacs") else "card"
    method = store.add("payment_method", type=kind)
    method[kind] = _details(store, kind, last4 or LAST4[behaviour])
    store.notes(method["id"])["behaviour"] = behaviour
    if customer_id:
        method["customer"] = customer_id
        record(store, "payment_method.attached", method)
    return method


def _details(store: Store, kind: str, last4: str) -> dict[str, Any]:
    fingerprint = "".join(store.rng.choices("0123456789abcdef", k=16))
    if kind == "bacs_debit":
        return {"fingerprint": fingerprint, "last4": last4, "sort_code": "108800"}
    return {
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "GB",
        "display_brand": "visa",
        "exp_month": 12,
        "exp_year": datetime.fromtimestamp(store.now, UTC).year + 3,
        "fingerprint": fingerprint,
        "funding": "debit",
        "generated_from": None,
        "last4": last4,
        "networks": {"available": ["visa"], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def behaviour_of(store: Store, method_id: str) -> str:
    """How this card or account will behave."""
    return str(store.notes(method_id).get("behaviour", "works"))


def make_behave(store: Store, method_id: str, behaviour: str) -> Object:
    """From now on the card or account behaves so; raises ValueError for a behaviour that its kind has not."""
    method = store.get("payment_method", method_id)
    if behaviour not in BEHAVIOURS or behaviour.startswith("bacs") != (method["type"] == "bacs_debit"):
        raise ValueError(f"a {method['type']} cannot behave as {behaviour!r}")
    store.notes(method_id)["behaviour"] = behaviour
    return method


def create(store: Store, params: Params) -> Object:
    """A payment method from one of Stripe's test numbers."""
    kind = required(params, "type")
    if kind == "card":
        card = required(params, "card")
        token, number = card.get("token"), card.get("number", "").replace(" ", "")
        behaviour = _TOKENS.get(token) if token else _NUMBERS.get(number)
        last4 = "4242" if token else number[-4:]
    elif kind == "bacs_debit":
        last4 = required(params, "bacs_debit").get("account_number", "")[-4:]
        behaviour = _ACCOUNTS.get(params["bacs_debit"].get("account_number", ""))
    else:
        raise StripeRefusal(f"The payment method type '{kind}' is not known to this fake.", param="type")
    if behaviour is None:
        raise StripeRefusal("This fake knows Stripe's test numbers only.", param=kind, code="incorrect_number")
    method = new_method(store, behaviour, last4=last4)
    store.notes(method["id"])["never_attached"] = (params.get("card") or {}).get("number") == _NEVER_ATTACHED
    method["metadata"] = merged_metadata({}, params.get("metadata"))
    return method


def attach(store: Store, method_id: str, customer_id: str) -> Object:
    """Makes the method the customer's; one of Stripe's test tokens makes a new one."""
    if method_id in _TOKENS:
        return new_method(store, _TOKENS[method_id], customer_id)
    method = store.get("payment_method", method_id, "payment_method")
    if store.notes(method_id).get("never_attached"):
        raise declined("Your card was declined.", "card_declined", "generic_decline")
    if method["customer"] not in (None, customer_id) or store.notes(method_id).get("detached"):
        raise StripeRefusal("The payment method was attached to a customer before.", param="payment_method")
    method["customer"] = customer_id
    record(store, "payment_method.attached", method)
    return method


def attach_endpoint(store: Store, params: Params, method_id: str) -> Object:
    """The method, now the customer's."""
    customer_id = required(params, "customer")
    store.get("customer", customer_id, "customer")
    return attach(store, method_id, customer_id)


def detach(store: Store, _params: Params, method_id: str) -> Object:
    """The method, nobody's any more and in nobody's settings."""
    method = store.get("payment_method", method_id)
    owner = method["customer"]
    if owner is None:
        raise StripeRefusal("The payment method you provided is not attached to a customer.", param="payment_method")
    store.notes(method_id)["detached"] = True
    previous, method["customer"] = {"customer": owner}, None
    customer = store.get("customer", owner)
    if customer["invoice_settings"]["default_payment_method"] == method_id:
        with changing(store, customer, "customer.updated"):
            customer["invoice_settings"]["default_payment_method"] = None
    for subscription in store.rows("subscription", default_payment_method=method_id):
        with changing(store, subscription, "customer.subscription.updated"):
            subscription["default_payment_method"] = None
    record(store, "payment_method.detached", method, previous)
    return method


def listed(store: Store, params: Params, customer_id: str | None = None) -> Object:
    """The customer's methods, newest first."""
    owner = customer_id or required(params, "customer")
    equal = {"customer": owner} | ({"type": params["type"]} if params.get("type") else {})
    return page_of(store, store.rows("payment_method", **equal), params, "/v1/payment_methods")


def of_customer(store: Store, _params: Params, customer_id: str, method_id: str) -> Object:
    """One of the customer's methods."""
    method = store.get("payment_method", method_id)
    if method["customer"] != customer_id:
        raise StripeRefusal(f"No such payment_method: '{method_id}'", code="resource_missing", status=404)
    return method


ENDPOINTS = (
    Endpoint("POST", "/v1/payment_methods", FIELDS, create),
    Endpoint("GET", "/v1/payment_methods", LIST | {"customer": text, "type": text}, listed),
    fetching("payment_method", "/v1/payment_methods"),
    Endpoint("POST", "/v1/payment_methods/{}/attach", {"customer": text}, attach_endpoint),
    Endpoint("POST", "/v1/payment_methods/{}/detach", {}, detach),
    Endpoint("GET", "/v1/customers/{}/payment_methods", LIST | {"type": text}, listed),
    Endpoint("GET", "/v1/customers/{}/payment_methods/{}", {}, of_customer),
)
