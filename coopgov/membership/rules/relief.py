"""Pure rules of relief: paying less, or nothing for a while. Nobody is asked why."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.money import Money, decimals_of
from coopgov.core.text import N_
from coopgov.membership.rules.standing import Span
from coopgov.membership.rules.tiers import months_on

PAUSES = (3, 6, 12)  # months that are offered
MORE = 6  # months that the mail before the end offers
WARNED = timedelta(days=14)  # before the end
LEAST_BY_CARD = 30  # minor units: providers charge no less (stripe.com/docs/currencies, GBP)
ASK, KEEP_ON, PAY_AGAIN = "relief-ask", "relief-more", "relief-end"  # purposes of tokens in mails

REFUSALS: Refusals = {
    "relief.months": (Kind.INVALID, N_("Choose how long.")),
    "relief.too_long": (
        Kind.INVALID,
        N_("Together that would be more than %(months)s months. We gladly talk about it: write to us."),
    ),
    "relief.amount": (Kind.INVALID, N_("Write what you can pay each month: 0 or more.")),
    "relief.too_small": (
        Kind.INVALID,
        N_("Card payments begin at %(least)s. Write that or more, or 0 to pay nothing."),
    ),
    "relief.none": (Kind.CONFLICT, N_("You pay in full already.")),
    "relief.not_here": (Kind.CONFLICT, N_("There is nothing to relieve: you are not a member, nor about to be one.")),
}


def ends_after(start: datetime, months: int, zone: str) -> datetime:
    """When a pause of ``months`` from ``start`` is over: the midnight that begins the same day of a later month, or
    that month's last day, in ``zone``. That day is to be paid for again."""
    day = months_on(start.astimezone(ZoneInfo(zone)).date(), months)
    return _midnight(day, zone)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


def check_pause(start: datetime, months: int, former: Sequence[Span], longest_months: int, zone: str) -> datetime:
    """When a pause of ``months`` from ``start`` ends; ``former`` are the member's pauses so far, in any order.

    Raises Refused when those without a break before it and this one are longer than ``longest_months`` together.
    """
    if months not in PAUSES:
        raise Refused("relief.months", field="months")
    ends = ends_after(start, months, zone)
    if ends > ends_after(unbroken_since(start, former), longest_months, zone):
        raise Refused("relief.too_long", field="months", months=longest_months)
    return ends


def unbroken_since(start: datetime, spans: Sequence[Span]) -> datetime:
    """Since when, up to ``start``, one of ``spans`` has always held; ``start`` itself when none did."""
    for span in sorted((s for s in spans if s.since < start), key=lambda s: s.since, reverse=True):
        if span.until is None or span.until >= start:
            start = span.since
    return start


def check_reduced(amount: Money, by_card: bool, months: int) -> None:
    """Raises Refused for a monthly ``amount`` that nobody can pay, or that a card cannot: of ``months`` at a time."""
    if amount.minor < 0:
        raise Refused("relief.amount", field="amount")
    least = LEAST_BY_CARD if decimals_of(amount.currency) else 1
    if by_card and 0 < amount.minor * months < least:
        raise Refused("relief.too_small", field="amount", least=Money(least, amount.currency))
