"""Refunds: never more than was charged; one may fail later, and the money comes back."""

from coopgov.fakes.stripe.balance import book
from coopgov.fakes.stripe.calls import Endpoint, fetching, listing
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.parameters import (
    Params,
    Schema,
    mapping,
    merged_metadata,
    one_of,
    text,
    whole,
)
from coopgov.fakes.stripe.periods import DAY
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store

BACS_REFUND_TAKES = 3 * DAY
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_CREATE: Schema = {"charge": text, "payment_intent": text, "amount": whole, "reason": text, "metadata": mapping}


def create(store: Store, params: Params) -> Object:
    """Gives back ``amount`` of a charge, or all that is left of it."""
    charge = _charge_named(store, params)
    amount = _amount(charge, params.get("amount"))
    bacs = charge["payment_method_details"]["type"] == "bacs_debit"
    refund = store.add(
        "refund",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        payment_intent=charge["payment_intent"],
        reason=one_of(params["reason"], REASONS, "reason") if params.get("reason") else None,
        metadata=merged_metadata({}, params.get("metadata")),
        status="pending" if bacs else "succeeded",
    )
    entry = book(store, "payment_refund" if bacs else "refund", -amount, refund)
    refund["balance_transaction"] = entry["id"]
    refund["destination_details"] = None if bacs else {"type": "card", "card": {"type": "refund"}}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    record(store, "refund.created", refund)
    record(store, "charge.refunded", charge)
    if bacs:
        store.remind(store.now + BACS_REFUND_TAKES, "refund_arrives", refund["id"])
    return refund


def _charge_named(store: Store, params: Params) -> Object:
    if params.get("charge"):
        return store.get("charge", params["charge"], "charge")
    if not params.get("payment_intent"):
        raise StripeRefusal("One of the following params should be provided: payment_intent or charge.")
    intent = store.get("payment_intent", params["payment_intent"], "payment_intent")
    if not intent["latest_charge"]:
        words = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise StripeRefusal(words, code="payment_intent_unexpected_state", param="payment_intent")
    return store.get("charge", intent["latest_charge"])


def _amount(charge: Object, wanted: int | None) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    if charge["status"] != "succeeded":
        raise StripeRefusal(f"Charge {charge['id']} has not succeeded.", code="charge_not_refundable", param="charge")
    if charge["disputed"]:
        raise StripeRefusal(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left == 0:
        raise StripeRefusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if wanted is not None and wanted < 1:
        raise StripeRefusal("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if wanted is not None and wanted > left:
        words = f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left})"
        raise StripeRefusal(words, param="amount")
    return left if wanted is None else wanted


def arrives(store: Store, refund_id: str) -> None:
    """A refund that was on its way has come."""
    refund = store.get("refund", refund_id)
    if refund["status"] == "pending":
        with changing(store, refund, "refund.updated"):
            refund["status"] = "succeeded"


def fails(store: Store, refund_id: str) -> Object:
    """The payer's bank did not take it: the money is the account's again; raises ValueError for one that failed."""
    refund = store.get("refund", refund_id)
    if refund["status"] not in ("pending", "succeeded"):
        raise ValueError(f"the refund is {refund['status']}")
    charge = store.get("charge", refund["charge"])
    entry = book(store, "refund_failure", refund["amount"], refund)
    with changing(store, refund, "refund.updated"):
        refund.update(
            status="failed", failure_reason="expired_or_canceled_card", failure_balance_transaction=entry["id"]
        )
    with changing(store, charge, "charge.updated"):
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
    record(store, "refund.failed", refund)
    return refund


ENDPOINTS = (
    Endpoint("POST", "/v1/refunds", _CREATE, create),
    listing("refund", "/v1/refunds", "charge", "payment_intent"),
    fetching("refund", "/v1/refunds"),
)
