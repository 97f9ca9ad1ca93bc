"""Meek's method by the reference rule of the Proportional Representation Foundation: candidates keep a share of each
paper and pass on the rest, and the shares are refined until everybody elected has just the quota.

Source: prfound.org/resources/reference/reference-meek-rule. Nine decimals, omega 10^-6, products and keep factors
rounded up, the quota cut off and raised by one unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from coopgov.tally.lots import Umpire
from coopgov.tally.numbers import Decimals
from coopgov.tally.vote import Ranking

PLACES = 9
ONE = 10**PLACES
OMEGA = ONE // 10**6  # a surplus below this is as good as none


@dataclass
class Round:
    """One round: the quota and everybody's votes at its end, and whom it elected or excluded."""

    quota: int
    tally: dict[str, int]
    nontransferable: int
    elected: list[str] = field(default_factory=list)
    excluded: str = ""

    def to_plain(self) -> dict[str, object]:
        """A dict that JSON can hold; values as decimals in text."""
        write = Decimals(PLACES)
        plain: dict[str, object] = {
            "quota": write.text(self.quota),
            "tally": {option: write.text(value) for option, value in self.tally.items()},
            "nontransferable": write.text(self.nontransferable),
        }
        if self.elected:
            plain["elected"] = list(self.elected)
        if self.excluded:
            plain["excluded"] = self.excluded
        return plain


class KeepFactorCount:
    """One count. ``run()`` once; then ``rounds`` and ``elected`` in order stand."""

    def __init__(self, options: Sequence[str], box: Mapping[Ranking, int], seats: int, umpire: Umpire) -> None:
        self._options, self._seats, self._umpire = options, seats, umpire
        self._box = {ranking: number for ranking, number in box.items() if ranking}
        self.valid = sum(self._box.values())
        self.elected: list[str] = []
        self.rounds: list[Round] = []
        self._hopeful = list(options)
        self._keeps = dict.fromkeys(options, ONE)

    def run(self) -> None:
        """Counts to the end; raises Tied, with the rounds so far in place."""
        while len(self.elected) < self._seats and len(self.elected) + len(self._hopeful) > self._seats:
            self._round()
        if len(self.elected) < self._seats:
            for option in list(self._hopeful):
                self._elect(option, self.rounds[-1] if self.rounds else self._counted())

    def _counted(self) -> Round:
        self.rounds.append(Round(0, *self._distributed()))
        return self.rounds[-1]

    def _round(self) -> None:
        before: int | None = None
        while True:
            tally, lost = self._distributed()
            quota = sum(tally.values()) // (self._seats + 1) + 1
            here = Round(quota, tally, lost)
            reached = [option for option in self._hopeful if tally[option] >= quota]
            surplus = sum(max(tally[option] - quota, 0) for option in [*self.elected, *reached])
            if reached:
                self.rounds.append(here)
                for option in reached:
                    self._elect(option, here)
                return
            if surplus < OMEGA or (before is not None and surplus >= before):
                self.rounds.append(here)
                self._exclude(here, surplus)
                return
            before = surplus
            self._refine(tally, quota)

    def _elect(self, option: str, here: Round) -> None:
        self._hopeful.remove(option)
        self.elected.append(option)
        here.elected.append(option)

    def _exclude(self, here: Round, surplus: int) -> None:
        least = min(here.tally[option] for option in self._hopeful)
        last = [option for option in self._hopeful if here.tally[option] <= least + surplus]
        here.excluded = self._umpire.choose(last, "exclude", loses=True)
        self._hopeful.remove(here.excluded)
        self._keeps[here.excluded] = 0

    def _refine(self, tally: Mapping[str, int], quota: int) -> None:
        for option in self.elected:
            self._keeps[option] = _up(_up(self._keeps[option] * quota, ONE) * ONE, tally[option])

    def _distributed(self) -> tuple[dict[str, int], int]:
        """Everybody's votes with the keep factors as they are, and what no ranking had a place for."""
        tally, keeps, lost = dict.fromkeys(self._options, 0), self._keeps, 0
        for ranking, number in self._box.items():
            weight = ONE
            for option in ranking:
                keep = keeps[option]
                if keep:
                    kept = weight if keep == ONE else _up(weight * keep, ONE)
                    tally[option] += kept * number
                    weight -= kept
                    if not weight:
                        break
            lost += weight * number
        return tally, lost


def _up(value: int, by: int) -> int:
    """``value`` ÷ ``by``, rounded up."""
    return -(-value // by)
