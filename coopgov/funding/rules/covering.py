"""Pure rule of what a payment by hand covers: whole months at what the member pays, after what is covered already."""

from calendar import monthrange
from datetime import date, timedelta

from coopgov.core.money import Money

MONTHS = {"month": 1, "year": 12}
MOST_MONTHS = 120  # what nobody pays ahead: a slip of the keys


def months_covered(amount: Money, price: Money, interval: str) -> int:
    """How many whole months ``amount`` pays for, where ``price`` is for each ``interval``; 0 for free or foreign.

    >>> months_covered(Money(1000, "GBP"), Money(300, "GBP"), "month"), months_covered(Money(1200, "GBP"),
    ... Money(1200, "GBP"), "year")
    (3, 12)
    """
    if amount.currency != price.currency or price.minor <= 0 or interval not in MONTHS:
        return 0
    return min(amount.minor * MONTHS[interval] // price.minor, MOST_MONTHS)


def covered_days(amount: Money, price: Money, interval: str, first: date) -> tuple[date, date] | None:
    """First and last day, both included, that ``amount`` covers from ``first`` on; None when it is no whole month's.

    A month from the 31st ends with a shorter month's last day.

    >>> covered_days(Money(300, "GBP"), Money(300, "GBP"), "month", date(2027, 1, 31))
    (datetime.date(2027, 1, 31), datetime.date(2027, 2, 27))
    """
    months = months_covered(amount, price, interval)
    return (first, _after(first, months) - timedelta(days=1)) if months else None


def _after(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))
