"""Stripe's objects as plain facts. Pure: no network, no clock, no database.

API 2026-10-28.endive: a subscription's period stands on its item, an invoice's payments on InvoicePayments, and what
an invoice is for in its lines (its own ``period_*`` is the period before).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from coopgov.core.money import Money
from coopgov.funding.providers.base import (
    RemoteDispute,
    RemoteMovement,
    RemotePayer,
    RemotePayment,
    RemotePledge,
    RemoteProblem,
    RemoteRefund,
)
from coopgov.funding.providers.stripe.sdk import Plain
from coopgov.funding.providers.stripe.units import from_stripe
from coopgov.funding.rules.ledger import ADJUSTMENTS, BANK, STRIPE, STRIPE_FEES, TRANSFERS

SOURCE = "stripe"
STATUSES = {
    "incomplete": "pending",
    "incomplete_expired": "failed",
    "trialing": "active",
    "active": "active",
    "past_due": "past_due",
    "unpaid": "past_due",
    "paused": "paused",
    "canceled": "ended",
}
REFUNDS = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}
ASKING = ("warning_needs_response", "warning_under_review", "warning_closed", "prevented")  # no money moved


class Unreadable(ValueError):
    """A shape or a value that this program does not know what to make of. The text says which."""


@dataclass(frozen=True)
class Ours:
    """What tells our objects from others in the same account. ``live``: the mode of our key."""

    instance: str
    live: bool
    zone: ZoneInfo

    def product_id(self, product: str) -> str:
        """Stripe's id of our product: ``tier:2`` → ``coopgov-<instance>-tier-2``."""
        return f"coopgov-{self.instance}-{product.replace(':', '-')}"

    def problem(self, found: Plain) -> RemoteProblem | None:
        """Why nothing of ``found`` (a subscription, a session, an invoice) may reach the ledger; None: it may."""
        subject = f"{SOURCE}:{found['id']}"
        if bool(found.get("livemode")) != self.live:
            return RemoteProblem(kind="test_mode", subject=subject)
        if _metadata(found).get("instance") != self.instance or not self._products_fit(found):
            return RemoteProblem(kind="foreign", subject=f"{SOURCE}:{_subscription_id(found) or found['id']}")
        return None

    def _products_fit(self, found: Plain) -> bool:
        return all(name.startswith(f"coopgov-{self.instance}-") for name in _products(found))

    def days(self, start: int, end: int) -> tuple[date, date]:
        """First and last day of a period whose ``end`` is the next one's start."""
        first, last = (instant(at).astimezone(self.zone).date() for at in (start, end))
        return first, max(first, last - timedelta(days=1))


def instant(seconds: int) -> datetime:
    """Epoch seconds as an aware instant."""
    return datetime.fromtimestamp(seconds, UTC)


def maybe(seconds: int | None) -> datetime | None:
    """The same; None for nothing."""
    return None if seconds is None else instant(seconds)


def id_of(value: Any) -> str:
    """The id of something that may be expanded; empty for nothing."""
    return str(value["id"] if isinstance(value, dict) else value or "")


def _metadata(found: Plain) -> dict[str, str]:
    """Whose it says it is; an invoice by hand is its customer's, who must be expanded."""
    if found["object"] != "invoice":
        return dict(found.get("metadata") or {})
    if _subscription_id(found):
        return dict(_parent(found).get("metadata") or {})
    customer = found["customer"]
    told = (customer.get("metadata") or {}) if isinstance(customer, dict) else {}
    return {"instance": told.get("instance", "")}


def _parent(invoice: Plain) -> Plain:
    return dict((invoice.get("parent") or {}).get("subscription_details") or {})


def _subscription_id(found: Plain) -> str:
    return id_of(_parent(found).get("subscription")) if found["object"] == "invoice" else ""


def _products(found: Plain) -> list[str]:
    if found["object"] == "subscription":
        return [id_of(item["price"]["product"]) for item in found["items"]["data"]]
    if _subscription_id(found):
        details = [((line.get("pricing") or {}).get("price_details") or {}) for line in found["lines"]["data"]]
        return [id_of(detail["product"]) for detail in details if detail.get("product")]
    return []


def _number(found: dict[str, str], name: str) -> int | None:
    value = found.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None


# Promises


def pledge(subscription: Plain, intent: Plain | None, as_of: datetime) -> RemotePledge:
    """A subscription. ``latest_invoice`` and ``customer`` may be expanded; ``intent`` is that invoice's payment.

    Raises Unreadable for periods that are neither months nor years.
    """
    items = subscription["items"]["data"]
    item = items[0]
    recurring = item["price"]["recurring"]
    if recurring["interval"] not in ("month", "year") or recurring["interval_count"] != 1:
        raise Unreadable(f"every {recurring['interval_count']} {recurring['interval']}")
    invoice = subscription["latest_invoice"]
    invoice = invoice if isinstance(invoice, dict) else None
    status, metadata = _status(subscription, invoice, intent), _metadata(subscription)
    return RemotePledge(
        remote_id=subscription["id"],
        payer=_payer(subscription["customer"], invoice),
        amount=_promised(items),
        interval=recurring["interval"],
        status=status,
        as_of=as_of,
        pledge_id=_number(metadata, "pledge"),
        product=metadata.get("product", ""),
        item_id=item["id"],
        started_at=maybe(subscription["start_date"]),
        paid_until=instant(item["current_period_end"]),
        next_charge_at=_next_charge(subscription, item, status, invoice),
        ends_at=_ends(subscription, item),
        resumes_at=maybe((subscription["pause_collection"] or {}).get("resumes_at")),
        action_url=_action_url(status, invoice, intent),
        failure=_failure(intent) if status in ("past_due", "pending", "paused") else "",
    )


def _promised(items: Sequence[Plain]) -> Money:
    units = sum((item["price"]["unit_amount"] or 0) * (item.get("quantity") or 1) for item in items)
    return from_stripe(units, items[0]["price"]["currency"])


def _status(subscription: Plain, invoice: Plain | None, intent: Plain | None) -> str:
    status = STATUSES.get(subscription["status"])
    if status is None:
        raise Unreadable(f"status {subscription['status']}")
    if status != "active":
        return status
    if subscription["pause_collection"]:
        return "paused"
    if subscription["cancel_at_period_end"] or subscription["cancel_at"]:
        return "ending"
    is_first = invoice is not None and invoice["billing_reason"] == "subscription_create"
    under_way = is_first and invoice is not None and invoice["status"] == "open" and intent is not None
    return "pending" if under_way and intent and intent["status"] == "processing" else status


def _next_charge(subscription: Plain, item: Plain, status: str, invoice: Plain | None) -> datetime | None:
    if status == "past_due" and invoice is not None and invoice.get("next_payment_attempt"):
        return instant(invoice["next_payment_attempt"])
    resumes = (subscription["pause_collection"] or {}).get("resumes_at")
    if status == "paused" and (not resumes or resumes > item["current_period_end"]):
        return None
    if status not in ("active", "past_due", "paused") or subscription["cancel_at"]:
        return None
    return instant(item["current_period_end"])


def _ends(subscription: Plain, item: Plain) -> datetime | None:
    if subscription["ended_at"]:
        return instant(subscription["ended_at"])
    if subscription["cancel_at"]:
        return instant(subscription["cancel_at"])
    return instant(item["current_period_end"]) if subscription["cancel_at_period_end"] else None


def _action_url(status: str, invoice: Plain | None, intent: Plain | None) -> str:
    """Where the payer settles what is open, once asking without them has failed."""
    if invoice is None or invoice["status"] != "open" or not invoice["attempted"] or status in ("ended", "failed"):
        return ""
    if intent is not None and intent["status"] == "processing":
        return ""
    return str(invoice.get("hosted_invoice_url") or "")


def _failure(intent: Plain | None) -> str:
    if intent is None:
        return ""
    if intent["status"] == "requires_action":
        return "The payer's bank wants to ask them first."
    return str((intent.get("last_payment_error") or {}).get("message") or "")


def _payer(customer: Any, invoice: Plain | None = None) -> RemotePayer | None:
    if not customer:
        return None
    told = customer if isinstance(customer, dict) else {}
    name = told.get("name") or (invoice or {}).get("customer_name") or ""
    email = told.get("email") or (invoice or {}).get("customer_email") or ""
    return RemotePayer(remote_id=id_of(customer), name=name, email=email)


# Payments


def payment(ours: Ours, invoice: Plain, intent: Plain | None) -> RemotePayment | None:
    """An invoice that somebody was asked to pay; None while nobody was, and for one of nothing that no credit paid.

    ``intent`` is what pays it, with ``latest_charge`` and its ``balance_transaction`` expanded. What was paid from
    the payer's credit, or elsewhere, is a payment of nothing that covers its days.
    """
    status = _payment_status(invoice, intent)
    if not status:
        return None
    charge = _charge(intent)
    if status == "succeeded" and charge is not None and charge["status"] != "succeeded":
        charge = None  # it was tried in vain before the money came another way
    bt = balance_transaction_of(charge)
    units = invoice["amount_due"] if status != "succeeded" else invoice["amount_paid"] if charge else 0
    gross = from_stripe(units, invoice["currency"])
    metadata = _metadata(invoice)
    covers = covered(ours, invoice)
    return RemotePayment(
        remote_id=invoice["id"],
        payer=_payer(invoice["customer"], invoice),
        gross=gross,
        status=status,
        paid_at=_paid_at(invoice, charge, status),
        settles_in=STRIPE,
        fees=_fees(gross, bt, charge),
        charge_id=charge["id"] if charge else "",
        pledge_remote_id=_subscription_id(invoice),
        pledge_id=_number(metadata, "pledge"),
        purpose="dues" if _subscription_id(invoice) else "other",
        method=_method(invoice, charge),
        settled_at=maybe(bt["available_on"]) if bt else None,
        failed_at=_paid_at(invoice, charge, status) if status == "failed" else None,
        failure=_failure(intent) if status == "failed" else "",
        covers_from=covers[0] if covers else None,
        covers_to=covers[1] if covers else None,
        receipt_url=str((charge or {}).get("receipt_url") or invoice.get("hosted_invoice_url") or ""),
    )


def _payment_status(invoice: Plain, intent: Plain | None) -> str:
    if invoice["status"] == "paid":
        paid = invoice["amount_paid"] or invoice.get("amount_paid_off_stripe")
        return "succeeded" if paid or invoice["total"] > 0 else ""
    if invoice["status"] == "draft" or not invoice["attempted"] or intent is None:
        return ""
    return "pending" if invoice["status"] == "open" and intent["status"] == "processing" else "failed"


def _charge(intent: Plain | None) -> Plain | None:
    charge = (intent or {}).get("latest_charge")
    return charge if isinstance(charge, dict) else None


def balance_transaction_of(found: Plain | None) -> Plain | None:
    """What the object did to the balance, when it is told and known."""
    entry = (found or {}).get("balance_transaction")
    return entry if isinstance(entry, dict) else None


def _paid_at(invoice: Plain, charge: Plain | None, status: str) -> datetime:
    stamps = invoice["status_transitions"]
    asked = charge["created"] if charge else stamps["finalized_at"] or invoice["created"]
    return instant(stamps["paid_at"] or asked if status == "succeeded" else asked)


def _fees(gross: Money, bt: Plain | None, charge: Plain | None) -> dict[str, Money] | None:
    """Stripe's fee of this payment; in another currency than the payment's it is a movement of its own."""
    if charge is None or not gross:
        return {}
    if bt is None:
        return None
    fee = from_stripe(bt["fee"], bt["currency"])
    return {STRIPE_FEES: fee} if fee.currency == gross.currency else {}


def _method(invoice: Plain, charge: Plain | None) -> str:
    if charge is not None:
        return str((charge.get("payment_method_details") or {}).get("type") or "")
    if invoice["status"] == "paid":
        return "elsewhere" if invoice.get("amount_paid_off_stripe") else "credit"
    return ""


def covered(ours: Ours, invoice: Plain) -> tuple[date, date] | None:
    """The days that the invoice pays for: those of its full lines, else of what a change in between added."""
    lines = [line for line in invoice["lines"]["data"] if line["amount"] > 0 and _of_subscription(line)]
    full = [line for line in lines if not line["parent"]["subscription_item_details"]["proration"]]
    chosen = full or lines
    if not chosen:
        return None
    starts, ends = zip(*((line["period"]["start"], line["period"]["end"]) for line in chosen), strict=True)
    return ours.days(min(starts), max(ends))


def _of_subscription(line: Plain) -> bool:
    return bool((line.get("parent") or {}).get("subscription_item_details"))


def elsewhere(invoice: Plain) -> RemoteProblem | None:
    """An invoice whose money came another way: the treasurer books it where it came."""
    units = invoice.get("amount_paid_off_stripe") or 0
    if not units:
        return None
    facts: dict[str, str | int] = {"what": "paid_elsewhere", "sum": str(from_stripe(units, invoice["currency"]))}
    return RemoteProblem(kind="provider", subject=f"{SOURCE}:{invoice['id']}", facts=facts)


# What went back


def refund(found: Plain) -> RemoteRefund:
    """A refund; ``balance_transaction`` and ``failure_balance_transaction`` may be expanded."""
    status = REFUNDS.get(found["status"] or "succeeded")
    if status is None:
        raise Unreadable(f"refund {found['status']}")
    amount = from_stripe(found["amount"], found["currency"])
    bt, home = balance_transaction_of(found), found.get("failure_balance_transaction")
    fee = from_stripe(bt["fee"], bt["currency"]) if bt else None
    returned = {STRIPE_FEES: -fee} if fee and fee.currency == amount.currency else {}
    closed = home["created"] if isinstance(home, dict) else found["created"]
    return RemoteRefund(
        remote_id=found["id"],
        payment=id_of(found["charge"]) or id_of(found["payment_intent"]),
        amount=amount,
        status=status,
        at=instant(found["created"]),
        fees_returned=returned,
        closed_at=instant(closed) if status == "failed" else None,
    )


def refund_failed(found: Plain) -> RemoteProblem | None:
    """What the treasurer has to know of a refund that came back."""
    if REFUNDS.get(found["status"] or "") != "failed":
        return None
    facts: dict[str, str | int] = {"sum": str(from_stripe(found["amount"], found["currency"]))}
    return RemoteProblem(kind="refund_failed", subject=f"{SOURCE}:{found['id']}", facts=facts)


def dispute(found: Plain) -> RemoteDispute:
    """A dispute. It counts as won when the money is back: Stripe says so a moment earlier."""
    entries = found["balance_transactions"]
    amount = from_stripe(found["amount"], found["currency"])
    own = [entry for entry in entries if entry["currency"].upper() == amount.currency]
    back = [entry for entry in entries if entry["amount"] > 0]
    withdrawn = any(entry["amount"] < 0 for entry in entries)
    fee = sum(entry["fee"] for entry in own if entry["fee"] > 0)
    status = _dispute_status(found["status"], withdrawn, bool(back))
    return RemoteDispute(
        remote_id=found["id"],
        payment=id_of(found["charge"]),
        amount=amount,
        fee=from_stripe(fee, found["currency"]),
        fee_account=STRIPE_FEES,
        status=status,
        at=instant(found["created"]),
        withdrawn=withdrawn,
        fee_back=any(entry["fee"] < 0 for entry in own),
        closed_at=instant(back[-1]["created"]) if status == "won" and back else None,
    )


def _dispute_status(status: str, withdrawn: bool, returned: bool) -> str:
    if status == "lost":
        return "lost"
    if status == "won":
        return "open" if withdrawn and not returned else "won"
    return "won" if status in ("warning_closed", "prevented") and not withdrawn else "open"


# Everything else that moves the balance


def movements(bt: Plain, own: Money | None) -> list[RemoteMovement]:
    """What a balance transaction did beside its payment, refund or dispute, which is ``own`` (signed; None: nothing).

    Those move the balance in their own currency, in the books as at Stripe. When Stripe changed the money, it left in
    one currency and came in the other.
    """
    amount = from_stripe(bt["amount"], bt["currency"])
    fee = from_stripe(bt["fee"], bt["currency"])
    if own is not None and own.currency == amount.currency:
        return []
    moved: list[RemoteMovement] = []
    if own is not None:
        moved.append(_moved(bt, ":from", "transfer", -own, TRANSFERS))
        moved.append(_moved(bt, ":to", "transfer", amount, TRANSFERS))
    else:
        moved.append(_other(bt, amount))
    if fee:
        moved.append(_moved(bt, ":fee", "fee", -fee, STRIPE_FEES))
    return moved


def _other(bt: Plain, amount: Money) -> RemoteMovement:
    kinds = {
        "payout": ("payout", BANK),
        "payout_cancel": ("payout", BANK),
        "payout_failure": ("payout", BANK),
        "topup": ("transfer", BANK),
        "topup_reversal": ("transfer", BANK),
        "stripe_fee": ("fee", STRIPE_FEES),
        "stripe_fx_fee": ("fee", STRIPE_FEES),
        "tax_fee": ("fee", STRIPE_FEES),
    }
    kind, account = kinds.get(bt["type"], ("adjustment", ADJUSTMENTS))
    return _moved(bt, "", kind, amount, account)


def _moved(bt: Plain, part: str, kind: str, amount: Money, account: str) -> RemoteMovement:
    at = instant(bt["created"])
    return RemoteMovement(remote_id=bt["id"] + part, kind=kind, amount=amount, asset=STRIPE, account=account, at=at)


def balances(found: Plain) -> tuple[Money, ...]:
    """What Stripe holds for us in each currency, to be had and on its way."""
    sums: dict[str, int] = {}
    for part in (*found["available"], *found["pending"]):
        sums[part["currency"]] = sums.get(part["currency"], 0) + part["amount"]
    return tuple(from_stripe(units, currency) for currency, units in sorted(sums.items()))
