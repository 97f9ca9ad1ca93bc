"""Disputes: the payer's bank takes the money back, and Stripe a fee; what is won returns, the fee stays."""

from coopgov.fakes.stripe.balance import book
from coopgov.fakes.stripe.calls import Endpoint, fetching, listing
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.fees import DISPUTE_FEE
from coopgov.fakes.stripe.parameters import Params
from coopgov.fakes.stripe.periods import DAY
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import emitted

ANSWER_WITHIN = 14 * DAY


def begin(store: Store, charge_id: str, reason: str = "fraudulent") -> Object:
    """The payer disputes what is left of a charge. A dispute of a Bacs debit is lost at once: that scheme knows no
    appeal. Raises ValueError when there is nothing to dispute."""
    charge = store.get("charge", charge_id)
    amount = charge["amount"] - charge["amount_refunded"]
    if charge["status"] != "succeeded" or charge["disputed"] or not amount:
        raise ValueError("there is nothing to dispute")
    kind = charge["payment_method_details"]["type"]
    dispute = store.add(
        "dispute",
        amount=amount,
        charge=charge_id,
        currency=charge["currency"],
        payment_intent=charge["payment_intent"],
        reason=reason if kind == "card" else "debit_not_authorized",
        payment_method_details={"type": kind},
    )
    dispute["evidence_details"]["due_by"] = store.now + ANSWER_WITHIN
    with changing(store, charge, "charge.updated"):
        charge["disputed"] = True
    _move(store, dispute, -amount, fee=DISPUTE_FEE, category="dispute")
    record(store, "charge.dispute.created", dispute)
    record(store, "charge.dispute.funds_withdrawn", dispute)
    if kind == "bacs_debit":
        close(store, dispute["id"], won=False)
    return dispute


def _move(store: Store, dispute: Object, amount: int, *, fee: int, category: str) -> None:
    entry = book(store, "adjustment", amount, dispute, fee=fee, fee_words="Dispute fee", category=category)
    dispute["balance_transactions"].append(emitted(store, entry))


def close(store: Store, dispute_id: str, *, won: bool) -> Object:
    """The bank has decided; raises ValueError when it had before."""
    dispute = store.get("dispute", dispute_id)
    if dispute["status"] in ("won", "lost"):
        raise ValueError(f"the dispute is {dispute['status']}")
    dispute["status"] = "won" if won else "lost"
    if won:
        _move(store, dispute, dispute["amount"], fee=0, category="dispute_reversal")
        record(store, "charge.dispute.funds_reinstated", dispute)
    record(store, "charge.dispute.closed", dispute)
    return dispute


def accept(store: Store, _params: Params, dispute_id: str) -> Object:
    """The account gives in: the dispute is lost."""
    if store.get("dispute", dispute_id)["status"] in ("won", "lost"):
        raise StripeRefusal("This dispute is already closed.", param="id")
    return close(store, dispute_id, won=False)


ENDPOINTS = (
    listing("dispute", "/v1/disputes", "charge", "payment_intent"),
    fetching("dispute", "/v1/disputes"),
    Endpoint("POST", "/v1/disputes/{}/close", {}, accept),
)
