"""Products and prices, made beforehand or inline (``price_data``)."""

import re
from typing import Any

from coopgov.fakes.stripe.calls import Endpoint, fetching
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.events import changing, record
from coopgov.fakes.stripe.parameters import (
    LIST,
    Params,
    Schema,
    anything,
    flag,
    mapping,
    merged_metadata,
    one_of,
    period,
    required,
    text,
    whole,
)
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import page_of

INTERVALS = ("day", "week", "month", "year")
MOST = 99_999_999
LEAST = {"gbp": 30, "eur": 50, "usd": 50}  # what Stripe collects at least, other currencies: 50
_RECURRING: Schema = {"interval": text, "interval_count": whole}
_PRODUCT_DATA: Schema = {"name": text, "description": text, "metadata": mapping, "tax_code": text, "images": [text]}
PRICE_DATA: Schema = {  # of subscriptions; Checkout takes a new product too
    "currency": text,
    "product": text,
    "unit_amount": whole,
    "recurring": _RECURRING,
    "tax_behavior": text,
}
CHECKOUT_PRICE_DATA: Schema = PRICE_DATA | {"product_data": _PRODUCT_DATA}
_PRODUCT: Schema = {
    "id": text,
    "name": text,
    "description": text,
    "active": flag,
    "metadata": mapping,
    "images": [text],
    "url": text,
    "unit_label": text,
    "statement_descriptor": text,
    "tax_code": text,
    "type": text,
}
_PRICE: Schema = PRICE_DATA | {
    "product_data": {"name": text, "metadata": mapping, "tax_code": text},
    "recurring": _RECURRING | {"usage_type": text},
    "active": flag,
    "nickname": text,
    "metadata": mapping,
    "lookup_key": text,
    "custom_unit_amount": anything,
}


def create_product(store: Store, params: Params) -> Object:
    """A product."""
    if params.get("id") in store.tables["product"]:
        raise StripeRefusal(f"Product already exists: {params['id']}", code="resource_already_exists", param="id")
    product = store.add("product", id=params.get("id"), name=required(params, "name"))
    product["updated"] = store.now
    _write_product(product, params)
    record(store, "product.created", product)
    return product


def _write_product(product: Object, params: Params) -> None:
    for name in ("name", "description", "active", "images", "url", "unit_label", "statement_descriptor", "tax_code"):
        if name in params:
            product[name] = None if params[name] == "" else params[name]
    product["metadata"] = merged_metadata(product["metadata"], params.get("metadata"))


def update_product(store: Store, params: Params, product_id: str) -> Object:
    """The product, changed."""
    product = store.get("product", product_id)
    with changing(store, product, "product.updated"):
        _write_product(product, params)
        product["updated"] = store.now
    return product


def list_products(store: Store, params: Params) -> Object:
    """Products, newest first."""
    rows = store.rows("product", **({"active": params["active"]} if "active" in params else {}))
    if params.get("ids"):
        rows = [row for row in rows if row["id"] in params["ids"]]
    return page_of(store, rows, params, "/v1/products")


def create_price(store: Store, params: Params) -> Object:
    """A price."""
    if not params.get("product") and not params.get("product_data"):
        raise StripeRefusal("You must specify either `product` or `product_data`.", param="product")
    price = new_price(store, params, "", active=params.get("active", True))
    price["nickname"], price["lookup_key"] = params.get("nickname"), params.get("lookup_key")
    price["metadata"] = merged_metadata({}, params.get("metadata"))
    return price


def new_price(store: Store, params: Params, where: str, *, active: bool) -> Object:
    """A price from these facts; ``where`` names the parameter in refusals (``items[0][price_data]``)."""
    currency = required(params, "currency").lower()
    if not re.fullmatch(r"[a-z]{3}", currency):
        raise StripeRefusal(f"Invalid currency: {currency}", param=_named(where, "currency"))
    amount = None if params.get("custom_unit_amount") else _amount(params, where)
    recurring = _recurring(params.get("recurring"), where)
    price = store.add("price", currency=currency, active=active, unit_amount=amount)
    price["product"] = _product(store, params, where)["id"]
    price["unit_amount_decimal"] = None if amount is None else str(amount)
    price["recurring"], price["type"] = recurring, "recurring" if recurring else "one_time"
    price["custom_unit_amount"] = params.get("custom_unit_amount")
    record(store, "price.created", price)
    return price


def _amount(params: Params, where: str) -> int:
    amount = params.get("unit_amount")
    name = _named(where, "unit_amount")
    if amount is None:
        raise StripeRefusal(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if amount < 0:
        raise StripeRefusal("Invalid non-negative integer", code="parameter_invalid_integer", param=name)
    if amount > MOST:
        raise StripeRefusal("Amount must be no more than 99999999.", code="amount_too_large", param=name)
    return int(amount)


def _recurring(given: Params | None, where: str) -> dict[str, Any] | None:
    if given is None:
        return None
    interval = one_of(given.get("interval", ""), INTERVALS, _named(where, "recurring", "interval"))
    count = given.get("interval_count") or 1
    if count < 1 or count > {"day": 1095, "week": 156, "month": 36, "year": 3}[interval]:
        raise StripeRefusal("A period is three years at most.", param=_named(where, "recurring", "interval_count"))
    return {
        "interval": interval,
        "interval_count": count,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def _product(store: Store, params: Params, where: str) -> Object:
    if params.get("product_data"):
        return create_product(store, params["product_data"])
    name = _named(where, "product")
    product_id = params.get("product")
    if not product_id:
        raise StripeRefusal(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if product_id not in store.tables["product"]:
        raise StripeRefusal(f"No such product: '{product_id}'", code="resource_missing", param=name)
    return store.tables["product"][product_id]


def _named(where: str, first: str, *rest: str) -> str:
    return (f"{where}[{first}]" if where else first) + "".join(f"[{part}]" for part in rest)


def price_of(store: Store, line: Params, where: str) -> Object:
    """The price that a line names or describes."""
    if line.get("price_data"):
        return new_price(store, line["price_data"], f"{where}[price_data]", active=False)
    price_id = line.get("price")
    if not price_id:
        raise StripeRefusal(
            "You must specify `price` or `price_data`.", code="parameter_missing", param=f"{where}[price]"
        )
    if price_id not in store.tables["price"]:
        raise StripeRefusal(f"No such price: '{price_id}'", code="resource_missing", param=f"{where}[price]")
    return store.tables["price"][price_id]


def update_price(store: Store, params: Params, price_id: str) -> Object:
    """The price, changed in what may change."""
    price = store.get("price", price_id)
    with changing(store, price, "price.updated"):
        price.update({name: params[name] for name in ("active", "nickname", "lookup_key") if name in params})
        price["metadata"] = merged_metadata(price["metadata"], params.get("metadata"))
    return price


def list_prices(store: Store, params: Params) -> Object:
    """Prices, newest first."""
    equal = {name: params[name] for name in ("product", "active", "currency", "type") if name in params}
    return page_of(store, store.rows("price", **equal), params, "/v1/prices")


_OF_PRICE = {"active": flag, "nickname": text, "lookup_key": text, "metadata": mapping}
_PRICES = LIST | {"product": text, "active": flag, "currency": text, "type": text, "created": period}
ENDPOINTS = (
    Endpoint("POST", "/v1/products", _PRODUCT, create_product),
    Endpoint("GET", "/v1/products", LIST | {"active": flag, "ids": [text], "created": period}, list_products),
    fetching("product", "/v1/products"),
    Endpoint("POST", "/v1/products/{}", {k: v for k, v in _PRODUCT.items() if k not in ("id", "type")}, update_product),
    Endpoint("POST", "/v1/prices", _PRICE, create_price),
    Endpoint("GET", "/v1/prices", _PRICES, list_prices),
    fetching("price", "/v1/prices"),
    Endpoint("POST", "/v1/prices/{}", _OF_PRICE, update_price),
)
