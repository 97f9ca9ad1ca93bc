"""Subscriptions: begun, billed, paused, resumed, ended."""

from typing import Any

from coopgov.fakes.stripe.collecting import collect
from coopgov.fakes.stripe.dunning import CHANGED, FIRST_PAYMENT_WAITS, end
from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.invoices import composed, draft, finalize, give_up, line, void
from coopgov.fakes.stripe.periods import DAY, next_boundary
from coopgov.fakes.stripe.shapes import Object, plan_of
from coopgov.fakes.stripe.store import Store

ANNOUNCED = 7 * DAY  # before a renewal: invoice.upcoming
TRIAL_ENDS_SOON = 3 * DAY
Line = tuple[Object, int]  # a price, how many of it


def begin(
    store: Store,
    customer: Object,
    lines: list[Line],
    *,
    metadata: dict[str, str],
    method: str | None = None,
    trial_end: int | None = None,
    anchor: int | None = None,
    description: str | None = None,
) -> Object:
    """A subscription whose first period runs and is not billed yet: to the trial's end, the anchor, or a full one."""
    price = lines[0][0]
    subscription = store.add(
        "subscription",
        customer=customer["id"],
        currency=price["currency"],
        default_payment_method=method,
        description=description,
        metadata=metadata,
        start_date=store.now,
        status="trialing" if trial_end else "incomplete",
        billing_cycle_anchor=trial_end or anchor or store.now,
        trial_start=store.now if trial_end else None,
        trial_end=trial_end,
    )
    ends = next_end(subscription, price["recurring"], store.now)
    items = [new_item(store, subscription["id"], line, store.now, ends) for line in lines]
    subscription["items"] |= {"data": items, "url": f"/v1/subscription_items?subscription={subscription['id']}"}
    customer["currency"] = customer["currency"] or price["currency"]
    record(store, "customer.subscription.created", subscription)
    watch_period(store, subscription)
    if not trial_end:
        store.remind(store.now + FIRST_PAYMENT_WAITS, "first_payment_too_late", subscription["id"])
    return subscription


def new_item(store: Store, subscription_id: str, line: Line, start: int, ends: int) -> Object:
    """One item of a subscription, for the period from ``start`` to ``ends``."""
    price, quantity = line
    return store.add(
        "subscription_item",
        subscription=subscription_id,
        price=dict(price),
        plan=plan_of(price),
        quantity=quantity,
        current_period_start=start,
        current_period_end=ends,
    )


def next_end(subscription: Object, recurring: dict[str, Any], start: int) -> int:
    """The end of the period that begins at ``start``."""
    return next_boundary(
        subscription["billing_cycle_anchor"], recurring["interval"], recurring["interval_count"], start
    )


def period_of(subscription: Object) -> tuple[int, int]:
    """Start and end of the period that runs; the end is the next one's start."""
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


def watch_period(store: Store, subscription: Object) -> None:
    """Notes what is due around the end of the period that runs."""
    _, ends = period_of(subscription)
    store.remind(ends, "renew", subscription["id"])
    if ends - ANNOUNCED > store.now:
        store.remind(ends - ANNOUNCED, "upcoming", subscription["id"])
    if subscription["status"] == "trialing" and ends - TRIAL_ENDS_SOON > store.now:
        store.remind(ends - TRIAL_ENDS_SOON, "trial_will_end", subscription["id"])


def full_lines(store: Store, subscription: Object, share: tuple[int, int] = (1, 1)) -> list[Object]:
    """A line per item for the period that runs, at ``share`` (parts, whole) of the price; halves of a unit round up."""
    parts, whole = share
    lines = []
    for item in subscription["items"]["data"]:
        full = item["price"]["unit_amount"] * item["quantity"]
        amount = (2 * full * parts + whole) // (2 * whole)
        lines.append(line(store, item, amount, item["current_period_start"], item["current_period_end"]))
    return lines


def first_invoice(store: Store, subscription: Object, *, prorate: bool = True) -> Object:
    """The invoice of the beginning: of nothing in a trial, of a part when the anchor is nearer than a full period."""
    start, ends = period_of(subscription)
    share = (1, 1)
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    full = next_boundary(start, recurring["interval"], recurring["interval_count"], start)
    if subscription["status"] == "trialing":
        share = (0, 1)
    elif ends != full:
        share = (ends - start, full - start) if prorate else (0, 1)
    lines = full_lines(store, subscription, share)
    invoice = draft(store, subscription, lines, "subscription_create", start, start)
    subscription["latest_invoice"] = invoice["id"]
    finalize(store, invoice)
    return invoice


def bill(store: Store, subscription: Object, lines: list[Object], reason: str, start: int, ends: int) -> Object:
    """An invoice over ``lines``, collected at once unless collection is paused or the subscription unpaid."""
    invoice = draft(store, subscription, lines, reason, start, ends)
    with changing(store, subscription, CHANGED):
        subscription["latest_invoice"] = invoice["id"]
    pause = subscription["pause_collection"]
    if subscription["status"] == "unpaid" or (pause and pause["behavior"] == "keep_as_draft"):
        invoice["auto_advance"] = False
    elif pause:
        finalize(store, invoice)
        if invoice["status"] == "open":
            (void if pause["behavior"] == "void" else give_up)(store, invoice)
    else:
        collect(store, invoice)
    return invoice


def pending_lines(store: Store, subscription: Object) -> list[Object]:
    """Takes the prorations that wait for the next invoice."""
    taken: list[Object] = store.notes(subscription["id"]).pop("pending_lines", [])
    return taken


def renew(store: Store, subscription_id: str) -> None:
    """Ends the period that is over: the subscription ends with it, or the next period begins and is billed."""
    subscription = store.get("subscription", subscription_id)
    start, ends = period_of(subscription)
    if ends > store.now or subscription["status"] not in ("active", "past_due", "trialing", "unpaid"):
        return
    if subscription["cancel_at_period_end"] or _leaves_by(subscription, ends):
        end(store, subscription, "cancellation_requested")
        return
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    with changing(store, subscription, CHANGED):
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        move_period(subscription, ends, next_end(subscription, recurring, ends))
    watch_period(store, subscription)
    lines = pending_lines(store, subscription) + full_lines(store, subscription)
    bill(store, subscription, lines, "subscription_cycle", start, ends)


def _leaves_by(subscription: Object, instant: int) -> bool:
    return bool(subscription["cancel_at"]) and subscription["cancel_at"] <= instant


def move_period(subscription: Object, start: int, ends: int) -> None:
    """The period that runs, from now on."""
    for item in subscription["items"]["data"]:
        item.update(current_period_start=start, current_period_end=ends)


def leave(store: Store, subscription_id: str) -> None:
    """The day named by ``cancel_at`` has come."""
    subscription = store.get("subscription", subscription_id)
    if is_alive(subscription) and _leaves_by(subscription, store.now):
        end(store, subscription, "cancellation_requested")


def is_alive(subscription: Object) -> bool:
    """It has not ended."""
    return subscription["status"] not in ("canceled", "incomplete_expired")


def collect_again(store: Store, subscription_id: str) -> None:
    """The day named by ``pause_collection.resumes_at`` has come."""
    subscription = store.get("subscription", subscription_id)
    pause = subscription["pause_collection"]
    if pause and pause["resumes_at"] == store.now:
        with changing(store, subscription, CHANGED):
            subscription["pause_collection"] = None


def announce(store: Store, subscription_id: str) -> None:
    """``invoice.upcoming``: what the renewal will ask for."""
    subscription = store.get("subscription", subscription_id)
    _, ends = period_of(subscription)
    renews = subscription["status"] in ("active", "past_due", "trialing") and not subscription["cancel_at_period_end"]
    if renews and ends == store.now + ANNOUNCED and not store.muted:
        record(store, "invoice.upcoming", upcoming(store, subscription))


def upcoming(store: Store, subscription: Object) -> Object:
    """The next invoice as it would be; nobody keeps it."""
    start, ends = period_of(subscription)
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    following = next_end(subscription, recurring, ends)
    waiting = [dict(row) for row in store.notes(subscription["id"]).get("pending_lines", [])]
    lines = waiting + full_lines(store, subscription)
    for row in lines[len(waiting) :]:
        row["period"] = {"start": ends, "end": following}
    invoice = composed(store, subscription, lines, "upcoming", start, ends)
    return invoice | {"next_payment_attempt": ends}


def tell_trial_ends(store: Store, subscription_id: str) -> None:
    """``customer.subscription.trial_will_end``, three days before."""
    subscription = store.get("subscription", subscription_id)
    if subscription["status"] == "trialing" and subscription["trial_end"] == store.now + TRIAL_ENDS_SOON:
        record(store, "customer.subscription.trial_will_end", subscription)
