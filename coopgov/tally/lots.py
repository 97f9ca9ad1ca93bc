"""Ties: which of several equal options goes on, by a rule that was written down before the first ballot.

Every tie that is broken leaves a line in the transcript: between whom, by what, who was chosen.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any


class Ties(StrEnum):
    """What decides between equals.

    ``previous_stage``: the most recent stage at which they differed, then the lot; ``lot``: the seeded lot; ``order``:
    the order in which options are listed; ``chair``: the order that the chair wrote down; ``declare``: nothing does,
    the count stops and says so. Without a seed the lot falls back on the order of the list.
    """

    PREVIOUS_STAGE = "previous_stage"
    LOT = "lot"
    ORDER = "order"
    CHAIR = "chair"
    DECLARE = "declare"


class Tied(Exception):
    """The rule leaves this tie to people: the count stops here."""

    def __init__(self, between: Sequence[str], purpose: str) -> None:
        super().__init__(purpose)
        self.between, self.purpose = tuple(between), purpose


@dataclass(frozen=True, slots=True)
class Break:
    """A tie that was broken. ``purpose``: exclude, transfer, seat, rank, fund; ``by``: the rule that decided."""

    between: tuple[str, ...]
    purpose: str
    by: str
    chosen: str

    def to_plain(self) -> dict[str, object]:
        """A dict that JSON can hold."""
        return {"between": list(self.between), "purpose": self.purpose, "by": self.by, "chosen": self.chosen}


def lot(seed: str, option: str) -> str:
    """The option's place in the lot, as text to sort by: the lowest comes first. Nobody knows it without the seed."""
    return hashlib.sha256(f"{seed}\n{option}".encode()).hexdigest()


@dataclass
class Umpire:
    """Breaks the ties of one count, and remembers them. ``chair``: options as the chair ranked them, best first."""

    rule: Ties
    options: Sequence[str]
    seed: str | None = None
    chair: Sequence[str] = ()
    breaks: list[Break] = field(default_factory=list)

    def choose(
        self,
        between: Sequence[str],
        purpose: str,
        *,
        loses: bool = False,
        history: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """One of the equals: whom to prefer, or with ``loses`` whom to give up.

        ``history``: what each had at every stage so far, oldest first. Raises Tied when the rule says to declare it.
        """
        tied = sorted(between, key=self.options.index)
        if len(tied) == 1:
            return tied[0]
        by, chosen = self._decided(tied, purpose, loses, history)
        self.breaks.append(Break(tuple(tied), purpose, by, chosen))
        return chosen

    def _decided(
        self, tied: list[str], purpose: str, loses: bool, history: Sequence[Mapping[str, Any]]
    ) -> tuple[str, str]:
        if self.rule is Ties.DECLARE or (self.rule is Ties.CHAIR and not set(tied) <= set(self.chair)):
            raise Tied(tied, purpose)
        if self.rule is Ties.CHAIR:
            ranked = sorted(tied, key=self.chair.index)
            return "chair", ranked[-1] if loses else ranked[0]
        if self.rule is Ties.PREVIOUS_STAGE:
            left = _by_history(tied, history, min if loses else max)
            if len(left) == 1:
                return "previous_stage", left[0]
            tied = left
        if self.rule is Ties.ORDER or self.seed is None:
            return "order", tied[0]
        seed = self.seed
        drawn = sorted(tied, key=lambda option: lot(seed, option))
        return "lot", drawn[-1] if loses else drawn[0]

    def ranked(
        self,
        groups: Sequence[Sequence[str]],
        purpose: str = "rank",
        history: Sequence[Mapping[str, Any]] = (),
    ) -> list[str]:
        """All options of ``groups`` (best first, each a group of equals) in one order, every tie broken."""
        order: list[str] = []
        for group in groups:
            left = list(group)
            while left:
                order.append(self.choose(left, purpose, history=history))
                left.remove(order[-1])
        return order


def _by_history(
    tied: list[str], history: Sequence[Mapping[str, Any]], pick: Callable[[list[int | Fraction]], int | Fraction]
) -> list[str]:
    """Those who were best (or worst) at the most recent stage at which they differed, and before that among these."""
    for stage in reversed(history):
        edge = pick([stage[option] for option in tied])
        tied = [option for option in tied if stage[option] == edge]
        if len(tied) == 1:
            break
    return tied
