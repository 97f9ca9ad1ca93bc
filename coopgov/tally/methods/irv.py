"""Instant runoff: one is elected, by a majority of the papers that still count."""

from collections.abc import Mapping

from coopgov.tally import boxes
from coopgov.tally.lots import Ties
from coopgov.tally.runoff import Runoff
from coopgov.tally.vote import Choice, Election, Manifest, require


class InstantRunoff:
    """The method "irv". Ballots rank as many options as they like, without equals."""

    name = "irv"
    options: tuple[str, ...] = ()
    reason_keys = boxes.REASON_KEYS
    settings = boxes.COMMON

    def check(self, manifest: Manifest) -> None:
        """Refuses settings it does not know, and more than one seat: ValueError ``manifest.settings.…``."""
        boxes.check_settings(manifest, boxes.COMMON)
        require(manifest.settings.get("seats", 1) == 1, "manifest.settings.seats")

    def validate(self, manifest: Manifest, choice: object) -> tuple[str, ...]:
        """Options in order of preference; raises ValueError ``ballot.choice``, ``ballot.choice.twice``."""
        return boxes.strict_ranking(manifest, choice)

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Never."""
        return False

    def count(self, manifest: Manifest, box: Mapping[tuple[str, ...], int], tie_seed: str | None = None) -> Election:
        """Facts: ``first_preferences``, ``rounds`` (votes of those still in), ``actions``, ``exhausted`` at each round,
        ``final_round``, ``valid_ballots``."""
        papers = boxes.struck(manifest, box)
        umpire = boxes.umpire_of(manifest, tie_seed, Ties.PREVIOUS_STAGE)
        count = Runoff(boxes.standing(manifest), papers, umpire)

        def facts() -> dict[str, object]:
            return {
                "first_preferences": count.rounds[0] if count.rounds else {},
                "rounds": count.rounds,
                "actions": count.actions,
                "exhausted": count.exhausted,
                "final_round": count.rounds[-1] if count.rounds else {},
                "valid_ballots": count.valid,
            }

        def run() -> boxes.Counted:
            count.run()
            return boxes.Counted((count.winner,), facts())

        return boxes.conclude(manifest, sum(box.values()), count.valid, umpire, run, facts)
