"""Invoices: drafted, finalised with a payment intent, paid, voided or given up."""

from typing import Any

from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.payments import cancel, intend
from coopgov.fakes.stripe.shapes import Object, list_of
from coopgov.fakes.stripe.store import Store

WORDS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
}


def line(
    store: Store,
    item: Object,
    amount: int,
    start: int,
    end: int,
    *,
    words: str = "",
    proration: bool = False,
    price: Object | None = None,
) -> Object:
    """One line: ``amount`` (minor units, signed) for the item from ``start`` to ``end``."""
    price = price or item["price"]
    product = store.get("product", price["product"])
    return store.sketch(
        "line_item",
        amount=amount,
        subtotal=amount,
        currency=price["currency"],
        description=words or f"{item['quantity']} × {product['name']}",
        period={"start": start, "end": end},
        quantity=item["quantity"],
        parent={
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": proration,
                "proration_details": {"credited_items": None},
                "subscription": item["subscription"],
                "subscription_item": item["id"],
            },
        },
        pricing={
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
    )


def composed(store: Store, subscription: Object, lines: list[Object], reason: str, start: int, end: int) -> Object:
    """An invoice that nobody keeps yet. ``start`` and ``end`` are the invoice's own period, which for a renewal is the
    period before: what is paid for stands in the lines."""
    customer = store.get("customer", subscription["customer"])
    invoice = store.sketch(
        "invoice",
        customer=customer["id"],
        customer_email=customer["email"],
        customer_name=customer["name"],
        currency=subscription["currency"],
        billing_reason=reason,
        description=None,
        period_start=start,
        period_end=end,
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
                "subscription_proration_date": None,
            },
        },
    )
    for row in lines:
        row["invoice"] = invoice["id"]
    invoice["lines"] = list_of(lines, f"/v1/invoices/{invoice['id']}/lines")
    _total(invoice, customer)
    return invoice


def _total(invoice: Object, customer: Object) -> None:
    total = sum(row["amount"] for row in invoice["lines"]["data"])
    for name in ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"):
        invoice[name] = total
    invoice["starting_balance"] = customer["balance"]
    invoice["amount_due"] = invoice["amount_remaining"] = max(0, total + customer["balance"])


def draft(store: Store, subscription: Object, lines: list[Object], reason: str, start: int, end: int) -> Object:
    """A new draft."""
    invoice = composed(store, subscription, lines, reason, start, end)
    store.tables["invoice"][invoice["id"]] = invoice
    record(store, "invoice.created", invoice)
    return invoice


def finalize(store: Store, invoice: Object) -> None:
    """Gives a draft its number and a payment intent; with nothing to pay, it is paid."""
    if invoice["status"] != "draft":
        raise StripeRefusal("This invoice is already finalized.", code="invoice_not_editable", param="invoice")
    customer = store.get("customer", invoice["customer"])
    number = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = number + 1
    _total(invoice, customer)
    customer["balance"] = invoice["ending_balance"] = min(0, invoice["total"] + customer["balance"])
    address = f"{store.base_url}/invoice/{invoice['id']}"
    invoice.update(
        number=f"{customer['invoice_prefix']}-{number:04d}",
        status="open",
        effective_at=store.now,
        hosted_invoice_url=address,
        invoice_pdf=f"{address}/pdf",
    )
    invoice["status_transitions"]["finalized_at"] = store.now
    if invoice["amount_due"]:
        _intend(store, invoice)
    record(store, "invoice.finalized", invoice)
    if not invoice["amount_due"]:
        mark_paid(store, invoice)


def _intend(store: Store, invoice: Object) -> None:
    intent = intend(
        store,
        invoice["amount_due"],
        invoice["currency"],
        invoice["customer"],
        description=WORDS.get(invoice["billing_reason"]),
        setup_future_usage="off_session",
    )
    payment = store.add(
        "invoice_payment",
        invoice=invoice["id"],
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
    )
    store.notes(invoice["id"]).update(intent=intent["id"], payment=payment["id"])
    store.notes(intent["id"])["invoice"] = invoice["id"]


def intent_of(store: Store, invoice: Object) -> Object | None:
    """The payment intent of a finalised invoice that asks for money."""
    intent_id = store.notes(invoice["id"]).get("intent")
    return store.get("payment_intent", intent_id) if intent_id else None


def mark_paid(store: Store, invoice: Object, *, elsewhere: bool = False) -> None:
    """The invoice is paid, with Stripe or ``elsewhere`` (out of band)."""
    invoice.update(
        status="paid",
        amount_paid=0 if elsewhere else invoice["amount_due"],
        amount_paid_off_stripe=invoice["amount_due"] if elsewhere else 0,
        amount_remaining=0,
        next_payment_attempt=None,
        attempted=True,
        auto_advance=False,
    )
    invoice["status_transitions"]["paid_at"] = store.now
    _close_payment(store, invoice, None if elsewhere else invoice["amount_due"])
    record(store, "invoice.paid", invoice)
    record(store, "invoice.payment_succeeded", invoice)


def _close_payment(store: Store, invoice: Object, paid: int | None) -> None:
    """The invoice payment got ``paid``, or (None) will never get anything."""
    intent = intent_of(store, invoice)
    if intent is None:
        return
    payment = store.get("invoice_payment", store.notes(invoice["id"])["payment"])
    if paid is None:
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = store.now
        if intent["status"] not in ("succeeded", "canceled", "processing"):
            cancel(store, intent, "void_invoice")
    else:
        payment.update(status="paid", amount_paid=paid)
        payment["status_transitions"]["paid_at"] = store.now
        record(store, "invoice_payment.paid", payment)


def void(store: Store, invoice: Object) -> None:
    """The invoice counts as never written."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise StripeRefusal(f"You can only pass in open invoices. This one is {invoice['status']}.", param="invoice")
    _stop(store, invoice, "void", "voided_at")
    record(store, "invoice.voided", invoice)


def give_up(store: Store, invoice: Object) -> None:
    """The invoice will not be collected, and still stands."""
    if invoice["status"] != "open":
        raise StripeRefusal(f"You can only pass in open invoices. This one is {invoice['status']}.", param="invoice")
    _stop(store, invoice, "uncollectible", "marked_uncollectible_at")
    record(store, "invoice.marked_uncollectible", invoice)


def _stop(store: Store, invoice: Object, status: str, stamp: str) -> None:
    invoice.update(status=status, next_payment_attempt=None, auto_advance=False)
    invoice["status_transitions"][stamp] = store.now
    if status == "void":
        _close_payment(store, invoice, None)


def subscription_of(store: Store, invoice: Object) -> Object | None:
    """The subscription that the invoice bills."""
    parent: dict[str, Any] = (invoice["parent"] or {}).get("subscription_details") or {}
    return store.tables["subscription"].get(parent.get("subscription", ""))


def stop_collecting(store: Store, subscription_id: str) -> None:
    """Open invoices of the subscription stay open, and nobody is asked any more."""
    for invoice in store.rows("invoice", status="open"):
        parent = (invoice["parent"] or {}).get("subscription_details") or {}
        if parent.get("subscription") == subscription_id and invoice["auto_advance"]:
            with changing(store, invoice, "invoice.updated"):
                invoice.update(auto_advance=False, next_payment_attempt=None)
