"""Pure rules of the treasurer's desk: what an officer leaves to another one, and how old a reading may be."""

from datetime import date, datetime, timedelta

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.funding.rules.statement import month_of, next_month

STALE = timedelta(hours=24)  # a provider that was not read for so long is shown in red

REFUSALS: Refusals = {
    "treasury.own_relief": (
        Kind.FORBIDDEN,
        N_("Officers do not relieve themselves here. What every member can do for themselves is on your own page."),
    ),
    "treasury.own_refund": (
        Kind.FORBIDDEN,
        N_("Officers give nothing back to themselves: another treasurer does that."),
    ),
    "treasury.relief_kind": (Kind.INVALID, N_("Choose what helps.")),
    "treasury.relief_amount": (Kind.INVALID, N_("Write what is paid each month.")),
}


def refuse_own_relief(party_id: int, by_id: int) -> None:
    """Raises Refused when an officer would waive their own dues."""
    if party_id == by_id:
        raise Refused("treasury.own_relief")


def refuse_own_refund(party_id: int | None, by_id: int) -> None:
    """Raises Refused when an officer would give their own payment back."""
    if party_id == by_id:
        raise Refused("treasury.own_refund")


def is_stale(read_at: datetime | None, now: datetime) -> bool:
    """True for a source that was not read to its end within STALE, or never."""
    return read_at is None or now - read_at > STALE


def month_around(day: date) -> tuple[date, date]:
    """First day of the month of ``day``, and of the month after it.

    >>> month_around(date(2026, 12, 24))
    (datetime.date(2026, 12, 1), datetime.date(2027, 1, 1))
    """
    return month_of(day), next_month(month_of(day))
