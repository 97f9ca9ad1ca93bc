"""Votes on one thing: every option stands for a side, and heads are counted, never weighed."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from coopgov.tally.boxes import Settings, check_settings
from coopgov.tally.reason import Reason
from coopgov.tally.rule import QuorumKind, Rule
from coopgov.tally.vote import Choice, Limits, Manifest, Result, Shape, Verdict, require

HEARD_KEYS = frozenset({"turnout", "ballots.none", "quorum.none", "quorum.met", "quorum.missed"})
DECIDED_KEYS = HEARD_KEYS | {"ballots.only_abstentions"}


@dataclass(frozen=True, slots=True)
class Heads:
    """The counted ballots of one vote, and the rule and roll by which they are judged."""

    rule: Rule
    roll_size: int
    agree: int
    abstain: int
    against: int

    @property
    def decisive(self) -> int:
        """Ballots that take a side."""
        return self.agree + self.against

    @property
    def cast(self) -> int:
        """All ballots, abstentions included."""
        return self.decisive + self.abstain

    @property
    def quorum_have(self) -> int:
        """What the quorum counts, so far."""
        counted = {QuorumKind.DECISIVE: self.decisive, QuorumKind.APPROVAL: self.agree}
        return counted.get(self.rule.quorum.kind, self.cast)

    @property
    def quorum_needed(self) -> int:
        """What the quorum asks of this roll; 0 without one."""
        return self.rule.quorum.needed(self.roll_size)

    @property
    def has_quorum(self) -> bool:
        """Whether the quorum is reached, or none is asked."""
        return self.rule.quorum.met(self.quorum_have, self.roll_size)

    def opening(self) -> list[Reason]:
        """The first steps of every explanation: who took part, the quorum, and that nobody took a side if so."""
        reasons = [
            Reason("turnout", {"cast": self.cast, "roll": self.roll_size, "abstain": self.abstain}),
            self.rule.quorum.reason(self.quorum_have, self.roll_size),
        ]
        if self.decisive:
            return reasons
        return [*reasons, Reason("ballots.only_abstentions" if self.cast else "ballots.none", {"cast": self.cast})]


Counted = TypeVar("Counted", bound=Heads)


def _are_sides(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(word, str) for pair in value.items() for word in pair)


class Sides(ABC, Generic[Counted]):
    """A method whose ballots choose one option, and each option counts as one of ``options``.

    The manifest's options are those words themselves or, with the setting ``counts_as``, any words, each with the side
    that it counts as. It draws no lots.
    """

    options: ClassVar[tuple[str, ...]]
    wanted: ClassVar[tuple[frozenset[str], ...]] = ()  # of each of these sets a vote has to offer one side
    explained: ClassVar[frozenset[str]] = frozenset()  # sides that are chosen only with a reason

    shape: Shape = Shape.ONE
    decides = True
    takes_ballots = True
    rule_parts = frozenset({"quorum"})
    settings: ClassVar[Settings] = {"counts_as": _are_sides}

    def check(self, manifest: Manifest) -> None:
        """Refuse options that stand for nothing here, and a vote in which one could only say yes or only say no.

        Raises ValueError ``manifest.settings.…``, ``manifest.options.unknown`` or ``manifest.options.one_sided``.
        """
        check_settings(manifest, self.settings)
        given = manifest.settings.get("counts_as")
        if given is not None:
            covers = set(given) == set(manifest.options) and set(given.values()) <= set(self.options)
            require(covers, "manifest.settings.counts_as")
        offered = {self.side(manifest, option) for option in manifest.options}
        require(offered <= set(self.options), "manifest.options.unknown")
        require(all(offered & sides for sides in self.wanted), "manifest.options.one_sided")

    def side(self, manifest: Manifest, option: str) -> str:
        """What an option counts as."""
        return str(manifest.settings.get("counts_as", {}).get(option, option))

    def limits(self, manifest: Manifest) -> Limits:
        """One option."""
        return Limits(1, 1)

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """``choice`` if the manifest offers it; raises ValueError ``ballot.choice`` otherwise."""
        if not isinstance(choice, str) or choice not in manifest.options:
            raise ValueError("ballot.choice")
        return choice

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Whether this choice counts as one that has to be explained."""
        return self.side(manifest, str(choice)) in self.explained

    def count(self, manifest: Manifest, box: Mapping[str, int], tie_seed: str | None = None) -> Result:
        """The result of so many ballots for each option; the same with any ``tie_seed``."""
        counts = {option: box.get(option, 0) for option in manifest.options}
        sides: Counter[str] = Counter()
        for option, number in counts.items():
            sides[self.side(manifest, option)] += number
        heads = self.heads(manifest, sides)
        verdict = self.judge(manifest, heads)
        base, needed = self.measure(manifest, heads)
        return Result(
            verdict=verdict,
            counts=counts,
            cast=heads.cast,
            roll_size=heads.roll_size,
            base_size=base,
            needed=needed,
            quorum_needed=heads.quorum_needed,
            quorum_have=heads.quorum_have,
            reasons=tuple(self.explain(manifest, heads, verdict)),
        )

    @abstractmethod
    def heads(self, manifest: Manifest, sides: Counter[str]) -> Counted:
        """Who agreed, who abstained and who was against, from so many ballots for each side."""

    @abstractmethod
    def judge(self, manifest: Manifest, heads: Counted) -> Verdict:
        """The verdict."""

    @abstractmethod
    def explain(self, manifest: Manifest, heads: Counted, verdict: Verdict) -> list[Reason]:
        """The steps that led to it, in reading order, also those that an earlier one made idle."""

    @abstractmethod
    def measure(self, manifest: Manifest, heads: Counted) -> tuple[int, int]:
        """Of how many a share is taken, and how many of them have to agree; 0 where nobody is asked to."""


class Opinions(Sides[Heads]):
    """A method that knows who agrees (``agreeing``), who abstains, and that all others are against."""

    agreeing: ClassVar[frozenset[str]]

    def heads(self, manifest: Manifest, sides: Counter[str]) -> Heads:
        """Who agreed, who abstained, and all the others."""
        agree = sum(sides[side] for side in self.agreeing)
        against = sides.total() - agree - sides["abstain"]
        return Heads(manifest.rule, manifest.roll_size, agree, sides["abstain"], against)

    def measure(self, manifest: Manifest, heads: Heads) -> tuple[int, int]:
        """Nobody has to agree."""
        return 0, 0
