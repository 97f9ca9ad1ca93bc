"""What an election file holds, and how its ballots are read for each kind of method."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Levels = tuple[tuple[str, ...], ...]


class BadFile(ValueError):
    """The file cannot be read; the text says where and why."""


@dataclass(frozen=True, slots=True)
class BallotFile:
    """``rankings``: levels of options, best first, and how many ballots say so; ``points`` or ``picks`` instead where
    ballots are such; ``table`` where there are no ballots but pairs. ``settings``: what the file itself lays down."""

    title: str
    options: tuple[str, ...]
    rankings: Mapping[Levels, int] = field(default_factory=dict)
    points: Mapping[tuple[tuple[str, int], ...], int] = field(default_factory=dict)
    picks: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    table: tuple[tuple[int, ...], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def strict(self) -> dict[tuple[str, ...], int]:
        """Rankings without equals: a ballot is read up to the rank that names several, and no further."""
        box: Counter[tuple[str, ...]] = Counter()
        for levels, number in self.rankings.items():
            named: list[str] = []
            for level in levels:
                if len(level) > 1:
                    break
                named.append(level[0])
            box[tuple(named)] += number
        return dict(box)

    def approved(self) -> dict[tuple[str, ...], int]:
        """Sets of options: those picked, ranked at all, or given points."""
        box: Counter[tuple[str, ...]] = Counter(self.picks)
        for levels, number in self.rankings.items():
            named = {option for level in levels for option in level}
            box[tuple(option for option in self.options if option in named)] += number
        for pairs, number in self.points.items():
            box[tuple(option for option, value in pairs if value)] += number
        return dict(box)
