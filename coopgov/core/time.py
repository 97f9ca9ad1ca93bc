"""Instants are UTC and aware; a co-op's wall clock is an instant seen in its zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """The present instant in UTC, for the edges of the program only; everything below is told the time."""
    return datetime.now(UTC)


def from_wall_clock(wall: datetime, zone: str) -> datetime:
    """The instant at which clocks in ``zone`` show ``wall`` (naive).

    An hour that summer time repeats means its first pass; an hour that it skips is read as if clocks had not yet
    changed (PEP 495, fold=0), so 01:30 on the skipped hour of London is 01:30 UTC.
    """
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def times_shown(wall: datetime, zone: str) -> int:
    """How many instants clocks in ``zone`` show as ``wall`` (naive): 1, but 0 in the hour that summer time skips, and 2
    in the one that it repeats."""
    first, second = (wall.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return 1
    return 2 if first.astimezone(UTC) < second.astimezone(UTC) else 0


def to_wall_clock(instant: datetime, zone: str) -> datetime:
    """What clocks in ``zone`` show at ``instant``, without zone, as form fields want it."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def whole_days(span: timedelta) -> int:
    """Full periods of 24 hours in ``span``; a part of a day does not count."""
    return span // timedelta(days=1)


def last_midnight(instant: datetime) -> datetime:
    """The last midnight (UTC) up to ``instant``: figures of members are published as they were then, so that no page
    tells the public of a fresh join."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def utc_text(instant: datetime) -> str:
    """``2026-11-22T18:00:00Z``: the instant to the second, for machines (RFC 3339)."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
