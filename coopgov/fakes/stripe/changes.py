"""Changing a subscription: price, amount, interval, trial, pause, cancellation; with proration in Stripe's signs."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from coopgov.fakes.stripe.catalogue import price_of
from coopgov.fakes.stripe.dunning import CHANGED
from coopgov.fakes.stripe.errors import StripeRefusal, missing
from coopgov.fakes.stripe.events import changing
from coopgov.fakes.stripe.invoices import line
from coopgov.fakes.stripe.parameters import Params, merged_metadata, one_of
from coopgov.fakes.stripe.shapes import Object, plan_of
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.subscriptions import (
    bill,
    full_lines,
    is_alive,
    move_period,
    new_item,
    next_end,
    pending_lines,
    period_of,
    watch_period,
)

PRORATIONS = ("create_prorations", "none", "always_invoice")
_AFTER_THE_END = {"metadata", "cancellation_details", "expand"}


@dataclass
class Effect:
    """What an update leaves to be billed."""

    restarts: bool = False  # a new period begins now
    invoice_now: bool = False


def update(store: Store, params: Params, subscription_id: str) -> Object:
    """The subscription, changed; what has to be paid now is billed now."""
    subscription = store.get("subscription", subscription_id)
    _refuse_the_ended(subscription, params)
    effect = Effect()
    start, _ = period_of(subscription)
    with _whole_or_not(store, subscription), changing(store, subscription, CHANGED):
        _change_plain(store, subscription, params)
        _change_cancellation(store, subscription, params)
        _change_pause(store, subscription, params)
        _change_items(store, subscription, params, effect)
        _change_trial(store, subscription, params, effect)
        if effect.restarts:
            _restart(store, subscription)
    if effect.restarts:
        lines = pending_lines(store, subscription) + full_lines(store, subscription)
        bill(store, subscription, lines, "subscription_update", start, store.now)
    elif effect.invoice_now and (lines := pending_lines(store, subscription)):
        bill(store, subscription, lines, "subscription_update", start, store.now)
    return subscription


@contextmanager
def _whole_or_not(store: Store, subscription: Object) -> Iterator[None]:
    before, notes = deepcopy(subscription), deepcopy(store.notes(subscription["id"]))
    try:
        yield
    except StripeRefusal:
        subscription |= before
        store.notes_of[subscription["id"]] = notes
        raise


def _refuse_the_ended(subscription: Object, params: Params) -> None:
    if not is_alive(subscription) and not params.keys() <= _AFTER_THE_END:
        raise StripeRefusal("A canceled subscription can only update its cancellation_details and metadata.")


def _change_plain(store: Store, subscription: Object, params: Params) -> None:
    subscription["metadata"] = merged_metadata(subscription["metadata"], params.get("metadata"))
    if "description" in params:
        subscription["description"] = params["description"] or None
    if "default_payment_method" in params:
        method = params["default_payment_method"]
        subscription["default_payment_method"] = own_method(store, subscription["customer"], method) if method else None
    for name in ("comment", "feedback"):
        if name in (params.get("cancellation_details") or {}):
            subscription["cancellation_details"][name] = params["cancellation_details"][name] or None


def own_method(store: Store, customer_id: str, method_id: str) -> str:
    """The method's id; raises StripeRefusal when it is not the customer's."""
    if store.get("payment_method", method_id, "default_payment_method")["customer"] != customer_id:
        words = f"The customer does not have a payment method with the ID {method_id}."
        raise StripeRefusal(words, code="resource_missing", param="default_payment_method")
    return method_id


def _change_cancellation(store: Store, subscription: Object, params: Params) -> None:
    if params.get("cancel_at_period_end") is not None and params.get("cancel_at") is not None:
        raise StripeRefusal("Pass only one of cancel_at and cancel_at_period_end.", param="cancel_at_period_end")
    if "cancel_at_period_end" in params:
        wanted = params["cancel_at_period_end"]
        if wanted != subscription["cancel_at_period_end"]:
            subscription["cancel_at_period_end"] = wanted
            _will_leave(store, subscription, period_of(subscription)[1] if wanted else None)
    elif "cancel_at" in params:
        at = params["cancel_at"]
        if at is not None and at <= store.now:
            raise StripeRefusal("cancel_at must be a timestamp in the future.", param="cancel_at")
        subscription["cancel_at_period_end"] = False
        _will_leave(store, subscription, at)
        if at is not None:
            store.remind(at, "leave", subscription["id"])


def _will_leave(store: Store, subscription: Object, at: int | None) -> None:
    subscription["cancel_at"] = at
    subscription["canceled_at"] = None if at is None else store.now
    subscription["cancellation_details"]["reason"] = None if at is None else "cancellation_requested"


def _change_pause(store: Store, subscription: Object, params: Params) -> None:
    if "pause_collection" not in params:
        return
    pause = params["pause_collection"]
    if pause is None:
        subscription["pause_collection"] = None
        return
    behaviour = one_of(pause.get("behavior", ""), ("keep_as_draft", "mark_uncollectible", "void"), "pause_collection")
    resumes_at = pause.get("resumes_at")
    if resumes_at is not None:
        if resumes_at <= store.now:
            raise StripeRefusal("resumes_at must be in the future.", param="pause_collection[resumes_at]")
        store.remind(resumes_at, "collect_again", subscription["id"])
    subscription["pause_collection"] = {"behavior": behaviour, "resumes_at": resumes_at}


def _change_items(store: Store, subscription: Object, params: Params, effect: Effect) -> None:
    proration = one_of(params.get("proration_behavior") or "create_prorations", PRORATIONS, "proration_behavior")
    before = subscription["items"]["data"][0]["price"]["recurring"]
    for place, change in enumerate(params.get("items") or []):
        _change_item(store, subscription, change, f"items[{place}]", proration)
    recurring = _one_rhythm(subscription)
    if params.get("billing_cycle_anchor") == "now" or _differ(before, recurring):
        effect.restarts = True
    effect.invoice_now = proration == "always_invoice"


def _differ(before: Object, after: Object) -> bool:
    return any(before[name] != after[name] for name in ("interval", "interval_count"))


def _one_rhythm(subscription: Object) -> Object:
    items = subscription["items"]["data"]
    if not items:
        raise StripeRefusal("A subscription must have at least one active plan.", param="items")
    first: Object = items[0]["price"]
    for item in items:
        price = item["price"]
        if price["currency"] != subscription["currency"] or _differ(first["recurring"], price["recurring"]):
            raise StripeRefusal("This fake bills one currency and one interval per subscription.", param="items")
    return dict(first["recurring"])


def recurring_price(store: Store, item: Params, where: str) -> Object:
    """The price of an item; raises StripeRefusal for one that is paid once only."""
    price = price_of(store, item, where)
    if price["recurring"] is None or price["unit_amount"] is None:
        raise StripeRefusal("The price must be a recurring one with an amount.", param=f"{where}[price]")
    return price


def _change_item(store: Store, subscription: Object, change: Params, where: str, proration: str) -> None:
    if not change.get("id"):
        _add_item(store, subscription, change, where, proration)
        return
    item = _item_named(subscription, change["id"], f"{where}[id]")
    old = (item["price"], item["quantity"], -1)
    if change.get("deleted"):
        subscription["items"]["data"].remove(item)
        _prorate(store, subscription, item, proration, [old])
        return
    if change.get("price") or change.get("price_data"):
        price = recurring_price(store, change, where)
        item.update(price=dict(price), plan=plan_of(price))
    if change.get("quantity") is not None:
        item["quantity"] = change["quantity"]
    new = (item["price"], item["quantity"], 1)
    if (old[0]["id"], old[1]) != (new[0]["id"], new[1]):
        again = _differ(old[0]["recurring"], new[0]["recurring"])  # then the new price is billed in full
        _prorate(store, subscription, item, proration, [old] if again else [old, new])


def _add_item(store: Store, subscription: Object, change: Params, where: str, proration: str) -> None:
    price = recurring_price(store, change, where)
    item = new_item(store, subscription["id"], (price, change.get("quantity") or 1), *period_of(subscription))
    subscription["items"]["data"].append(item)
    _prorate(store, subscription, item, proration, [(price, item["quantity"], 1)])


def _item_named(subscription: Object, item_id: str, param: str) -> Object:
    for item in subscription["items"]["data"]:
        if item["id"] == item_id:
            found: Object = item
            return found
    raise missing("subscription_item", item_id, param)


def _prorate(store: Store, subscription: Object, item: Object, proration: str, parts: list[Any]) -> None:
    """Lines for the rest of the period that was paid for: what was bought comes back (negative), the new is added."""
    start, ends = period_of(subscription)
    if proration == "none" or subscription["status"] == "trialing":
        return
    waiting = store.notes(subscription["id"]).setdefault("pending_lines", [])
    for price, quantity, sign in parts:
        full = price["unit_amount"] * quantity
        amount = sign * ((2 * full * (ends - store.now) + (ends - start)) // (2 * (ends - start)))
        words = "Unused time" if sign < 0 else "Remaining time"
        row = line(store, item, amount, store.now, ends, words=words, proration=True, price=price)
        waiting.append(row | {"quantity": quantity})


def _change_trial(store: Store, subscription: Object, params: Params, effect: Effect) -> None:
    trial_end = params.get("trial_end")
    if trial_end is None:
        return
    if trial_end == "now":
        effect.restarts = subscription["status"] == "trialing"
        if effect.restarts:
            subscription.update(status="active", trial_end=store.now)
        return
    if trial_end <= store.now:
        raise StripeRefusal("trial_end must be a timestamp in the future.", param="trial_end")
    begun = subscription["trial_start"] or store.now
    subscription.update(status="trialing", trial_start=begun, trial_end=trial_end, billing_cycle_anchor=trial_end)
    effect.restarts = effect.invoice_now = False
    move_period(subscription, store.now, trial_end)
    watch_period(store, subscription)


def _restart(store: Store, subscription: Object) -> None:
    subscription["billing_cycle_anchor"] = store.now
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    move_period(subscription, store.now, next_end(subscription, recurring, store.now))
    watch_period(store, subscription)
