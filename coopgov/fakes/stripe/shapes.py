"""New objects in Stripe's shape: every field that a client may read is there from the start."""

import json
from pathlib import Path
from typing import Any

Object = dict[str, Any]

API_VERSION = "2026-10-28.endive"

_SHAPES: dict[str, str] = {
    name: json.dumps(shape) for name, shape in json.loads(Path(__file__).with_name("shapes.json").read_text()).items()
}

PREFIXES = {
    "customer": "cus_",
    "product": "prod_",
    "price": "price_",
    "checkout.session": "cs_test_",
    "subscription": "sub_",
    "subscription_item": "si_",
    "invoice": "in_",
    "line_item": "il_",
    "invoiceitem": "ii_",
    "invoice_payment": "inpay_",
    "charge": "ch_",
    "balance_transaction": "txn_",
    "payment_intent": "pi_",
    "payment_method": "pm_",
    "refund": "re_",
    "dispute": "dp_",
    "payout": "po_",
    "event": "evt_",
    "webhook_endpoint": "we_",
    "billing_portal.session": "bps_",
    "billing_portal.configuration": "bpc_",
    "setup_intent": "seti_",
    "item": "li_",
}


def blank(kind: str) -> Object:
    """An object of this kind as it is before anything is known of it."""
    shape: Object = json.loads(_SHAPES[kind])
    return shape


def plan_of(price: Object) -> Object:
    """The legacy twin of a recurring price, which Stripe still sends along."""
    recurring = price["recurring"]
    return blank("plan") | {
        "id": price["id"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "product": price["product"],
    }


def list_of(rows: list[Object], url: str, *, has_more: bool = False) -> Object:
    """Rows as Stripe wraps them."""
    return {"object": "list", "url": url, "has_more": has_more, "data": rows}
