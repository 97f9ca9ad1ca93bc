"""The single transferable vote by whole papers: the Scottish rules, and Gregory's with decimals of one's choice."""

from collections.abc import Mapping
from typing import ClassVar

from coopgov.tally import boxes
from coopgov.tally.lots import Umpire
from coopgov.tally.methods.base import Ranks
from coopgov.tally.numbers import Arithmetic, Decimals, Exact
from coopgov.tally.transfers import PaperCount
from coopgov.tally.vote import Manifest, Ranking

MOST_DECIMALS = 18


def _are_decimals(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_DECIMALS


class ScottishStv(Ranks):
    """The method "stv-scottish": five decimals, cut off for each paper (SSI 2007/42, rules 45 to 52)."""

    name = "stv-scottish"

    def arithmetic(self, manifest: Manifest) -> Arithmetic:
        """How values are written."""
        return Decimals(5)

    def start(self, manifest: Manifest, papers: Mapping[Ranking, int], umpire: Umpire) -> PaperCount:
        """The count for the seats, between those who stand."""
        seats, write = manifest.settings.get("seats", 1), self.arithmetic(manifest)
        return PaperCount(boxes.standing(manifest), papers, seats, write, umpire)

    def facts(self, manifest: Manifest, count: PaperCount) -> dict[str, object]:
        """``quota``, ``valid_ballots``, ``winners_in_order_of_election``, ``rounds``: each with ``action``, ``tally``
        and ``nontransferable`` after it, ``elected``, ``excluded``, ``below_quota`` where there were any."""
        write = self.arithmetic(manifest)
        return {
            "quota": count.quota,
            "valid_ballots": count.valid,
            "winners_in_order_of_election": list(count.elected),
            "rounds": [stage.to_plain(write) for stage in count.stages],
        }


class GregoryStv(ScottishStv):
    """The method "stv-wigm": weighted inclusive Gregory with ``decimals`` places, or exact without the setting."""

    name = "stv-wigm"
    settings: ClassVar[boxes.Settings] = {**boxes.COMMON, "decimals": _are_decimals}

    def arithmetic(self, manifest: Manifest) -> Arithmetic:
        """Decimals if the manifest says how many, else fractions."""
        decimals = manifest.settings.get("decimals")
        return Exact() if decimals is None else Decimals(decimals)
