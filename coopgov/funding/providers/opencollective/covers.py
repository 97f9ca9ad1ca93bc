"""Which days a payment of a recurring contribution covers: up to the day before the next charge.

Open Collective charges cards and debits on the first of a month, whatever the day of joining, and skips one for who
joins after the 15th: paid on 20 January, charged again on 1 March (server/lib/recurring-contributions.js and
giving-to-collectives/making-a-recurring-contribution.md). PayPal keeps its day. A failed charge is tried again until
the 20th, for the month that began on the first. Its calendar is UTC's.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from coopgov.funding.providers.opencollective.values import instant, instant_or_none

LATE_IN_THE_MONTH = 15
FIRST_PAYMENT = timedelta(days=28)  # after the order; the earliest late retry of a second one comes on the 29th day
SAME_CHARGE = timedelta(days=1)
MONTHS = {"MONTHLY": 1, "YEARLY": 12}


@dataclass(frozen=True)
class Rhythm:
    """When a contribution is charged. ``next_at`` is told while it is active; ``last_at`` is its newest charge."""

    frequency: str
    created_at: datetime
    keeps_its_day: bool
    next_at: datetime | None
    last_at: datetime | None

    @property
    def is_recurring(self) -> bool:
        """True for monthly and yearly ones."""
        return self.frequency in MONTHS


def rhythm(order: Any) -> Rhythm:
    """The rhythm of an order's node; raises Unreadable."""
    method = order.get("paymentMethod") or {}
    return Rhythm(
        frequency=order.get("frequency") or "ONETIME",
        created_at=instant(order.get("createdAt")),
        keeps_its_day=method.get("service") == "PAYPAL",
        next_at=instant_or_none(order.get("nextChargeDate")) if order.get("status") == "ACTIVE" else None,
        last_at=instant_or_none(order.get("lastChargedAt")),
    )


def covered(by: Rhythm, paid_at: datetime) -> tuple[date, date] | tuple[None, None]:
    """First and last day that a payment of ``paid_at`` covers, both included; of a single one none."""
    if not by.is_recurring:
        return None, None
    paid_on = paid_at.astimezone(UTC).date()
    return paid_on, next_charge(by, paid_at) - timedelta(days=1)


def next_charge(by: Rhythm, paid_at: datetime) -> date:
    """The day of the charge after that of ``paid_at``: as Open Collective says of the newest one, else by its rule."""
    paid_on = paid_at.astimezone(UTC).date()
    is_newest = by.last_at is not None and abs(by.last_at - paid_at) < SAME_CHARGE
    if by.next_at is not None and is_newest and by.next_at.date() > paid_on:
        return by.next_at.date()
    months = MONTHS[by.frequency]
    if by.keeps_its_day:
        return _months_later(paid_on, months)
    is_late = paid_on.day > LATE_IN_THE_MONTH and paid_at - by.created_at <= FIRST_PAYMENT
    return _months_later(paid_on.replace(day=1), months + (1 if is_late and months == 1 else 0))


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
