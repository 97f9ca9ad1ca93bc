"""Checkout sessions: what the hosted page does when somebody pays, fails to, or leaves."""

from typing import Any

from coopgov.fakes.stripe import customers
from coopgov.fakes.stripe.catalogue import LEAST, price_of
from coopgov.fakes.stripe.collecting import collect
from coopgov.fakes.stripe.customers import living
from coopgov.fakes.stripe.errors import StripeRefusal, declined
from coopgov.fakes.stripe.events import record
from coopgov.fakes.stripe.methods import new_method
from coopgov.fakes.stripe.parameters import Params, merged_metadata, one_of, required
from coopgov.fakes.stripe.payments import Outcome, attempt, intend
from coopgov.fakes.stripe.periods import DAY
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.subscriptions import begin, first_invoice

LASTS = DAY
METHODS = ("card", "bacs_debit")


def create(store: Store, params: Params) -> Object:
    """An open session with the address of its page."""
    mode = one_of(required(params, "mode"), ("payment", "setup", "subscription"), "mode")
    required(params, "success_url")
    customer = living(store, params["customer"]) if params.get("customer") else None
    items = [] if mode == "setup" else _items(store, params, mode)
    currency = items[0]["currency"] if items else params.get("currency", "gbp")
    session = store.add(
        "checkout.session",
        mode=mode,
        currency=currency if items else params.get("currency"),
        customer=customer["id"] if customer else None,
        customer_email=params.get("customer_email"),
        client_reference_id=params.get("client_reference_id"),
        metadata=merged_metadata({}, params.get("metadata")),
        success_url=params["success_url"],
        cancel_url=params.get("cancel_url"),
        expires_at=_expiry(store, params.get("expires_at")),
        locale=params.get("locale"),
        payment_method_types=_methods(params, currency),
    )
    _price_session(store, session, items, params)
    session["url"] = f"{store.base_url}/pay/{session['id']}"
    store.remind(session["expires_at"], "expire", session["id"])
    return session


def _expiry(store: Store, wanted: int | None) -> int:
    if wanted is None:
        return store.now + LASTS
    if not store.now + 30 * 60 <= wanted <= store.now + DAY:
        raise StripeRefusal("expires_at must be between 30 minutes and 24 hours from now.", param="expires_at")
    return wanted


def _methods(params: Params, currency: str) -> list[str]:
    """Those of the fake's methods that are allowed, not excluded, and take the currency: Stripe filters silently."""
    allowed = params.get("allowed_payment_method_types") or METHODS
    excluded = params.get("excluded_payment_method_types") or ()
    found = [name for name in METHODS if name in allowed and name not in excluded]
    if currency != "gbp" and "bacs_debit" in found:
        found.remove("bacs_debit")
    if not found:
        words = "No valid payment method types for this Checkout Session."
        raise StripeRefusal(words, param="allowed_payment_method_types")
    return found


def _items(store: Store, params: Params, mode: str) -> list[Object]:
    items = [_item(store, line, f"line_items[{n}]") for n, line in enumerate(required(params, "line_items"))]
    if len({item["currency"] for item in items}) > 1:
        raise StripeRefusal("All prices of a session must have the same currency.", param="line_items")
    recurring = [item["price"]["recurring"] for item in items]
    if mode == "subscription" and not all(recurring):
        raise StripeRefusal("This fake's subscription mode takes recurring prices only.", param="line_items")
    if mode == "payment" and any(recurring):
        raise StripeRefusal("You specified `payment` mode but passed a recurring price.", param="line_items")
    return items


def _item(store: Store, line: Params, where: str) -> Object:
    price = price_of(store, line, where)
    if price["unit_amount"] is None:
        raise StripeRefusal("This fake's Checkout takes prices with an amount only.", param=f"{where}[price]")
    quantity = line.get("quantity")
    if quantity is None or quantity < 1:
        raise StripeRefusal("Quantity is required. Add `quantity` to the line item.", param=f"{where}[quantity]")
    amount = price["unit_amount"] * quantity
    name = store.get("product", price["product"])["name"]
    return store.add(
        "item",
        price=dict(price),
        quantity=quantity,
        currency=price["currency"],
        amount_subtotal=amount,
        amount_total=amount,
        description=name,
    )


def _price_session(store: Store, session: Object, items: list[Object], params: Params) -> None:
    notes = store.notes(session["id"])
    notes["items"] = [item["id"] for item in items]
    notes["later"] = params.get("subscription_data") or params.get("payment_intent_data") or {}
    if not items:
        session["payment_status"] = "no_payment_required"
        return
    total = sum(item["amount_total"] for item in items)
    trial = _trial_end(store, notes["later"])
    least = LEAST.get(session["currency"], 50)
    if trial is None and 0 < total < least:
        words = f"The Checkout Session's total amount must convert to at least {least} minor units."
        raise StripeRefusal(words, code="amount_too_small")
    anchor = notes["later"].get("billing_cycle_anchor")
    if anchor is not None and anchor <= store.now:
        words = "billing_cycle_anchor must be a timestamp in the future."
        raise StripeRefusal(words, param="subscription_data[billing_cycle_anchor]")
    session["amount_subtotal"] = session["amount_total"] = 0 if trial else total


def _trial_end(store: Store, later: dict[str, Any]) -> int | None:
    if later.get("trial_period_days"):
        return store.now + int(later["trial_period_days"]) * DAY
    trial_end = later.get("trial_end")
    if trial_end is not None and trial_end < store.now + 2 * DAY:
        raise StripeRefusal("trial_end must be at least 2 days in the future.", param="subscription_data[trial_end]")
    return trial_end


def pay(store: Store, session_id: str, behaviour: str, *, confirmed: bool = False) -> Outcome:
    """Somebody pays on the page with a method that behaves so. Raises StripeRefusal: 402 when it is declined (the
    session stays open), 400 when the session is not open. ``CONFIRM`` leaves it open: their bank asks first."""
    session = open_session(store, session_id)
    kind = "bacs_debit" if behaviour.startswith("bacs") else "card"
    if kind not in session["payment_method_types"]:
        raise StripeRefusal(f"This session does not take {kind}.", param="payment_method_types")
    if behaviour == "confirm" and not confirmed:
        return Outcome.CONFIRM
    if behaviour == "declines":
        _turn_down(store, session)
    customer = _customer(store, session)
    method = new_method(store, behaviour, customer["id"])
    complete = {"payment": _complete_payment, "setup": _complete_setup, "subscription": _complete_subscription}
    outcome = complete[session["mode"]](store, session, customer, method)
    session.update(status="complete", url=None)
    record(store, "checkout.session.completed", session)
    return outcome


def open_session(store: Store, session_id: str) -> Object:
    """The session; raises StripeRefusal when it is complete or has expired."""
    session = store.get("checkout.session", session_id)
    if session["status"] != "open":
        raise StripeRefusal(f"This Checkout Session is {session['status']}.", code="checkout_session_not_open")
    return session


def _turn_down(store: Store, session: Object) -> None:
    if session["amount_total"]:
        intent = intend(store, session["amount_total"], session["currency"], session["customer"])
        attempt(store, intent, new_method(store, "declines"))
    raise declined("Your card was declined.", "card_declined", "generic_decline")


def _customer(store: Store, session: Object) -> Object:
    if session["customer"]:
        customer = store.get("customer", session["customer"])
    else:
        customer = customers.create(store, {"email": session["customer_email"] or "payer@example.org"})
        session["customer"] = customer["id"]
    session["customer_details"] = {
        "address": customer["address"],
        "business_name": None,
        "email": customer["email"],
        "individual_name": None,
        "name": customer["name"],
        "phone": customer["phone"],
        "tax_exempt": "none",
        "tax_ids": [],
    }
    return customer


def _complete_subscription(store: Store, session: Object, customer: Object, method: Object) -> Outcome:
    notes = store.notes(session["id"])
    later = notes["later"]
    items = [store.get("item", item_id) for item_id in notes["items"]]
    subscription = begin(
        store,
        customer,
        [(item["price"], item["quantity"]) for item in items],
        metadata=merged_metadata({}, later.get("metadata")),
        method=method["id"],
        trial_end=_trial_end(store, later),
        anchor=later.get("billing_cycle_anchor"),
        description=later.get("description"),
    )
    invoice = first_invoice(store, subscription, prorate=later.get("proration_behavior") != "none")
    outcome = collect(store, invoice, method, confirmed=True)
    session.update(subscription=subscription["id"], invoice=invoice["id"])
    if subscription["trial_end"]:
        session["payment_status"] = "no_payment_required"
    elif outcome is Outcome.PAID:
        session["payment_status"] = "paid"
    return outcome


def _complete_payment(store: Store, session: Object, customer: Object, method: Object) -> Outcome:
    later = store.notes(session["id"])["later"]
    metadata = merged_metadata({}, later.get("metadata"))
    words = later.get("description")
    amount, currency = session["amount_total"], session["currency"]
    intent = intend(store, amount, currency, customer["id"], metadata=metadata, description=words)
    session["payment_intent"] = intent["id"]
    outcome = attempt(store, intent, method, confirmed=True)
    if outcome is Outcome.PAID:
        session["payment_status"] = "paid"
    return outcome


def _complete_setup(store: Store, session: Object, customer: Object, method: Object) -> Outcome:
    intent = store.add(
        "setup_intent",
        customer=customer["id"],
        payment_method=method["id"],
        payment_method_types=session["payment_method_types"],
        status="succeeded",
    )
    session["setup_intent"] = intent["id"]
    record(store, "setup_intent.succeeded", intent)
    return Outcome.PAID


def expire(store: Store, session_id: str) -> Object:
    """The session takes no payment any more; raises StripeRefusal when it is not open."""
    session = open_session(store, session_id)
    session.update(status="expired", url=None)
    record(store, "checkout.session.expired", session)
    return session


def expire_when_due(store: Store, session_id: str) -> None:
    """What happens at ``expires_at``."""
    if store.get("checkout.session", session_id)["status"] == "open":
        expire(store, session_id)
