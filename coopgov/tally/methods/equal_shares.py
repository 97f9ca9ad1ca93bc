"""Equal shares: a budget is spent on projects so that every group of voters gets its part."""

from collections.abc import Mapping
from typing import ClassVar

from coopgov.tally import boxes
from coopgov.tally.lots import Ties
from coopgov.tally.methods.base import Elects
from coopgov.tally.shares import share_out
from coopgov.tally.vote import Choice, Election, Manifest, require

MOST_MONEY = 10**12


def _is_money(value: object) -> bool:
    return type(value) is int and 1 <= value <= MOST_MONEY


def _are_costs(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) and _is_money(cost) for name, cost in value.items())


class EqualShares(Elects):
    """The method "equal-shares", with cost utility and the add-one completion. Ballots approve of projects.

    Settings: ``budget``, ``costs`` of all projects, both in whole units of money; ``step``, by how many of these units
    each share grows at a time (1, unless it says otherwise; see ``shares.usual_step``); ``ties``, ``chair``,
    ``withdrawn``.
    """

    name = "equal-shares"
    reason_keys = boxes.REASON_KEYS - {"election.vacant"}
    settings: ClassVar[boxes.Settings] = {
        **{name: boxes.COMMON[name] for name in ("ties", "chair", "withdrawn")},
        "budget": _is_money,
        "costs": _are_costs,
        "step": _is_money,
    }

    def check(self, manifest: Manifest) -> None:
        """Refuses a manifest without budget or with a project that has no cost: ValueError ``manifest.settings.…``."""
        super().check(manifest)
        require("budget" in manifest.settings, "manifest.settings.budget")
        require(set(manifest.settings.get("costs", {})) == set(manifest.options), "manifest.settings.costs")

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """Projects in the order of the manifest; raises ValueError ``ballot.choice``, ``ballot.choice.twice``."""
        return boxes.picks(manifest, choice)

    def count(self, manifest: Manifest, box: Mapping[tuple[str, ...], int], tie_seed: str | None = None) -> Election:
        """Facts: ``budget``, ``voters``, ``approvals``, ``total_cost``, ``added_per_voter``; ``bought``: winners in the
        order of purchase."""
        umpire = boxes.umpire_of(manifest, tie_seed, Ties.LOT)
        standing = boxes.standing(manifest)
        costs = {option: manifest.settings["costs"][option] for option in standing}
        cast, counted = sum(box.values()), sum(number for choice, number in box.items() if choice)
        approvals = {o: sum(n for choice, n in box.items() if o in choice) for o in standing}
        facts: dict[str, object] = {"budget": manifest.settings["budget"], "voters": cast, "approvals": approvals}

        def run() -> boxes.Counted:
            papers, step = boxes.struck(manifest, box), manifest.settings.get("step", 1)
            funded = share_out(costs, papers, manifest.settings["budget"], umpire, step)
            facts.update(total_cost=funded.cost, added_per_voter=funded.added, bought=list(funded.projects))
            return boxes.Counted([o for o in standing if o in funded.projects], facts)

        return boxes.conclude(manifest, cast, counted, umpire, run, lambda: facts)
