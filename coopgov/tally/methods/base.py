"""What every vote method takes and gives: manifest, ballots, result, and the protocol that a method fulfils."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from coopgov.tally.canonical import LARGEST
from coopgov.tally.reason import Reason
from coopgov.tally.rule import Rule

VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is fixed before the first ballot: method, options in the order shown, rule, and electors on the roll.

    Raises ValueError ``manifest.method``, ``manifest.options`` (a tuple of different words, at least one),
    ``manifest.rule`` or ``manifest.roll_size`` (a whole number, at least 1: a vote without electors cannot open).
    """

    method: str
    options: tuple[str, ...]
    rule: Rule
    roll_size: int

    def __post_init__(self) -> None:
        _require(isinstance(self.method, str), "manifest.method")
        _require(_are_different_words(self.options), "manifest.options")
        _require(isinstance(self.rule, Rule), "manifest.rule")
        _require(type(self.roll_size) is int and 1 <= self.roll_size <= LARGEST, "manifest.roll_size")


@dataclass(frozen=True, slots=True)
class Ballot:
    """One elector's choice and nothing that says whose it is."""

    choice: str


class Verdict(StrEnum):
    """How a vote ended; undecided: nobody took a side; tied: half against half, and the rule leaves it to people."""

    PASSED = "passed"
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


class Method(Protocol):
    """A way of voting: one file, one line in the registry."""

    @property
    def name(self) -> str:
        """The word by which manifests call it."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options that a manifest may offer."""

    @property
    def reason_keys(self) -> frozenset[str]:
        """Every key that its results can give as a reason."""

    def check(self, manifest: Manifest) -> None:
        """Refuse, by ValueError with a stable key, a manifest that this method cannot count."""

    def validate(self, manifest: Manifest, choice: object) -> str:
        """``choice`` in its one normal form; raises ValueError with a stable key when it is no choice here."""

    def needs_reason(self, manifest: Manifest, choice: str) -> bool:
        """Whether the rule accepts this choice only with a reason."""

    def count(self, manifest: Manifest, ballots: Sequence[Ballot], tie_seed: str | None = None) -> Result:
        """The result of valid ballots; ``tie_seed`` decides lots, for methods that draw them."""


def _are_different_words(options: object) -> bool:
    if not isinstance(options, tuple) or not all(isinstance(option, str) and option for option in options):
        return False
    return 0 < len(options) == len(set(options))


def _require(holds: bool, key: str) -> None:
    if not holds:
        raise ValueError(key)
