"""The API's calls about invoices and what paid them."""

from coopgov.fakes.stripe import invoices
from coopgov.fakes.stripe.calls import Endpoint, fetching
from coopgov.fakes.stripe.collecting import collect
from coopgov.fakes.stripe.dunning import after_payment
from coopgov.fakes.stripe.errors import StripeRefusal, declined
from coopgov.fakes.stripe.parameters import LIST, Params, Schema, flag, period, required, text
from coopgov.fakes.stripe.payments import Outcome
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.subscriptions import is_alive, upcoming
from coopgov.fakes.stripe.views import page_of

_FILTERS: Schema = LIST | {"customer": text, "subscription": text, "status": text, "created": period}
_PAY: Schema = {"payment_method": text, "paid_out_of_band": flag, "off_session": flag}


def listed(store: Store, params: Params) -> Object:
    """Invoices, newest first."""
    equal = {name: params[name] for name in ("customer", "status") if params.get(name)}
    rows = store.rows("invoice", **equal)
    if params.get("subscription"):
        rows = [row for row in rows if _bills(row, params["subscription"])]
    return page_of(store, rows, params, "/v1/invoices")


def _bills(invoice: Object, subscription_id: str) -> bool:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return bool(details.get("subscription") == subscription_id)


def lines(store: Store, params: Params, invoice_id: str) -> Object:
    """The invoice's lines."""
    invoice = store.get("invoice", invoice_id)
    return page_of(store, invoice["lines"]["data"], params, f"/v1/invoices/{invoice_id}/lines")


def pay(store: Store, params: Params, invoice_id: str) -> Object:
    """The invoice after one more attempt, or after its money came another way (``paid_out_of_band``)."""
    invoice = store.get("invoice", invoice_id)
    if invoice["status"] == "paid":
        raise StripeRefusal("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "void":
        raise StripeRefusal("Voided invoices cannot be paid.", code="invoice_not_payable")
    if params.get("paid_out_of_band"):
        return _paid_elsewhere(store, invoice)
    method = params.get("payment_method")
    outcome = collect(store, invoice, store.get("payment_method", method, "payment_method") if method else None)
    if outcome is Outcome.DECLINED:
        raise declined("Your card was declined.", "card_declined", "generic_decline")
    if outcome is Outcome.CONFIRM:
        words = "Payment for this invoice requires additional user action before it can be completed successfully."
        raise declined(words, "invoice_payment_intent_requires_action")
    return invoice


def _paid_elsewhere(store: Store, invoice: Object) -> Object:
    if invoice["status"] == "draft":
        invoices.finalize(store, invoice)
    invoices.mark_paid(store, invoice, elsewhere=True)
    subscription = invoices.subscription_of(store, invoice)
    if subscription is not None:
        after_payment(store, subscription, invoice)
    return invoice


def finalize(store: Store, _params: Params, invoice_id: str) -> Object:
    """The draft, now open."""
    invoice = store.get("invoice", invoice_id)
    invoices.finalize(store, invoice)
    return invoice


def void(store: Store, _params: Params, invoice_id: str) -> Object:
    """The invoice, void."""
    invoice = store.get("invoice", invoice_id)
    invoices.void(store, invoice)
    return invoice


def mark_uncollectible(store: Store, _params: Params, invoice_id: str) -> Object:
    """The invoice, given up."""
    invoice = store.get("invoice", invoice_id)
    invoices.give_up(store, invoice)
    return invoice


def create_preview(store: Store, params: Params) -> Object:
    """What the subscription's next invoice will be."""
    subscription = store.get("subscription", required(params, "subscription"), "subscription")
    if not is_alive(subscription) or subscription["cancel_at_period_end"]:
        raise StripeRefusal("No upcoming invoices for this subscription.", code="invoice_upcoming_none", status=404)
    preview = upcoming(store, subscription)
    return preview | {"id": f"upcoming_{preview['id']}"}


def list_payments(store: Store, params: Params) -> Object:
    """Which intent paid which invoice: by ``invoice``, or by ``payment[payment_intent]``."""
    equal = {name: params[name] for name in ("invoice", "status") if params.get(name)}
    rows = store.rows("invoice_payment", **equal)
    payment = params.get("payment") or {}
    if payment.get("payment_intent"):
        rows = [row for row in rows if row["payment"]["payment_intent"] == payment["payment_intent"]]
    return page_of(store, rows, params, "/v1/invoice_payments")


_PAYMENTS: Schema = LIST | {
    "invoice": text,
    "status": text,
    "payment": {"type": text, "payment_intent": text},
    "created": period,
}
ENDPOINTS = (
    Endpoint("GET", "/v1/invoices", _FILTERS, listed),
    Endpoint("POST", "/v1/invoices/create_preview", {"customer": text, "subscription": text}, create_preview),
    fetching("invoice", "/v1/invoices"),
    Endpoint("GET", "/v1/invoices/{}/lines", LIST, lines),
    Endpoint("POST", "/v1/invoices/{}/pay", _PAY, pay),
    Endpoint("POST", "/v1/invoices/{}/finalize", {"auto_advance": flag}, finalize),
    Endpoint("POST", "/v1/invoices/{}/void", {}, void),
    Endpoint("POST", "/v1/invoices/{}/mark_uncollectible", {}, mark_uncollectible),
    Endpoint("GET", "/v1/invoice_payments", _PAYMENTS, list_payments),
    fetching("invoice_payment", "/v1/invoice_payments"),
)
