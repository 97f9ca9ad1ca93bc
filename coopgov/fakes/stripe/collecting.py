"""Asking for the money of an invoice, and telling everybody concerned how it went."""

from coopgov.fakes.stripe.dunning import after_failure, after_payment
from coopgov.fakes.stripe.events import record
from coopgov.fakes.stripe.invoices import finalize, intent_of, mark_paid, subscription_of
from coopgov.fakes.stripe.payments import Outcome, attempt, fail, succeed
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store


def method_for(store: Store, invoice: Object) -> Object | None:
    """The method that will be asked: the subscription's, else the customer's."""
    subscription = subscription_of(store, invoice)
    customer = store.get("customer", invoice["customer"])
    chosen = (subscription or {}).get("default_payment_method") or customer["invoice_settings"][
        "default_payment_method"
    ]
    return store.get("payment_method", chosen) if chosen else None


def collect(store: Store, invoice: Object, method: Object | None = None, *, confirmed: bool = False) -> Outcome:
    """One attempt to be paid what an open invoice asks for, by ``method`` or the one that is on file."""
    if invoice["status"] == "draft":
        finalize(store, invoice)
    if invoice["status"] == "paid":
        _tell_subscription(store, invoice, Outcome.PAID)
        return Outcome.PAID
    intent, method = intent_of(store, invoice), method or method_for(store, invoice)
    assert intent is not None
    if intent["status"] == "processing":
        return Outcome.PENDING
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1, next_payment_attempt=None)
    outcome = Outcome.DECLINED if method is None else attempt(store, intent, method, confirmed=confirmed)
    conclude(store, invoice, outcome)
    return outcome


def conclude(store: Store, invoice: Object, outcome: Outcome) -> None:
    """What follows from an attempt's outcome, for the invoice and its subscription."""
    if outcome is Outcome.PAID:
        mark_paid(store, invoice)
    elif outcome is Outcome.CONFIRM:
        record(store, "invoice.payment_action_required", invoice)
    _tell_subscription(store, invoice, outcome)
    if outcome in (Outcome.DECLINED, Outcome.CONFIRM):
        record(store, "invoice.payment_failed", invoice)


def _tell_subscription(store: Store, invoice: Object, outcome: Outcome) -> None:
    subscription = subscription_of(store, invoice)
    if subscription is None:
        return
    if outcome in (Outcome.PAID, Outcome.PENDING):
        after_payment(store, subscription, invoice, arrived=outcome is Outcome.PAID)
    else:
        after_failure(store, subscription, invoice)


def settle(store: Store, intent_id: str, *, succeeds: bool) -> None:
    """A debit under way, or a payer asked by their bank, comes to its end; anything else is left as it is."""
    intent = store.get("payment_intent", intent_id)
    if intent["status"] not in ("processing", "requires_action"):
        return
    debit = intent["status"] == "processing"
    intent["next_action"] = None
    outcome = succeed(store, intent) if succeeds else fail(store, intent)
    invoice = store.tables["invoice"].get(store.notes(intent_id).get("invoice", ""))
    if invoice and invoice["status"] in ("open", "uncollectible"):
        conclude(store, invoice, outcome)
    if debit:
        _tell_session(store, intent, invoice, succeeds)


def _tell_session(store: Store, intent: Object, invoice: Object | None, succeeds: bool) -> None:
    for session in store.tables["checkout.session"].values():
        ours = session["payment_intent"] == intent["id"] or (invoice and session["invoice"] == invoice["id"])
        if ours and session["payment_status"] == "unpaid":
            if succeeds:
                session["payment_status"] = "paid"
            name = "succeeded" if succeeds else "failed"
            record(store, f"checkout.session.async_payment_{name}", session)


def retry(store: Store, invoice_id: str) -> None:
    """The attempt that was announced as ``next_payment_attempt``, if it still is."""
    invoice = store.get("invoice", invoice_id)
    if invoice["status"] == "open" and invoice["next_payment_attempt"] == store.now:
        collect(store, invoice)
