"""Reads of the desk: a person's own things in the order in which they want them."""

from collections.abc import Iterable
from itertools import groupby

from coopgov.core.time import to_wall_clock
from coopgov.notifications.queries import InboxLine


def by_day(lines: Iterable[InboxLine], zone: str) -> list[list[InboxLine]]:
    """``lines`` in their order, those of one day together as clocks in ``zone`` count days."""
    return [list(group) for _, group in groupby(lines, lambda line: to_wall_clock(line.created_at, zone).date())]
