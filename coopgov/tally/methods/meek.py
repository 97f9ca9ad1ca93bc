"""Meek's single transferable vote, by the reference rule of the Proportional Representation Foundation."""

from collections.abc import Mapping

from coopgov.tally import boxes
from coopgov.tally.keep_factors import KeepFactorCount
from coopgov.tally.lots import Ties, Umpire
from coopgov.tally.methods.base import Ranks
from coopgov.tally.vote import Manifest, Ranking


class MeekStv(Ranks):
    """The method "meek". Nine decimals; a paper passes on what those elected do not keep."""

    name = "meek"
    ties = Ties.LOT

    def start(self, manifest: Manifest, papers: Mapping[Ranking, int], umpire: Umpire) -> KeepFactorCount:
        """The count for the seats, between those who stand."""
        return KeepFactorCount(boxes.standing(manifest), papers, manifest.settings.get("seats", 1), umpire)

    def facts(self, manifest: Manifest, count: KeepFactorCount) -> dict[str, object]:
        """``valid_ballots``, ``winners_in_order_of_election``, ``rounds``: each with ``quota``, ``tally`` and
        ``nontransferable`` at its end, and whom it ``elected`` or ``excluded``."""
        return {
            "valid_ballots": count.valid,
            "winners_in_order_of_election": list(count.elected),
            "rounds": [one.to_plain() for one in count.rounds],
        }
