"""Billing periods: calendar months and years from an anchor, in UTC, as Stripe counts them."""

import calendar
from datetime import UTC, datetime, timedelta

DAY = 86_400
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def boundary(anchor: int, interval: str, count: int, number: int) -> int:
    """Start of period ``number`` (epoch seconds) of periods of ``count`` intervals that begin at ``anchor``.

    The anchor's day of the month is kept, or the month's last day where there is no such day.

    >>> jan31 = int(datetime(2027, 1, 31, tzinfo=UTC).timestamp())
    >>> [datetime.fromtimestamp(boundary(jan31, "month", 1, n), UTC).strftime("%d %b") for n in range(4)]
    ['31 Jan', '28 Feb', '31 Mar', '30 Apr']
    """
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in _DAYS:
        return int((start + timedelta(days=_DAYS[interval] * count * number)).timestamp())
    months = start.year * 12 + start.month - 1 + _MONTHS[interval] * count * number
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def next_boundary(anchor: int, interval: str, count: int, after: int) -> int:
    """The first boundary later than ``after``; the anchor itself when that is still to come."""
    length = DAY * count * (_DAYS.get(interval) or 31 * _MONTHS[interval])
    number = max(0, (after - anchor) // length)  # 31 days is the longest month: never beyond the one wanted
    while boundary(anchor, interval, count, number) <= after:
        number += 1
    return boundary(anchor, interval, count, number)
