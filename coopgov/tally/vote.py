"""What every vote method takes and gives: manifest, ballots, result, and the protocol that a method fulfils."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from coopgov.tally.canonical import LARGEST
from coopgov.tally.lots import Break
from coopgov.tally.reason import Reason
from coopgov.tally.rule import Rule

VERSION = 1


Choice = str | tuple[Any, ...]
Ranking = tuple[str, ...]  # options in order of preference
"""A ballot's choice in its normal form, which can be counted and written as JSON: an option; options that were picked;
(option, points) pairs; levels of a ranking, best first, each a tuple of options."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is fixed before the first ballot: method, options in the order shown, rule, electors on the roll, settings.

    ``settings`` are the method's own (seats, decimals, unranked, ties …), plain values. ``places``: the number of each
    option in the list, from 0.
    Raises ValueError ``manifest.method``, ``manifest.options`` (a tuple of different words, at least one),
    ``manifest.rule`` or ``manifest.roll_size`` (a whole number, at least 1: a vote without electors cannot open).
    """

    method: str
    options: tuple[str, ...]
    rule: Rule
    roll_size: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require(isinstance(self.method, str), "manifest.method")
        require(_are_different_words(self.options), "manifest.options")
        object.__setattr__(self, "places", {option: place for place, option in enumerate(self.options)})
        require(isinstance(self.rule, Rule), "manifest.rule")
        require(type(self.roll_size) is int and 1 <= self.roll_size <= LARGEST, "manifest.roll_size")


@dataclass(frozen=True, slots=True)
class Ballot:
    """One elector's choice and nothing that says whose it is."""

    choice: Choice


class Shape(StrEnum):
    """What a ballot looks like in its normal form.

    An option; a tuple of options; a tuple of (option, points) pairs; a tuple of options in order of preference; a tuple
    of levels, each a tuple of options; ``()``, where there is nothing to choose and only a reason to give.
    """

    ONE = "one"
    PICKS = "picks"
    POINTS = "points"
    RANKING = "ranking"
    LEVELS = "levels"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many options a ballot names that is no abstention, at least and at most; how many points one option may get,
    and all together (``highest`` 0: there are no points; ``budget`` None: their sum is not bounded)."""

    least: int
    most: int
    highest: int = 0
    budget: int | None = None


class Verdict(StrEnum):
    """How a vote ended; undecided: nobody took a side; tied: equals, and the rule leaves it to people.

    Proposals pass or fail; where options are chosen from, the vote is decided; noted: people were heard, and nothing is
    decided by counting.
    """

    PASSED = "passed"
    DECIDED = "decided"
    NOTED = "noted"
    FAILED = "failed"
    NO_QUORUM = "no_quorum"
    UNDECIDED = "undecided"
    TIED = "tied"


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict, the whole numbers behind it, and the steps that led to it, in order.

    ``counts`` has every option of the manifest and sums to ``cast``. ``needed`` is the smallest number of agreements
    that the threshold and the tie rule would have let pass, the base being of this size (blocks have a reason of
    their own). Without a quorum ``quorum_needed`` is 0 and ``quorum_have`` the number of ballots.
    """

    verdict: Verdict
    counts: dict[str, int]
    cast: int
    roll_size: int
    base_size: int
    needed: int
    quorum_needed: int
    quorum_have: int
    reasons: tuple[Reason, ...]

    def to_plain(self) -> dict[str, object]:
        """A dict that JSON can hold, version 1; its canonical bytes are the same whatever the order of ballots was."""
        return {
            "v": VERSION,
            "verdict": self.verdict.value,
            "counts": dict(self.counts),
            "cast": self.cast,
            "roll_size": self.roll_size,
            "base_size": self.base_size,
            "needed": self.needed,
            "quorum_needed": self.quorum_needed,
            "quorum_have": self.quorum_have,
            "reasons": [reason.to_plain() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Election:
    """Who or what was chosen, and every figure that led there.

    ``winners`` in the order of election, or best first; ``ranking``: groups of equals, best first, of methods that give
    one. ``facts``: the method's own figures, plain values under the names that docs/counting.md explains. ``counted``:
    ballots that say something; the others are abstentions. A declared tie names its options in ``tied``.
    """

    method: str
    verdict: Verdict
    winners: tuple[str, ...]
    cast: int
    counted: int
    roll_size: int
    reasons: tuple[Reason, ...]
    ranking: tuple[tuple[str, ...], ...] = ()
    tied: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_plain(self) -> dict[str, object]:
        """A dict that JSON can hold, version 1; its canonical bytes are the same whatever the order of ballots was."""
        return {
            "v": VERSION,
            "method": self.method,
            "verdict": self.verdict.value,
            "winners": list(self.winners),
            "cast": self.cast,
            "counted": self.counted,
            "roll_size": self.roll_size,
            **({"ranking_groups": [list(group) for group in self.ranking]} if self.ranking else {}),
            **({"tied": list(self.tied)} if self.tied else {}),
            **dict(self.facts),
            "ties": [list(one.between) for one in self.breaks],
            "tie_breaks": [one.to_plain() for one in self.breaks],
            "reasons": [reason.to_plain() for reason in self.reasons],
        }


Outcome = Result | Election


class Method(Protocol):
    """A way of voting: one file, one line in the registry."""

    @property
    def name(self) -> str:
        """The word by which manifests call it."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options that a manifest may offer unless its settings say what each counts as; empty: any words."""

    @property
    def shape(self) -> Shape:
        """What its ballots look like."""

    @property
    def decides(self) -> bool:
        """Whether the count decides; else people do, who were told what was said."""

    @property
    def takes_ballots(self) -> bool:
        """Whether there is anything to cast; a lot is drawn without."""

    @property
    def rule_parts(self) -> frozenset[str]:
        """Which of rule.PARTS it judges by; all other parts of a rule hold for every method."""

    @property
    def reason_keys(self) -> frozenset[str]:
        """Every key that its results can give as a reason."""

    def check(self, manifest: Manifest) -> None:
        """Refuse, by ValueError with a stable key, a manifest that this method cannot count."""

    def limits(self, manifest: Manifest) -> Limits:
        """The bounds of a ballot."""

    def validate(self, manifest: Manifest, choice: object) -> Choice:
        """``choice`` in its one normal form; raises ValueError with a stable key when it is no choice here."""

    def needs_reason(self, manifest: Manifest, choice: Choice) -> bool:
        """Whether the rule accepts this choice only with a reason."""

    def count(self, manifest: Manifest, box: Mapping[Any, int], tie_seed: str | None = None) -> Outcome:
        """The result of valid choices in their normal form, and how many ballots made each; ``tie_seed`` decides lots,
        for methods that draw them."""


def _are_different_words(options: object) -> bool:
    if not isinstance(options, tuple) or not all(isinstance(option, str) and option for option in options):
        return False
    return 0 < len(options) == len(set(options))


def require(holds: bool, key: str) -> None:
    """Raises ValueError ``key`` unless ``holds``."""
    if not holds:
        raise ValueError(key)
