"""When Open Collective charges again: on the first of a month, whatever the day of joining.

As in server/lib/recurring-contributions.js (getNextChargeAndPeriodStartDates, MAX_RETRIES) of opencollective-api.
"""

import calendar
from datetime import UTC, datetime, timedelta

MOST_TRIES = 6  # failed charges in a row, after which the contribution is cancelled
LATE_IN_THE_MONTH = 15  # who joins after this day skips a month
EARLY_TRIES = 2


def after_joining(frequency: str, joined_at: datetime) -> datetime:
    """The second charge: 20 January → 1 March; 15 January → 1 February; yearly: the first of the month, a year on."""
    if frequency == "YEARLY":
        return _first_of_month(_months_later(joined_at, 12))
    skipped = 2 if joined_at.day > LATE_IN_THE_MONTH else 1
    return _first_of_month(_months_later(joined_at, skipped))


def after_paying(frequency: str, period_start: datetime) -> datetime:
    """The charge after the one that was due at ``period_start``, however late that one succeeded."""
    return _months_later(period_start, 12 if frequency == "YEARLY" else 1)


def after_failing(tries: int, failed_at: datetime) -> datetime:
    """The next attempt: two days on, five after the second failure, at midnight."""
    midnight = failed_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=2 if tries <= EARLY_TRIES else 5)


def _first_of_month(instant: datetime) -> datetime:
    return datetime(instant.year, instant.month, 1, tzinfo=UTC)


def _months_later(instant: datetime, months: int) -> datetime:
    """The same day so many months on, the last of the month where there is none."""
    year, month = divmod(instant.year * 12 + instant.month - 1 + months, 12)
    day = min(instant.day, calendar.monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)
