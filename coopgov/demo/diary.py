"""The order in which the demonstration's history happens: acts with their instants, performed from old to new."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise

from coopgov.core.time import from_wall_clock, to_wall_clock

ZONE = "Europe/London"
WAKES, SLEEPS = 7, 23  # hours of the clock between which people write
LIVELY = 1.4  # 1: evenly spread; more: livelier at first
JUST_NOW = timedelta(minutes=20)  # nothing is younger, so that nothing lies in the future of a slow clock

Act = Callable[[datetime], None]


class Diary:
    """Acts to come. ``now`` ends the history; what is written in for later happens just before it."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._acts: list[tuple[datetime, int, Act]] = []

    def write(self, at: datetime, act: Act) -> None:
        """``act`` happens at ``at``; of two at one instant the one written first is first."""
        self._acts.append((min(at, self.now - JUST_NOW), len(self._acts), act))

    def entries(self) -> Iterator[tuple[datetime, Act]]:
        """Everything written so far, from old to new."""
        for at, _, act in sorted(self._acts, key=lambda entry: entry[:2]):
            yield at, act

    def days_ago(self, days: float) -> datetime:
        """The instant that many times 24 hours before now."""
        return self.now - timedelta(days=days)

    def on_the_hour(self, days: float) -> datetime:
        """The last full hour at or before the instant ``days`` ago."""
        return self.days_ago(days).replace(minute=0, second=0, microsecond=0)

    def on_the_clock(self, days: float, clock: str) -> datetime:
        """On the day that was ``days`` ago, when clocks showed ``clock`` (HH:MM)."""
        hour, minute = clock.split(":")
        wall = to_wall_clock(self.days_ago(days), ZONE)
        return from_wall_clock(wall.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0), ZONE)


def awake(at: datetime) -> datetime:
    """``at``, or the next morning when most people are asleep then, however long that night is."""
    wall = to_wall_clock(at, ZONE)
    if WAKES <= wall.hour < SLEEPS:
        return at
    morning = wall.date() + timedelta(days=wall.hour >= SLEEPS)
    return from_wall_clock(datetime.combine(morning, time(WAKES, wall.minute, wall.second, wall.microsecond)), ZONE)


def spread(anchors: Sequence[float | None], lasts: float) -> list[float]:
    """A rising offset (in days) for each entry: the given ones as they are, the others between them, the talk being
    livelier at first; the last entry is at ``lasts`` unless it says otherwise.

    >>> [round(day, 1) for day in spread([None, 4.0, None, None], 10)]
    [1.5, 4.0, 6.3, 10]
    """
    fixed = {-1: 0.0, len(anchors) - 1: lasts, **{n: day for n, day in enumerate(anchors) if day is not None}}
    places = sorted(fixed)
    days = {
        n: fixed[a] + (fixed[b] - fixed[a]) * ((n - a) / (b - a)) ** LIVELY
        for a, b in pairwise(places)
        for n in range(a + 1, b)
    }
    return [(days | fixed)[n] for n in range(len(anchors))]
