"""What a payment, or its failure, makes of a subscription: first payments, retries, the end of patience."""

from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.invoices import stop_collecting, void
from coopgov.fakes.stripe.periods import DAY
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store

RETRIES = 3
RETRY_AFTER = 3 * DAY
FIRST_PAYMENT_WAITS = 23 * 3600
CHANGED = "customer.subscription.updated"


def after_payment(store: Store, subscription: Object, invoice: Object, *, arrived: bool = True) -> None:
    """Money came: the subscription is active, unless it has ended or is paused. Money that has not ``arrived`` yet
    (a direct debit under way) lets a new subscription begin, and forgives no arrears."""
    waiting = ("incomplete", "past_due", "unpaid") if arrived else ("incomplete",)
    if subscription["status"] in waiting and subscription["latest_invoice"] == invoice["id"]:
        with changing(store, subscription, CHANGED):
            subscription["status"] = "active"


def after_failure(store: Store, subscription: Object, invoice: Object) -> None:
    """No money came: a first payment waits for the payer, a later one is tried again, at last the subscription ends."""
    if subscription["status"] == "incomplete":
        if store.settings["first_failure"] == "paused":
            pause(store, subscription, "first_payment_failure")
    elif subscription["status"] in ("active", "trialing", "past_due"):
        _retry_or_end(store, subscription, invoice)


def _retry_or_end(store: Store, subscription: Object, invoice: Object) -> None:
    if invoice["attempt_count"] > RETRIES:
        with changing(store, invoice, "invoice.updated"):
            invoice["next_payment_attempt"] = None
        _end_of_patience(store, subscription)
        return
    invoice["next_payment_attempt"] = store.now + RETRY_AFTER
    store.remind(store.now + RETRY_AFTER, "retry", invoice["id"])
    with changing(store, subscription, CHANGED):
        subscription["status"] = "past_due"


def _end_of_patience(store: Store, subscription: Object) -> None:
    verdict = store.settings["final_failure"]
    if verdict == "canceled":
        end(store, subscription, "payment_failed")
    elif verdict == "paused":
        pause(store, subscription, "final_payment_failure")
    else:
        with changing(store, subscription, CHANGED):
            subscription["status"] = verdict


def pause(store: Store, subscription: Object, why: str) -> None:
    """Status ``paused``: no periods go by until it is resumed. ``why`` as ``status_details`` tells it."""
    subscription["status"] = "paused"
    subscription["status_details"] = {
        "paused": {"type": "subscription", "subscription": {"type": why}, "transitioned_at": store.now}
    }
    stop_collecting(store, subscription["id"])
    record(store, "customer.subscription.paused", subscription)


def end(store: Store, subscription: Object, reason: str) -> None:
    """The subscription is over. ``reason``: ``cancellation_requested`` or ``payment_failed``."""
    subscription.update(status="canceled", ended_at=store.now, pause_collection=None)
    subscription["canceled_at"] = subscription["canceled_at"] or store.now
    subscription["cancellation_details"]["reason"] = reason
    stop_collecting(store, subscription["id"])
    record(store, "customer.subscription.deleted", subscription)


def first_payment_too_late(store: Store, subscription_id: str) -> None:
    """An incomplete subscription is given up, with its invoice."""
    subscription = store.get("subscription", subscription_id)
    if subscription["status"] == "incomplete":
        with changing(store, subscription, CHANGED):
            subscription.update(status="incomplete_expired", ended_at=store.now)
        invoice = store.get("invoice", subscription["latest_invoice"])
        if invoice["status"] == "open":
            void(store, invoice)
