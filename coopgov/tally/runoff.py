"""The instant runoff: the last is excluded and each paper goes on to the next it names, until one has a majority."""

from collections.abc import Iterable, Mapping, Sequence

from coopgov.tally.lots import Umpire
from coopgov.tally.vote import Ranking


class Runoff:
    """One count. ``run()`` once; then ``rounds`` (votes of those still in), ``actions`` and ``elected`` stand.

    A majority is one of the papers that still count. Those tied for last are excluded together when all of them have
    fewer than the next above; else the tie rule names one.
    """

    def __init__(self, options: Sequence[str], box: Mapping[Ranking, int], umpire: Umpire) -> None:
        self._umpire = umpire
        papers = [paper for paper in box.items() if paper[0]]
        self.valid = sum(number for _, number in papers)
        self.rounds: list[dict[str, int]] = []
        self.actions: list[str] = ["first preferences"]
        self.elected: list[str] = []
        self._votes = dict.fromkeys(options, 0)
        self._piles: dict[str, list[tuple[Ranking, int]]] = {option: [] for option in options}
        self._deal(papers)

    @property
    def exhausted(self) -> list[int]:
        """At each round, the papers that name nobody who is still in."""
        return [self.valid - sum(votes.values()) for votes in self.rounds]

    def run(self) -> None:
        """Counts to the end; raises Tied, with the rounds so far in place."""
        while not self.elected:
            votes = dict(self._votes)
            self.rounds.append(votes)
            most = max(votes.values())
            if 2 * most > sum(votes.values()) or len(votes) <= 2:
                leading = [option for option in votes if votes[option] == most]
                self.elected.append(self._umpire.choose(leading, "seat", history=self.rounds[:-1]))
            else:
                self._exclude(self._last(votes))

    def _deal(self, papers: Iterable[tuple[Ranking, int]]) -> None:
        """Each paper to the first option that it names of those still in."""
        votes, piles = self._votes, self._piles
        for paper in papers:
            for option in paper[0]:
                if option in votes:
                    votes[option] += paper[1]
                    piles[option].append(paper)
                    break

    def _last(self, votes: Mapping[str, int]) -> list[str]:
        least = min(votes.values())
        last = [option for option in votes if votes[option] == least]
        above = min((n for n in votes.values() if n > least), default=None)
        if above is not None and len(last) > 1 and least * len(last) < above and len(votes) - len(last) >= 2:
            return last
        return [self._umpire.choose(last, "exclude", loses=True, history=self.rounds[:-1])]

    def _exclude(self, gone: Sequence[str]) -> None:
        for option in gone:
            del self._votes[option]
        for option in gone:
            self._deal(self._piles.pop(option))
        self.actions.append("exclude " + ", ".join(gone))
