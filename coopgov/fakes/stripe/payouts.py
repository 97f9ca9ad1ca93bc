"""Payouts: from the balance to the bank account."""

from coopgov.fakes.stripe.balance import available, book
from coopgov.fakes.stripe.calls import Endpoint, fetching, listing
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.events import record
from coopgov.fakes.stripe.parameters import (
    Params,
    Schema,
    mapping,
    merged_metadata,
    required,
    text,
    whole,
)
from coopgov.fakes.stripe.periods import DAY
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store

ARRIVES_AFTER = 2 * DAY
_CREATE: Schema = {
    "amount": whole,
    "currency": text,
    "description": text,
    "metadata": mapping,
    "statement_descriptor": text,
}


def create(store: Store, params: Params) -> Object:
    """Pays out ``amount`` by hand; raises StripeRefusal when less than that is to be had."""
    amount, currency = required(params, "amount"), required(params, "currency").lower()
    if amount < 1:
        raise StripeRefusal("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount > available(store, currency):
        words = "You have insufficient funds in your Stripe account for this transfer."
        raise StripeRefusal(words, code="balance_insufficient")
    payout = _pay_out(store, amount, currency, automatic=False)
    payout["description"] = params.get("description") or payout["description"]
    payout["statement_descriptor"] = params.get("statement_descriptor")
    payout["metadata"] = merged_metadata({}, params.get("metadata"))
    return payout


def pay_out_all(store: Store, currency: str = "gbp") -> Object | None:
    """The automatic payout: all that is to be had, and a list of what it consists of; None when there is nothing."""
    rows = store.rows("balance_transaction", currency=currency, status="available")
    open_ones = [row for row in rows if "payout" not in store.notes(row["id"])]
    amount = sum(row["net"] for row in open_ones)
    if amount <= 0:
        return None
    payout = _pay_out(store, amount, currency, automatic=True)
    entries = [row["id"] for row in open_ones] + [payout["balance_transaction"]]
    for entry_id in entries:
        store.notes(entry_id)["payout"] = payout["id"]
    store.notes(payout["id"])["entries"] = entries
    return payout


def _pay_out(store: Store, amount: int, currency: str, *, automatic: bool) -> Object:
    payout = store.add(
        "payout",
        amount=amount,
        currency=currency,
        automatic=automatic,
        arrival_date=store.now + ARRIVES_AFTER,
        description="STRIPE PAYOUT",
        destination="ba_fake",
        status="in_transit",
        reconciliation_status="in_progress" if automatic else "not_applicable",
    )
    payout["balance_transaction"] = book(store, "payout", -amount, payout)["id"]
    record(store, "payout.created", payout)
    store.remind(payout["arrival_date"], "payout_arrives", payout["id"])
    return payout


def arrives(store: Store, payout_id: str) -> None:
    """The bank account has the money."""
    payout = store.get("payout", payout_id)
    if payout["status"] != "in_transit":
        return
    payout["status"] = "paid"
    record(store, "payout.paid", payout)
    if payout["automatic"]:
        payout["reconciliation_status"] = "completed"
        record(store, "payout.reconciliation_completed", payout)


def fails(store: Store, payout_id: str) -> Object:
    """The bank sent the money back; raises ValueError for a payout that failed before."""
    payout = store.get("payout", payout_id)
    if payout["status"] not in ("in_transit", "paid"):
        raise ValueError(f"the payout is {payout['status']}")
    entry = book(store, "payout_failure", payout["amount"], payout)
    payout.update(
        status="failed",
        failure_code="account_closed",
        failure_message="The bank account has been closed.",
        failure_balance_transaction=entry["id"],
    )
    record(store, "payout.failed", payout)
    return payout


ENDPOINTS = (
    Endpoint("POST", "/v1/payouts", _CREATE, create),
    listing("payout", "/v1/payouts", "status"),
    fetching("payout", "/v1/payouts"),
)
