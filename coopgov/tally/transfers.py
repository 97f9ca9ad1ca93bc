"""The single transferable vote, counted by whole papers: quotas, surpluses, exclusions, stage by stage.

The stages and their order are those of the Scottish Local Government Elections Order 2007 (SSI 2007/42), schedule 1,
part III, rules 45 to 52; with other decimals, or with fractions, it is the weighted inclusive Gregory method.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coopgov.tally.lots import Umpire
from coopgov.tally.numbers import Arithmetic, Value
from coopgov.tally.vote import Ranking


@dataclass
class Stage:
    """One stage: what was done, what everybody has after it, who was elected by it."""

    action: str
    tally: dict[str, Value]
    nontransferable: Value
    elected: list[str] = field(default_factory=list)
    excluded: str = ""
    below_quota: list[str] = field(default_factory=list)

    def to_plain(self, write: Arithmetic) -> dict[str, object]:
        """A dict that JSON can hold; values as decimals or fractions in text."""
        plain: dict[str, object] = {
            "action": self.action,
            "tally": {option: write.text(value) for option, value in self.tally.items()},
            "nontransferable": write.text(self.nontransferable),
        }
        if self.elected:
            plain["elected"] = list(self.elected)
        if self.excluded:
            plain["excluded"] = self.excluded
        if self.below_quota:
            plain["below_quota"] = list(self.below_quota)
        return plain


Paper = tuple[Ranking, int]  # papers that say the same, and how many they are
Parcel = tuple[Value, list[Paper]]  # papers that are worth the same


class PaperCount:
    """One count. ``run()`` once; then ``stages``, ``elected`` in order, and ``quota`` stand."""

    def __init__(
        self, options: Sequence[str], box: Mapping[Ranking, int], seats: int, arithmetic: Arithmetic, umpire: Umpire
    ) -> None:
        self._options, self._seats, self._write, self._umpire = options, seats, arithmetic, umpire
        self.valid = sum(number for ranking, number in box.items() if ranking)
        self.quota = self.valid // (seats + 1) + 1
        self.elected: list[str] = []
        self.stages: list[Stage] = []
        self._aim = arithmetic.whole(self.quota)
        self._continuing = list(options)
        self._waiting: list[str] = []  # elected, with a surplus that has not been transferred
        self._tally: dict[str, Value] = dict.fromkeys(options, arithmetic.whole(0))
        self._lost: Value = arithmetic.whole(0)
        self._piles: dict[str, list[Parcel]] = {option: [] for option in options}
        self._hand_on([(arithmetic.whole(1), [paper for paper in box.items() if paper[0]])])

    def run(self) -> None:
        """Counts to the end; raises Tied, with the stages so far in place."""
        self._note(Stage("first preferences", {}, self._lost))
        while len(self.elected) < self._seats and self._continuing:
            if len(self.elected) + len(self._continuing) <= self._seats:
                self._elect_the_rest()
            elif self._waiting:
                self._transfer_surplus()
            else:
                self._exclude_last()

    def _note(self, stage: Stage) -> None:
        stage.tally, stage.nontransferable = dict(self._tally), self._lost
        if sum(stage.tally.values(), self._lost) != self._write.whole(self.valid):
            raise ArithmeticError("votes were lost or made")
        self.stages.append(stage)
        reached = [option for option in self._continuing if self._tally[option] >= self._aim]
        for option in self._in_order(reached):  # never more than there are seats: their quotas are more than all votes
            self._elect(option, stage)
            if self._tally[option] > self._aim:
                self._waiting.append(option)

    def _elect(self, option: str, stage: Stage) -> None:
        self.elected.append(option)
        stage.elected.append(option)
        self._continuing.remove(option)

    def _in_order(self, options: Sequence[str]) -> list[str]:
        """The options by what they have, most first, every tie broken."""
        levels = sorted({self._tally[option] for option in options}, reverse=True)
        groups = [[option for option in options if self._tally[option] == level] for level in levels]
        return self._umpire.ranked(groups, "seat", self._history())

    def _history(self) -> list[Mapping[str, Any]]:
        return [stage.tally for stage in self.stages]

    def _transfer_surplus(self) -> None:
        most = max(self._tally[option] for option in self._waiting)
        largest = [option for option in self._waiting if self._tally[option] == most]
        option = self._umpire.choose(largest, "transfer", history=self._history())
        self._waiting.remove(option)
        surplus, total = most - self._aim, most
        self._tally[option] = self._aim
        pile, self._piles[option] = self._piles[option], []
        moved = self._hand_on([(self._write.part(value, surplus, total), papers) for value, papers in pile])
        self._lost += surplus - moved
        self._note(Stage(f"surplus of {option}", {}, self._lost))

    def _exclude_last(self) -> None:
        least = min(self._tally[option] for option in self._continuing)
        last = [option for option in self._continuing if self._tally[option] == least]
        option = self._umpire.choose(last, "exclude", loses=True, history=self._history())
        self._continuing.remove(option)
        self._tally[option] = self._write.whole(0)
        pile, self._piles[option] = self._piles[option], []
        self._lost += least - self._hand_on(pile)
        self._note(Stage(f"exclude {option}", {}, self._lost, excluded=option))

    def _hand_on(self, parcels: Sequence[Parcel]) -> Value:
        """Each paper to the next option that is still in the count; gives the sum of what was handed on."""
        moved = self._write.whole(0)
        for value, papers in parcels:
            for heir, inherited in _dealt(papers, self._continuing).items():
                if inherited and value:
                    votes = value * sum(number for _, number in inherited)
                    self._piles[heir].append((value, inherited))
                    self._tally[heir] += votes
                    moved += votes
        return moved

    def _elect_the_rest(self) -> None:
        """As many are left as seats: they are elected, those below the quota marked."""
        stage = self.stages[-1]
        for option in self._in_order(self._continuing):  # whoever had reached the quota was elected before
            self._elect(option, stage)
            stage.below_quota.append(option)


def _dealt(papers: Sequence[Paper], continuing: Sequence[str]) -> dict[str, list[Paper]]:
    """The papers by the first option that they name of those who are still in the count: whoever stood before these was
    elected or excluded, and never comes back."""
    heirs: dict[str, list[Paper]] = {option: [] for option in continuing}
    for paper in papers:
        for option in paper[0]:
            if option in heirs:
                heirs[option].append(paper)
                break
    return heirs
