"""Payment intents and charges: what happens when a card or an account is asked for money."""

from enum import StrEnum
from typing import Any

from coopgov.fakes.stripe.balance import book_charge
from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.methods import behaviour_of
from coopgov.fakes.stripe.periods import DAY
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store

BACS_TAKES = 4 * DAY


class Outcome(StrEnum):
    """How an attempt to collect ended."""

    PAID = "paid"
    PENDING = "pending"  # a direct debit is under way
    DECLINED = "declined"
    CONFIRM = "confirm"  # the payer's bank wants to ask them


def intend(store: Store, amount: int, currency: str, customer: str | None, **fields: Any) -> Object:
    """A payment that nobody has tried yet; ``amount`` in minor units."""
    intent = store.add("payment_intent", amount=amount, currency=currency, customer=customer, **fields)
    intent["client_secret"] = f"{intent['id']}_secret_{store.new_id('payment_intent')[3:]}"
    intent["payment_method_types"] = ["card", "bacs_debit"] if currency == "gbp" else ["card"]
    record(store, "payment_intent.created", intent)
    return intent


def attempt(store: Store, intent: Object, method: Object, *, confirmed: bool = False) -> Outcome:
    """Asks the method for the money. ``confirmed``: its owner has just told their bank yes."""
    intent["payment_method"] = method["id"]
    intent["next_action"] = None
    behaviour = behaviour_of(store, method["id"])
    if behaviour == "declines":
        return fail(store, intent)
    if behaviour.startswith("bacs"):
        return _debit(store, intent)
    if behaviour == "confirm" and not confirmed:
        return _ask_payer(store, intent)
    return succeed(store, intent)


def _ask_payer(store: Store, intent: Object) -> Outcome:
    intent["status"] = "requires_action"
    url = f"{store.base_url}/confirm/{intent['id']}"
    intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"return_url": None, "url": url}}
    record(store, "payment_intent.requires_action", intent)
    return Outcome.CONFIRM


def _debit(store: Store, intent: Object) -> Outcome:
    charge = _charge(store, intent, "pending")
    intent["status"] = "processing"
    record(store, "payment_intent.processing", intent)
    record(store, "charge.pending", charge)
    store.remind(store.now + BACS_TAKES, "settle", intent["id"])
    return Outcome.PENDING


def succeed(store: Store, intent: Object) -> Outcome:
    """The money comes: a charge that succeeded, its fee in the balance now or after the account's ``fee_delay``."""
    charge = _pending_charge(store, intent) or _charge(store, intent, "succeeded")
    charge.update(status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
    charge["outcome"] = _outcome("approved_by_network", "authorized", "Payment complete.")
    delay = store.settings["fee_delay"]
    if delay:
        store.remind(store.now + delay, "fee", charge["id"])
    else:
        book_charge(store, charge)
    intent.update(status="succeeded", amount_received=intent["amount"], last_payment_error=None)
    record(store, "charge.succeeded", charge)
    record(store, "payment_intent.succeeded", intent)
    return Outcome.PAID


def fail(store: Store, intent: Object) -> Outcome:
    """The money does not come: a charge that failed, and the intent waits for another method."""
    debit = _pending_charge(store, intent)
    charge = debit or _charge(store, intent, "failed")
    code = "debit_not_authorized" if debit else "card_declined"
    words = "The bank returned the debit." if debit else "Your card was declined."
    charge.update(status="failed", paid=False, failure_code=code, failure_message=words)
    charge["outcome"] = _outcome("declined_by_network", "issuer_declined", "The bank said no.")
    intent["status"] = "requires_payment_method"
    intent["last_payment_error"] = {
        "type": "invalid_request_error" if debit else "card_error",
        "code": code,
        "message": words,
        "charge": charge["id"],
    } | ({} if debit else {"decline_code": "generic_decline"})
    intent["payment_method"] = None
    record(store, "charge.failed", charge)
    record(store, "payment_intent.payment_failed", intent)
    return Outcome.DECLINED


def fee_arrives(store: Store, charge_id: str) -> None:
    """The balance transaction of a charge whose fee was not known at first."""
    charge = store.get("charge", charge_id)
    if charge["balance_transaction"] is None:
        with changing(store, charge, "charge.updated"):
            book_charge(store, charge)


def cancel(store: Store, intent: Object, reason: str | None = None) -> None:
    """Nobody will be asked for this money any more."""
    intent.update(status="canceled", canceled_at=store.now, cancellation_reason=reason, next_action=None)
    record(store, "payment_intent.canceled", intent)


def _pending_charge(store: Store, intent: Object) -> Object | None:
    charge = store.tables["charge"].get(intent["latest_charge"] or "")
    return charge if charge and charge["status"] == "pending" else None


def _charge(store: Store, intent: Object, status: str) -> Object:
    method = store.get("payment_method", intent["payment_method"])
    charge = store.add(
        "charge",
        amount=intent["amount"],
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        metadata=dict(intent["metadata"]),
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(method),
        status=status,
    )
    charge["receipt_url"] = f"{store.base_url}/receipt/{charge['id']}"
    intent["latest_charge"] = charge["id"]
    return charge


def _details(method: Object) -> Object:
    kind = method["type"]
    details = dict(method[kind])
    for name in ("display_brand", "generated_from", "networks", "three_d_secure_usage"):
        details.pop(name, None)
    if kind == "card":
        details |= {"network": details["brand"], "three_d_secure": None, "installments": None, "mandate": None}
    return {"type": kind, kind: details}


def _outcome(network: str, kind: str, words: str) -> Object:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": None,
        "seller_message": words,
        "type": kind,
    }
