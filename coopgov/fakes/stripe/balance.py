"""The account's balance: every movement is a balance transaction, and the sum of their ``net`` is the balance."""

from coopgov.fakes.stripe.calls import Endpoint, fetching
from coopgov.fakes.stripe.fees import bacs_fee, card_fee
from coopgov.fakes.stripe.parameters import LIST, Params, period, text
from coopgov.fakes.stripe.periods import DAY
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.views import page_of

SETTLES_AFTER = 2 * DAY
_EMPTY: Object = {"object": "balance", "connect_reserved": [], "livemode": False}
CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payout": "payout",
    "payout_failure": "payout_reversal",
}


def book(
    store: Store,
    kind: str,
    amount: int,
    source: Object,
    *,
    fee: int = 0,
    fee_words: str = "Stripe processing fees",
    category: str = "",
    wait: int = 0,
) -> Object:
    """Moves ``amount`` (minor units, signed) less ``fee`` in the source's currency; ``wait`` in seconds."""
    entry = store.add(
        "balance_transaction",
        type=kind,
        amount=amount,
        fee=fee,
        net=amount - fee,
        currency=source["currency"],
        source=source["id"],
        description=source.get("description"),
        reporting_category=category or CATEGORIES[kind],
        available_on=store.now + wait,
        status="pending" if wait else "available",
    )
    if fee:
        entry["fee_details"] = [
            {
                "amount": fee,
                "application": None,
                "currency": source["currency"],
                "description": fee_words,
                "type": "stripe_fee",
            }
        ]
    if wait:
        store.remind(store.now + wait, "available", entry["id"])
    return entry


def book_charge(store: Store, charge: Object) -> None:
    """Gives a charge that succeeded its balance transaction, with Stripe's fee."""
    bacs = charge["payment_method_details"]["type"] == "bacs_debit"
    amount, currency = charge["amount"], charge["currency"]
    fee = bacs_fee(amount) if bacs else card_fee(amount, currency)
    entry = book(store, "payment" if bacs else "charge", amount, charge, fee=fee, wait=SETTLES_AFTER)
    charge["balance_transaction"] = entry["id"]


def becomes_available(store: Store, entry_id: str) -> None:
    """The money of this entry can be paid out from now on."""
    store.get("balance_transaction", entry_id)["status"] = "available"


def balance(store: Store, _params: Params) -> Object:
    """What is there, per currency: to be had, and on its way."""
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for entry in store.tables["balance_transaction"].values():
        for status in sums:
            now = entry["net"] if entry["status"] == status else 0
            sums[status][entry["currency"]] = sums[status].get(entry["currency"], 0) + now
    return _EMPTY | {status: _amounts(by_currency or {"gbp": 0}) for status, by_currency in sums.items()}


def _amounts(by_currency: dict[str, int]) -> list[Object]:
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(by_currency.items())
    ]


def available(store: Store, currency: str) -> int:
    """What can be paid out now, in minor units."""
    rows = store.rows("balance_transaction", currency=currency, status="available")
    return sum(int(row["net"]) for row in rows)


def listed(store: Store, params: Params) -> Object:
    """Balance transactions, newest first; with ``payout``, those that it paid out and itself."""
    equal = {name: params[name] for name in ("type", "source", "currency") if params.get(name)}
    rows = store.rows("balance_transaction", **equal)
    if params.get("payout"):
        paid = set(store.notes(params["payout"]).get("entries", ()))
        rows = [row for row in rows if row["id"] in paid]
    return page_of(store, rows, params, "/v1/balance_transactions")


_FILTERS = LIST | {"type": text, "source": text, "currency": text, "payout": text, "created": period}
ENDPOINTS = (
    Endpoint("GET", "/v1/balance", {}, balance),
    Endpoint("GET", "/v1/balance_transactions", _FILTERS, listed),
    fetching("balance_transaction", "/v1/balance_transactions"),
)
