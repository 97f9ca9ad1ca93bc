"""The API's calls about payment intents and charges."""

from coopgov.fakes.stripe.calls import Endpoint, fetching, listing
from coopgov.fakes.stripe.collecting import collect
from coopgov.fakes.stripe.customers import living
from coopgov.fakes.stripe.errors import StripeRefusal, declined
from coopgov.fakes.stripe.parameters import (
    Params,
    Schema,
    anything,
    flag,
    gone,
    mapping,
    merged_metadata,
    required,
    text,
    whole,
)
from coopgov.fakes.stripe.payments import Outcome, attempt, cancel, intend
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store

_CONFIRM: Schema = {"payment_method": text, "off_session": flag}
_CREATE: Schema = _CONFIRM | {
    "amount": whole,
    "currency": text,
    "customer": text,
    "confirm": flag,
    "description": text,
    "metadata": mapping,
    "allowed_payment_method_types": [text],
    "payment_method_types": gone,
    "automatic_payment_methods": anything,
    "setup_future_usage": text,
}


def create(store: Store, params: Params) -> Object:
    """A payment intent, tried at once with ``confirm``."""
    amount = required(params, "amount")
    if amount < 1:
        raise StripeRefusal("This value must be greater than or equal to 1.", param="amount")
    customer = params.get("customer")
    intent = intend(
        store,
        amount,
        required(params, "currency").lower(),
        living(store, customer)["id"] if customer else None,
        description=params.get("description"),
        metadata=merged_metadata({}, params.get("metadata")),
        setup_future_usage=params.get("setup_future_usage"),
    )
    allowed = params.get("allowed_payment_method_types")
    if allowed:
        intent["payment_method_types"] = [name for name in intent["payment_method_types"] if name in allowed]
    if params.get("payment_method"):
        intent["payment_method"] = store.get("payment_method", params["payment_method"], "payment_method")["id"]
        intent["status"] = "requires_confirmation"
    return _confirmed(store, intent, params) if params.get("confirm") else intent


def confirm(store: Store, params: Params, intent_id: str) -> Object:
    """The intent after an attempt; raises StripeRefusal (402) when it is declined."""
    return _confirmed(store, store.get("payment_intent", intent_id), params)


def _confirmed(store: Store, intent: Object, params: Params) -> Object:
    if intent["status"] in ("succeeded", "canceled", "processing"):
        words = f"This PaymentIntent's status is {intent['status']}: it cannot be confirmed."
        raise StripeRefusal(words, code="payment_intent_unexpected_state")
    method_id = params.get("payment_method") or intent["payment_method"]
    if not method_id:
        raise StripeRefusal("You cannot confirm this PaymentIntent because it's missing a payment method.")
    method = store.get("payment_method", method_id, "payment_method")
    invoice = store.tables["invoice"].get(store.notes(intent["id"]).get("invoice", ""))
    outcome = collect(store, invoice, method) if invoice else attempt(store, intent, method)
    if outcome is Outcome.DECLINED:
        charge = intent["latest_charge"]
        raise declined("Your card was declined.", "card_declined", "generic_decline", charge=charge)
    return intent


def cancel_intent(store: Store, params: Params, intent_id: str) -> Object:
    """The intent, called off."""
    intent = store.get("payment_intent", intent_id)
    if intent["status"] in ("succeeded", "canceled", "processing") or store.notes(intent_id).get("invoice"):
        words = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        raise StripeRefusal(words, code="payment_intent_unexpected_state")
    cancel(store, intent, params.get("cancellation_reason"))
    return intent


ENDPOINTS = (
    Endpoint("POST", "/v1/payment_intents", _CREATE, create),
    listing("payment_intent", "/v1/payment_intents", "customer"),
    fetching("payment_intent", "/v1/payment_intents"),
    Endpoint("POST", "/v1/payment_intents/{}/confirm", _CONFIRM, confirm),
    Endpoint("POST", "/v1/payment_intents/{}/cancel", {"cancellation_reason": text}, cancel_intent),
    listing("charge", "/v1/charges", "customer", "payment_intent"),
    fetching("charge", "/v1/charges"),
)
