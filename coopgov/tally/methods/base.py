"""What methods that elect have in common: they choose between any options, and of a rule heed only the quorum."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from coopgov.tally import boxes
from coopgov.tally.lots import Ties, Umpire
from coopgov.tally.vote import Choice, Election, Limits, Manifest, Ranking, Shape

QUORUM_ONLY = frozenset({"quorum"})


class Elects:
    """A method that elects. It knows the settings of ``settings`` and no others."""

    options: tuple[str, ...] = ()
    shape: Shape = Shape.PICKS
    decides = True
    takes_ballots = True
    rule_parts = QUORUM_ONLY
    reason_keys: frozenset[str] = boxes.REASON_KEYS
    settings: ClassVar[boxes.Settings] = boxes.COMMON

    def check(self, manifest: Manifest) -> None:
        """Refuses settings it does not know: ValueError ``manifest.settings.…``."""
        boxes.check_settings(manifest, self.settings)

    def limits(self, manifest: Manifest) -> Limits:
        """From one option to all of them."""
        return Limits(1, len(manifest.options))

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Never."""
        return False


class Stages(Protocol):
    """A count that goes on until ``elected`` stands; ``valid``: ballots that say something."""

    valid: int
    elected: list[str]

    def run(self) -> None:
        """Counts to the end; raises Tied, with what is done so far in place."""


class Ranks(Elects, ABC):
    """A method whose ballots rank options without equals, and which counts them stage by stage."""

    shape = Shape.RANKING
    ties: ClassVar[Ties] = Ties.PREVIOUS_STAGE

    def validate(self, manifest: Manifest, choice: object) -> Ranking:
        """Options in order of preference; raises ValueError ``ballot.choice``, ``ballot.choice.twice``."""
        return boxes.strict_ranking(manifest, choice)

    @abstractmethod
    def start(self, manifest: Manifest, papers: Mapping[Ranking, int], umpire: Umpire) -> Any:
        """The count, not yet run: a Stages."""

    @abstractmethod
    def facts(self, manifest: Manifest, count: Any) -> dict[str, object]:
        """The figures of the count as far as it got."""

    def count(self, manifest: Manifest, box: Mapping[Ranking, int], tie_seed: str | None = None) -> Election:
        """Whom the count elects; its facts are those of ``facts``."""
        umpire = boxes.umpire_of(manifest, tie_seed, self.ties)
        stages: Stages = self.start(manifest, boxes.struck(manifest, box), umpire)

        def run() -> boxes.Counted:
            stages.run()
            return boxes.Counted(stages.elected, self.facts(manifest, stages))

        return boxes.conclude(
            manifest, sum(box.values()), stages.valid, umpire, run, lambda: self.facts(manifest, stages)
        )
