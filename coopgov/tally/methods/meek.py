"""Meek's single transferable vote, by the reference rule of the Proportional Representation Foundation."""

from collections.abc import Mapping

from coopgov.tally import boxes
from coopgov.tally.keep_factors import KeepFactorCount
from coopgov.tally.lots import Ties
from coopgov.tally.vote import Choice, Election, Manifest


class MeekStv:
    """The method "meek". Nine decimals; a paper passes on what those elected do not keep."""

    name = "meek"
    options: tuple[str, ...] = ()
    reason_keys = boxes.REASON_KEYS
    settings = boxes.COMMON

    def check(self, manifest: Manifest) -> None:
        """Refuses settings it does not know: ValueError ``manifest.settings.…``."""
        boxes.check_settings(manifest, boxes.COMMON)

    def validate(self, manifest: Manifest, choice: object) -> tuple[str, ...]:
        """Options in order of preference; raises ValueError ``ballot.choice``, ``ballot.choice.twice``."""
        return boxes.strict_ranking(manifest, choice)

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Never."""
        return False

    def count(self, manifest: Manifest, box: Mapping[tuple[str, ...], int], tie_seed: str | None = None) -> Election:
        """Facts: ``valid_ballots``, ``winners_in_order_of_election``, ``rounds``: each with ``quota``, ``tally`` and
        ``nontransferable`` at its end, and whom it ``elected`` or ``excluded``."""
        papers = boxes.struck(manifest, box)
        umpire = boxes.umpire_of(manifest, tie_seed, Ties.LOT)
        count = KeepFactorCount(boxes.standing(manifest), papers, manifest.settings.get("seats", 1), umpire)

        def facts() -> dict[str, object]:
            return {
                "valid_ballots": count.valid,
                "winners_in_order_of_election": list(count.elected),
                "rounds": [one.to_plain() for one in count.rounds],
            }

        def run() -> boxes.Counted:
            count.run()
            return boxes.Counted(count.elected, facts())

        return boxes.conclude(manifest, sum(box.values()), count.valid, umpire, run, facts)
