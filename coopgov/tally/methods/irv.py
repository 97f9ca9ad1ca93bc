"""Instant runoff: one is elected, by a majority of the papers that still count."""

from collections.abc import Mapping

from coopgov.tally import boxes
from coopgov.tally.lots import Umpire
from coopgov.tally.methods.base import Ranks
from coopgov.tally.runoff import Runoff
from coopgov.tally.vote import Manifest, Ranking, require


class InstantRunoff(Ranks):
    """The method "irv". Ballots rank as many options as they like, without equals."""

    name = "irv"

    def check(self, manifest: Manifest) -> None:
        """Refuses settings it does not know, and more than one seat: ValueError ``manifest.settings.…``."""
        super().check(manifest)
        require(manifest.settings.get("seats", 1) == 1, "manifest.settings.seats")

    def start(self, manifest: Manifest, papers: Mapping[Ranking, int], umpire: Umpire) -> Runoff:
        """The runoff between those who stand."""
        return Runoff(boxes.standing(manifest), papers, umpire)

    def facts(self, manifest: Manifest, count: Runoff) -> dict[str, object]:
        """``first_preferences``, ``rounds`` (votes of those still in), ``actions``, ``exhausted`` at each round,
        ``final_round``, ``valid_ballots``."""
        return {
            "first_preferences": count.rounds[0] if count.rounds else {},
            "rounds": count.rounds,
            "actions": count.actions,
            "exhausted": count.exhausted,
            "final_round": count.rounds[-1] if count.rounds else {},
            "valid_ballots": count.valid,
        }
