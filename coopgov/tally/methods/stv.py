"""The single transferable vote by whole papers: the Scottish rules, and Gregory's with decimals of one's choice."""

from collections.abc import Mapping
from typing import ClassVar

from coopgov.tally import boxes
from coopgov.tally.lots import Ties
from coopgov.tally.numbers import Arithmetic, Decimals, Exact
from coopgov.tally.transfers import PaperCount
from coopgov.tally.vote import Choice, Election, Manifest

MOST_DECIMALS = 18


def _are_decimals(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_DECIMALS


class ScottishStv:
    """The method "stv-scottish": five decimals, cut off for each paper (SSI 2007/42, rules 45 to 52)."""

    name = "stv-scottish"
    options: tuple[str, ...] = ()
    reason_keys = boxes.REASON_KEYS
    settings: ClassVar[boxes.Settings] = boxes.COMMON

    def check(self, manifest: Manifest) -> None:
        """Refuses settings it does not know: ValueError ``manifest.settings.…``."""
        boxes.check_settings(manifest, self.settings)

    def validate(self, manifest: Manifest, choice: object) -> tuple[str, ...]:
        """Options in order of preference; raises ValueError ``ballot.choice``, ``ballot.choice.twice``."""
        return boxes.strict_ranking(manifest, choice)

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Never."""
        return False

    def arithmetic(self, manifest: Manifest) -> Arithmetic:
        """How values are written."""
        return Decimals(5)

    def count(self, manifest: Manifest, box: Mapping[tuple[str, ...], int], tie_seed: str | None = None) -> Election:
        """Facts: ``quota``, ``valid_ballots``, ``winners_in_order_of_election``, ``rounds``: each with ``action``,
        ``tally`` and ``nontransferable`` after it, ``elected``, ``excluded``, ``below_quota`` where there were any."""
        papers = boxes.struck(manifest, box)
        umpire, write = boxes.umpire_of(manifest, tie_seed, Ties.PREVIOUS_STAGE), self.arithmetic(manifest)
        count = PaperCount(boxes.standing(manifest), papers, manifest.settings.get("seats", 1), write, umpire)

        def facts() -> dict[str, object]:
            return {
                "quota": count.quota,
                "valid_ballots": count.valid,
                "winners_in_order_of_election": list(count.elected),
                "rounds": [stage.to_plain(write) for stage in count.stages],
            }

        def run() -> boxes.Counted:
            count.run()
            return boxes.Counted(count.elected, facts())

        return boxes.conclude(manifest, sum(box.values()), count.valid, umpire, run, facts)


class GregoryStv(ScottishStv):
    """The method "stv-wigm": weighted inclusive Gregory with ``decimals`` places, or exact without the setting."""

    name = "stv-wigm"
    settings: ClassVar[boxes.Settings] = {
        **boxes.COMMON,
        "decimals": _are_decimals,
    }

    def arithmetic(self, manifest: Manifest) -> Arithmetic:
        """Decimals if the manifest says how many, else fractions."""
        decimals = manifest.settings.get("decimals")
        return Exact() if decimals is None else Decimals(decimals)
