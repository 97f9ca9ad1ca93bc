"""Pure rules of tiers and of the choice between them: what is enough, what a provider keeps of it, next days."""

from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.money import MOST_MINOR, Money
from coopgov.core.text import N_

MONTHS = {"month": 1, "year": 12}
INTERVALS: dict[str, str] = {"month": N_("Every month"), "year": N_("Once a year")}
MOST_SUGGESTED = 5
LONGEST_NAME, LONGEST_SUMMARY = 80, 200

REFUSALS: Refusals = {
    "tier.unknown": (Kind.INVALID, N_("Choose one of the tiers.")),
    "tier.interval": (Kind.INVALID, N_("This tier cannot be paid in this interval.")),
    "tier.too_little": (
        Kind.INVALID,
        N_("This tier begins at %(least)s a month. You can also pay less, without a reason."),
    ),
    "tier.no_name": (Kind.INVALID, N_("Write a name.")),
    "tier.name_too_long": (Kind.INVALID, N_("The name is too long: at most %(most)s characters.")),
    "tier.summary_too_long": (Kind.INVALID, N_("The summary is too long: at most %(most)s characters.")),
    "tier.no_interval": (Kind.INVALID, N_("Choose at least one interval.")),
    "tier.minimum": (Kind.INVALID, N_("Write an amount of nothing or more, for one month.")),
    "tier.suggested": (Kind.INVALID, N_("Suggest at most %(most)s amounts, none below the minimum.")),
    "tier.gone": (Kind.CONFLICT, N_("This tier is not offered any more.")),
}


@dataclass(frozen=True)
class Fee:
    """What a provider keeps of one payment: a share of it and a fixed sum in minor units."""

    share: Fraction
    fixed_minor: int
    currency: str

    def of(self, amount: Money) -> Money:
        """The fee of a payment of ``amount``, rounded as money is and never more than the payment itself.

        >>> CARD.of(Money(1200, "GBP")).minor
        38
        """
        fixed = Money(self.fixed_minor if amount.minor else 0, amount.currency)
        return min(amount.share(self.share) + fixed, amount, key=lambda sum_: sum_.minor)


# Stripe's list price of a domestic card in the United Kingdom, 1.5 % + 20p, and 1 % + 20p of Bacs Direct Debit
# (stripe.com/gb/pricing). It is an estimate for the form: what was really kept is booked as the provider tells it.
CARD = Fee(Fraction(15, 1000), 20, "GBP")


def lost_to_fees(amount: Money, interval: str) -> Money:
    """About what a year of such payments loses to card fees; ``amount`` is for each ``interval``."""
    return CARD.of(amount) * (12 // MONTHS[interval])


def minimum_for(minimum: Money, interval: str) -> Money:
    """The least for one ``interval``, where ``minimum`` is for a month: a year is twelve months."""
    return minimum * MONTHS[interval]


def monthly(amount: Money, interval: str) -> Money:
    """``amount`` for each ``interval`` as a sum for one month, rounded as money is."""
    return amount.share(Fraction(1, MONTHS[interval]))


def check_choice(
    amount: Money, interval: str, *, minimum: Money, intervals: Collection[str], already: Money | None = None
) -> None:
    """Raises Refused when ``amount`` for each ``interval`` is no choice within a tier.

    ``already``: what the member pays for this interval in this tier now, which stays enough when the minimum rises.
    """
    if interval not in intervals or interval not in MONTHS:
        raise Refused("tier.interval", field="interval")
    least = minimum_for(minimum, interval)
    if amount.currency != least.currency:
        raise Refused("tier.unknown", field="tier")
    if already is not None and already.currency == least.currency:
        least = min(least, already, key=lambda sum_: sum_.minor)
    if amount < least:
        raise Refused("tier.too_little", field="amount", least=monthly(least, interval))
    if amount.minor > MOST_MINOR:
        raise Refused("amount.too_much", field="amount", most=Money(MOST_MINOR, amount.currency).plain)


def check_tier(name: str, summary: str, minimum: Money, suggested: Sequence[Money], intervals: Collection[str]) -> None:
    """Raises Refused for a tier that cannot be offered."""
    if not name.strip():
        raise Refused("tier.no_name", field="name")
    if len(name) > LONGEST_NAME:
        raise Refused("tier.name_too_long", field="name", most=LONGEST_NAME)
    if len(summary) > LONGEST_SUMMARY:
        raise Refused("tier.summary_too_long", field="summary", most=LONGEST_SUMMARY)
    if not set(intervals) or not set(intervals) <= set(MONTHS):
        raise Refused("tier.no_interval", field="intervals")
    if minimum.minor < 0 or minimum.minor * 12 > MOST_MINOR:
        raise Refused("tier.minimum", field="minimum")
    if len(suggested) > MOST_SUGGESTED or any(
        sum_.currency != minimum.currency or sum_ < minimum for sum_ in suggested
    ):
        raise Refused("tier.suggested", field="suggested", most=MOST_SUGGESTED)


def next_period(start: date, interval: str, anchor: int = 0) -> date:
    """The day on which the period after the one from ``start`` begins: the same day of a later month, or that
    month's last one. ``anchor`` is the day of the month that periods began with, else ``start``'s own.

    >>> next_period(date(2027, 1, 31), "month"), next_period(date(2027, 2, 28), "month", anchor=31)
    (datetime.date(2027, 2, 28), datetime.date(2027, 3, 31))
    """
    return months_on(start, MONTHS[interval], anchor or start.day)


def covered_by(start: date, interval: str, anchor: int = 0) -> tuple[date, date]:
    """First and last day that a payment on ``start`` covers, both included."""
    return start, next_period(start, interval, anchor) - timedelta(days=1)


def months_on(day: date, months: int, anchor: int = 0) -> date:
    """``months`` months after ``day``, on the day ``anchor`` (else the same) or the month's last one."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(anchor or day.day, monthrange(years, month + 1)[1]))
