"""The method of equal shares for a budget: everybody holds the same part of it, and projects are paid by supporters.

Utility is cost; the completion is add-one: each share grows by one unit (or another step) until the outcome would cost
more than there is. Sources: Peters, Pierczyński and Skowron, "Proportional Participatory Budgeting with Additive
Utilities" (2021); equalshares.net, "Completion".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from coopgov.tally.lots import Umpire

Picks = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Funded:
    """What is paid for, in the order in which it was; ``added``: by how many units each share had grown."""

    projects: tuple[str, ...]
    cost: int
    added: int


def usual_step(budget: int, electors: int) -> int:
    """A step for budgets in small money: a thousandth of the first share, at least one unit.

    Whoever opens a vote writes it into the manifest: another step may fund other projects.
    """
    return max(1, budget // (1000 * electors))


def share_out(costs: Mapping[str, int], box: Mapping[Picks, int], budget: int, umpire: Umpire, step: int = 1) -> Funded:
    """The outcome of the last share at which everything that is bought costs no more than ``budget``.

    ``costs`` in the order of the list; ``box``, not empty: sets of projects, and how many ballots support these. Breaks
    of ties are those of the outcome that is given, and of the one that would have cost too much.
    """
    voters = sum(box.values())
    town = _Town(costs, box)
    projects, added = town.buy(Fraction(budget, voters), umpire), 0
    while set(projects) < town.wanted:
        breaks, umpire.breaks = umpire.breaks, []
        more = town.buy(Fraction(budget, voters) + added + step, umpire)
        if sum(costs[project] for project in more) > budget:
            umpire.breaks = breaks + umpire.breaks  # a tie there decided that it costs too much
            break
        projects, added = more, added + step
    return Funded(tuple(projects), sum(costs[project] for project in projects), added)


class _Town:
    """Who supports what: ballots that say the same are one group, whose voters always hold the same money."""

    def __init__(self, costs: Mapping[str, int], box: Mapping[Picks, int]) -> None:
        self._costs = costs
        groups = [(picks, number) for picks, number in box.items() if picks]
        self._numbers = [number for _, number in groups]
        self._supporters: dict[str, list[int]] = {project: [] for project in costs}
        for place, (picks, _) in enumerate(groups):
            for project in picks:
                self._supporters[project].append(place)
        self.wanted = {project for project, places in self._supporters.items() if places}

    def buy(self, share: Fraction, umpire: Umpire) -> list[str]:
        """Projects in the order of purchase, every voter having begun with ``share``."""
        purse = _Purse(share, self._numbers)
        waiting = {project: Fraction(0) for project in self._costs if project in self.wanted}
        order: list[str] = []
        while found := self._cheapest(waiting, purse):
            chosen = umpire.choose(list(found), "fund")
            order.append(chosen)
            del waiting[chosen]
            purse.pay(self._supporters[chosen], found[chosen] * self._costs[chosen])
        return order

    def _cheapest(self, waiting: dict[str, Fraction], purse: "_Purse") -> dict[str, Fraction]:
        """Projects at the lowest price, with it. ``waiting`` keeps the price of when it was last asked: prices only
        rise, so whatever was dearer then need not be asked again."""
        found: dict[str, Fraction] = {}
        lowest: Fraction | None = None
        for project in sorted(waiting, key=waiting.__getitem__):
            if lowest is not None and waiting[project] > lowest:
                break
            payment = purse.payment(self._supporters[project], self._costs[project])
            if payment is None:
                del waiting[project]
                continue
            price = waiting[project] = payment / self._costs[project]
            if lowest is None or price < lowest:
                found, lowest = {project: price}, price
            elif price == lowest:
                found[project] = price
        return found


class _Purse:
    """What each voter of each group has left, as whole units of a fraction that all of them share."""

    def __init__(self, share: Fraction, numbers: Sequence[int]) -> None:
        self._numbers = numbers
        self._unit = share.denominator
        self._left = [share.numerator] * len(numbers)

    def payment(self, places: Sequence[int], cost: int) -> Fraction | None:
        """The most that a supporter has to pay, the poorer giving all they have; None when it is not enough."""
        rest, left, numbers = cost * self._unit, self._left, self._numbers
        heads = sum(numbers[place] for place in places)
        for place in sorted(places, key=left.__getitem__):
            if left[place] * heads >= rest:
                return Fraction(rest, heads * self._unit)
            rest -= left[place] * numbers[place]
            heads -= numbers[place]
        return None

    def pay(self, places: Sequence[int], payment: Fraction) -> None:
        """Takes the payment from each supporter, or what they have."""
        grown = lcm(self._unit, payment.denominator)
        if grown != self._unit:
            self._left = [left * (grown // self._unit) for left in self._left]
            self._unit = grown
        each = payment.numerator * (grown // payment.denominator)
        for place in places:
            self._left[place] = max(self._left[place] - each, 0)
