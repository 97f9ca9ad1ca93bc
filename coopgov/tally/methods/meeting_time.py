"""The meeting time: when people can come. The result is shown, and somebody fixes the time."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from coopgov.tally import boxes
from coopgov.tally.lots import Ties
from coopgov.tally.methods.base import Elects
from coopgov.tally.vote import Choice, Election, Limits, Manifest, Shape, require

NO, IF_NEED_BE, YES = 0, 1, 2
Points = tuple[tuple[str, int], ...]


def _is_instant(word: str) -> bool:
    """Whether the word is an instant in its one spelling, such as "2026-10-25T17:30:00Z"."""
    try:
        return datetime.fromisoformat(word).strftime("%Y-%m-%dT%H:%M:%SZ") == word
    except ValueError:
        return False


class MeetingTime(Elects):
    """The method "meeting-time". Options are instants in UTC; each gets 2 (yes), 1 (if need be) or 0 (no).

    What a ballot leaves out is a no: somebody who can never come says so with an empty ballot.
    """

    name = "meeting-time"
    shape = Shape.POINTS
    decides = False
    reason_keys = frozenset({"turnout", "ballots.none", "quorum.none", "quorum.met", "quorum.missed", "noted"})
    settings: ClassVar[boxes.Settings] = {"withdrawn": boxes.is_words}

    def check(self, manifest: Manifest) -> None:
        """As ever, and refuses options that are no instants: ValueError ``manifest.options.instant``."""
        super().check(manifest)
        require(all(_is_instant(option) for option in manifest.options), "manifest.options.instant")

    def limits(self, manifest: Manifest) -> Limits:
        """Any number of times, with up to 2 for each."""
        return Limits(0, len(manifest.options), YES)

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """(instant, points) pairs without zeros; raises ValueError ``ballot.choice…``, ``ballot.points``."""
        return tuple(pair for pair in boxes.points(manifest, choice, NO, YES) if pair[1])

    def count(self, manifest: Manifest, box: Mapping[Points, int], tie_seed: str | None = None) -> Election:
        """The times by fewest no, then most yes. Facts: ``yes``, ``if_need_be`` and ``no`` of each, ``ranking``."""
        standing, cast = boxes.standing(manifest), sum(box.values())
        heads = {points: dict.fromkeys(standing, 0) for points in (YES, IF_NEED_BE)}
        for pairs, number in box.items():
            for option, points in pairs:
                if option in heads[points]:
                    heads[points][option] += number
        yes, maybe = heads[YES], heads[IF_NEED_BE]
        no = {option: cast - yes[option] - maybe[option] for option in standing}
        places = {option: (no[option], -yes[option]) for option in standing}
        groups = [[o for o in standing if places[o] == place] for place in sorted(set(places.values()))]
        facts = {"yes": yes, "if_need_be": maybe, "no": no, "ranking": [o for group in groups for o in group]}

        def run() -> boxes.Counted:
            return boxes.Counted((), facts, groups, is_noted=True)

        umpire = boxes.umpire_of(manifest, tie_seed, Ties.ORDER)
        return boxes.conclude(manifest, cast, cast, umpire, run, lambda: facts)
