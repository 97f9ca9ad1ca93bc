"""Sums and instants as the fake's pages write them."""

from datetime import UTC, datetime
from decimal import Decimal

SIGNS = {"gbp": "£", "eur": "€", "usd": "$"}
WITHOUT_DECIMALS = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
WITH_THREE = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def money(amount: int, currency: str) -> str:
    """A sum of the minor units in which Stripe counts (ISK and UGX in hundredths, too), in words.

    >>> money(1_234_50, "gbp"), money(-300, "chf"), money(500, "jpy"), money(5_000, "kwd")
    ('£1,234.50', '−3.00 CHF', '500 JPY', '5.000 KWD')
    """
    places = 0 if currency in WITHOUT_DECIMALS else 3 if currency in WITH_THREE else 2
    number = f"{Decimal(abs(amount)).scaleb(-places):,.{places}f}"
    sign = "−" if amount < 0 else ""
    return f"{sign}{SIGNS[currency]}{number}" if currency in SIGNS else f"{sign}{number} {currency.upper()}"


def when(instant: int | None) -> str:
    """An instant (epoch seconds) as a date and a time.

    >>> when(0)
    '1 January 1970, 00:00 UTC'
    """
    if instant is None:
        return "—"
    moment = datetime.fromtimestamp(instant, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def rhythm(price: dict[str, object]) -> str:
    """How often a price is paid: ``a month``, ``every 3 months``, or ``once``."""
    recurring = price["recurring"]
    if not isinstance(recurring, dict):
        return "once"
    count, interval = recurring["interval_count"], recurring["interval"]
    return f"a {interval}" if count == 1 else f"every {count} {interval}s"
