"""Pure rules of payments that the treasurer books by hand."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_

SOURCES: dict[str, str] = {"bank": N_("Bank transfer"), "cash": N_("Cash")}
PURPOSES: dict[str, str] = {"dues": N_("Dues"), "donation": N_("Gift"), "other": N_("Something else")}
EARLIEST = date(2000, 1, 1)  # before it, a year is a slip of the keys
LONGEST = timedelta(days=20 * 366)  # after the payment; whoever reckons on from year 9999 finds no next day

REFUSALS: Refusals = {
    "by_hand.own": (
        Kind.FORBIDDEN,
        N_("Nobody books their own payment by hand. Another treasurer can, or pay by card or Open Collective."),
    ),
    "by_hand.future": (Kind.INVALID, N_("This day has not come yet.")),
    "by_hand.long_ago": (Kind.INVALID, N_("Write a day after the year 2000.")),
    "by_hand.days": (Kind.INVALID, N_("The last day that is covered comes after the first.")),
    "by_hand.too_far": (Kind.INVALID, N_("Nobody pays for so long ahead: write a last day within twenty years.")),
    "by_hand.used": (
        Kind.CONFLICT,
        N_("Nothing was booked now: this form has booked another payment before. If this is a new one, book it."),
    ),
    "by_hand.no_months": (
        Kind.INVALID,
        N_("This amount covers no whole month of what the member pays: say which days it covers."),
    ),
    "by_hand.nobody": (Kind.INVALID, N_("Days are covered for a member: choose one, or leave the days empty.")),
    "by_hand.provider": (Kind.CONFLICT, N_("This payment came from a provider: give it back there.")),
    "by_hand.gone": (Kind.CONFLICT, N_("This booking was taken back already.")),
    "by_hand.refunded": (Kind.CONFLICT, N_("Money was given back on this payment: the booking stays.")),
}


def moment_of(day: date, zone: str, now: datetime) -> datetime:
    """The instant that stands for ``day``: its noon in ``zone``, or ``now`` while it is still to come today.

    Raises Refused: ``by_hand.future``, ``by_hand.long_ago``.
    """
    if day > now.astimezone(ZoneInfo(zone)).date():
        raise Refused("by_hand.future", field="day")
    if day < EARLIEST:
        raise Refused("by_hand.long_ago", field="day")
    noon = datetime.combine(day, time(12), ZoneInfo(zone))
    return min(noon.astimezone(now.tzinfo), now)


def check_days(covers: tuple[date, date] | None, party_id: int | None, paid_on: date) -> None:
    """Raises Refused for days that end before they begin, that are nobody's, or of another age of the world."""
    if covers is None:
        return
    if party_id is None:
        raise Refused("by_hand.nobody", field="member")
    if covers[1] < covers[0]:
        raise Refused("by_hand.days", field="covers_to")
    if covers[0] < EARLIEST:
        raise Refused("by_hand.long_ago", field="covers_from")
    if covers[1] - paid_on > LONGEST:
        raise Refused("by_hand.too_far", field="covers_to")
