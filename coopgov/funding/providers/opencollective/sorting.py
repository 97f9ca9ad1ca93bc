"""Rows of a page in their groups, and where the next page begins so that no group is read in halves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coopgov.funding.providers.opencollective.values import Unreadable, instant

TAIL = 30  # rows at the end of a page whose groups may go on beyond it
MOST_GROUPS = 300  # of one page: they are written down in one transaction
NEAR = 6  # rows beside a missing one whose groups may be the ones that miss it
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Sorted:
    """``groups``: the places of each group's rows, in order; ``lost``: groups of which something may be missing."""

    nodes: Sequence[Node | None]
    groups: dict[str, list[int]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def rows(self, group: str) -> list[Node]:
        """The nodes of ``group``."""
        return [node for place in self.groups[group] if (node := self.nodes[place]) is not None]

    def time(self, place: int) -> str:
        """When the row at ``place`` was written, as it says itself; empty for a missing one."""
        node = self.nodes[place] if place < len(self.nodes) else None
        return str(node.get("createdAt") or "") if node else ""

    def begins_before(self, group: str, start: datetime) -> bool:
        """True when the group's first row on the page was written before ``start``."""
        try:
            return instant(self.time(self.groups[group][0])) < start
        except Unreadable:
            return False


@dataclass(frozen=True)
class Cut:
    """Where a page that is not the last is cut: the groups ``held`` back begin at ``place`` and come again."""

    place: int
    held: frozenset[str]
    begins: str
    skip: list[str]


def sort_rows(nodes: Sequence[Node | None], spoilt: set[int]) -> Sorted:
    """The page's rows by group. ``spoilt``: places of rows that lack something."""
    found = Sorted(nodes)
    for place, node in enumerate(nodes):
        if node is not None and isinstance(node.get("group"), str):
            found.groups.setdefault(node["group"], []).append(place)
    for group, places in found.groups.items():
        missing = any(nodes[near] is None for place in places for near in _beside(place, len(nodes)))
        if missing or spoilt & set(places):
            found.lost.add(group)
    return found


def _beside(place: int, length: int) -> range:
    return range(max(0, place - NEAR), min(length, place + NEAR + 1))


def cut(page: Sorted, skipped: set[str], is_full: bool) -> Cut | None:
    """Where the page is cut; None when all of it can be taken, and there is no more.

    Held back are groups beyond MOST_GROUPS, and of a full page those near its end, unless they are all that there is.
    """
    length, fresh = len(page.nodes), [group for group in page.groups if group not in skipped]
    near_the_end = {group for group in fresh if is_full and page.groups[group][-1] >= length - TAIL}
    held = frozenset(near_the_end | set(fresh[MOST_GROUPS:]))
    if not held and not is_full:
        return None
    place = min((page.groups[group][0] for group in held), default=length)
    if place == 0:  # one happening of hundreds of rows: taken as it is
        held, place = frozenset(), length
    begins = page.time(place) or next((page.time(n) for n in range(length - 1, -1, -1) if page.time(n)), "")
    same = next((n for n in range(length) if page.time(n) == begins), place)
    again = [group for group, places in page.groups.items() if group not in held and places[-1] >= same]
    return Cut(place, held, begins, again)
