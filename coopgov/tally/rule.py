"""A decision rule as data: when a proposal passes, in exact fractions, and the presets that co-operatives start from.

Every comparison is between whole numbers: ``agree * denominator >= numerator * base``. A wrong value never becomes a
rule: constructors raise ValueError whose text is a stable key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from coopgov.tally.canonical import LARGEST
from coopgov.tally.reason import Reason

Word = TypeVar("Word", bound=StrEnum)

VERSION = 1
LONGEST_MINIMUM = timedelta(days=366)


class Base(StrEnum):
    """Of whom a share is taken: those who agree, disagree or block; those and the abstentions; the whole roll."""

    DECISIVE = "decisive"
    CAST = "cast"
    ELIGIBLE = "eligible"


class QuorumKind(StrEnum):
    """What a quorum counts: all ballots, those that take a side, agreements, or all ballots against a fixed number."""

    NONE = "none"
    TURNOUT = "turnout"
    DECISIVE = "decisive"
    APPROVAL = "approval"
    ABSOLUTE = "absolute"


class BlockKind(StrEnum):
    """What a block does: no more than a disagreement, stops, stops beyond a number, stops unless overridden."""

    AS_DISAGREE = "as_disagree"
    ANY_STOPS = "any_stops"
    UP_TO = "up_to"
    OVERRIDE = "override"


class Tie(StrEnum):
    """What an exact half against half means: it fails, it is declared a tie, or the threshold alone decides."""

    FAILS = "fails"
    DECLARE = "declare"
    THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The share of the base that must agree: "more than" when ``strict``, else "at least"; 0 < share <= 1."""

    share: Fraction
    strict: bool = False

    def __post_init__(self) -> None:
        _require(_is_share(self.share), "threshold.share")
        _require(type(self.strict) is bool, "threshold.strict")
        _require(not (self.strict and self.share == 1), "threshold.impossible")

    def met(self, agree: int, base: int) -> bool:
        """Whether ``agree`` of ``base`` is enough; an empty base is the caller's matter (0 of 0 is "at least" all)."""
        have, want = agree * self.share.denominator, self.share.numerator * base
        return have > want if self.strict else have >= want

    def needed(self, base: int) -> int:
        """The smallest number of agreements that is enough of ``base``; never less than 1."""
        whole = self.share.numerator * base // self.share.denominator + 1 if self.strict else _part(self.share, base)
        return max(1, whole)


@dataclass(frozen=True, slots=True)
class Quorum:
    """How much participation a result needs: ``share`` of the roll (0 < share <= 1), or ``number`` when absolute."""

    kind: QuorumKind = QuorumKind.NONE
    share: Fraction | None = None
    number: int | None = None

    def __post_init__(self) -> None:
        _require(isinstance(self.kind, QuorumKind), "quorum.kind")
        of_roll = self.kind not in (QuorumKind.NONE, QuorumKind.ABSOLUTE)
        _require(_is_share(self.share) if of_roll else self.share is None, "quorum.share")
        absolute = self.kind is QuorumKind.ABSOLUTE
        _require(_is_number(self.number) if absolute else self.number is None, "quorum.number")

    def needed(self, roll_size: int) -> int:
        """The smallest count that reaches the quorum on this roll; 0 when there is no quorum, else at least 1."""
        return _part(self.share, roll_size) if self.share is not None else self.number or 0

    def met(self, have: int, roll_size: int) -> bool:
        """Whether ``have`` reaches the quorum; exactly the share is enough."""
        if self.share is not None:
            return have * self.share.denominator >= self.share.numerator * roll_size
        return have >= self.needed(roll_size)


@dataclass(frozen=True, slots=True)
class Blocks:
    """What blocks do; ``number`` (at least 1) goes with "up to", ``override`` (0 < share <= 1) with "override".

    ``reason_required``: a block without a reason is not accepted as a ballot.
    """

    kind: BlockKind = BlockKind.AS_DISAGREE
    number: int | None = None
    override: Fraction | None = None
    reason_required: bool = False

    def __post_init__(self) -> None:
        _require(isinstance(self.kind, BlockKind), "blocks.kind")
        limited, overridable = self.kind is BlockKind.UP_TO, self.kind is BlockKind.OVERRIDE
        _require(_is_number(self.number) if limited else self.number is None, "blocks.number")
        _require(_is_share(self.override) if overridable else self.override is None, "blocks.override")
        _require(type(self.reason_required) is bool, "blocks.reason_required")

    def stop(self, blocks: int, agree: int, base: int) -> bool:
        """Whether ``blocks`` stop a proposal on which ``agree`` of ``base`` agree; the override share is "at least"."""
        if self.kind is BlockKind.AS_DISAGREE:
            return False
        if self.override is not None:
            return blocks > 0 and not Threshold(self.override).met(agree, base)
        return blocks > (self.number or 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """All that decides a proposal besides its ballots.

    ``minimum_voting`` is whole seconds, 0 to 366 days; a day is 24 hours, also when the clocks change.
    """

    threshold: Threshold
    base: Base = Base.DECISIVE
    quorum: Quorum = field(default_factory=Quorum)
    blocks: Blocks = field(default_factory=Blocks)
    tie: Tie = Tie.FAILS
    minimum_voting: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        _require(isinstance(self.threshold, Threshold), "rule.threshold")
        _require(isinstance(self.base, Base), "rule.base")
        _require(isinstance(self.quorum, Quorum), "rule.quorum")
        _require(isinstance(self.blocks, Blocks), "rule.blocks")
        _require(isinstance(self.tie, Tie), "rule.tie")
        _require(_is_minimum(self.minimum_voting), "rule.minimum_voting")

    def to_plain(self) -> dict[str, object]:
        """A dict that JSON can hold, version 1: fractions as ``[numerator, denominator]``, what is absent as None."""
        return {
            "v": VERSION,
            "threshold": {"share": _pair(self.threshold.share), "strict": self.threshold.strict},
            "base": self.base.value,
            "quorum": {
                "kind": self.quorum.kind.value,
                "share": _pair(self.quorum.share),
                "number": self.quorum.number,
            },
            "blocks": {
                "kind": self.blocks.kind.value,
                "number": self.blocks.number,
                "override": _pair(self.blocks.override),
                "reason_required": self.blocks.reason_required,
            },
            "tie": self.tie.value,
            "minimum_voting_seconds": self.minimum_voting // timedelta(seconds=1),
        }

    @classmethod
    def from_plain(cls, plain: object) -> "Rule":
        """The rule that :meth:`to_plain` wrote, and nothing else.

        Raises ValueError: ``plain.fields`` (missing or unknown), ``plain.version``, ``plain.fraction`` (not two whole
        numbers in lowest terms), ``plain.seconds``, ``plain.choice`` (unknown word), or a constructor's key; a bool is
        no number and a float is nothing.
        """
        fields = _fields(plain, "v threshold base quorum blocks tie minimum_voting_seconds")
        _require(type(fields["v"]) is int and fields["v"] == VERSION, "plain.version")
        return cls(
            threshold=_read_threshold(fields["threshold"]),
            base=_read_choice(Base, fields["base"]),
            quorum=_read_quorum(fields["quorum"]),
            blocks=_read_blocks(fields["blocks"]),
            tie=_read_choice(Tie, fields["tie"]),
            minimum_voting=_read_minimum(fields["minimum_voting_seconds"]),
        )


RULE_KEYS = frozenset(
    {
        "rule.threshold.at_least",
        "rule.threshold.more_than",
        "rule.threshold.all",
        "rule.blocks.reason_required",
        "rule.time.at_least",
        "rule.time.none",
    }
    | {f"rule.blocks.{kind}" for kind in BlockKind}
    | {f"rule.quorum.{kind}" for kind in QuorumKind}
    | {f"rule.tie.{tie}" for tie in Tie}
)
"""Every key that :func:`describe` can give."""


def describe(rule: Rule) -> tuple[Reason, ...]:
    """The rule in words-to-be: threshold, tie (only where half is the threshold), blocks, quorum, time."""
    return (
        _threshold_words(rule),
        *([Reason(f"rule.tie.{rule.tie}", {})] if rule.threshold.share == Fraction(1, 2) else []),
        *_blocks_words(rule.blocks),
        _quorum_words(rule.quorum),
        _time_words(rule.minimum_voting),
    )


def share_text(share: Fraction) -> str:
    """A share as text, always with its denominator: "3/4", "1/1"."""
    return f"{share.numerator}/{share.denominator}"


def share_facts(share: Fraction) -> dict[str, int | str]:
    """The facts that a sentence about a share needs: ``share`` as text, ``numerator``, ``denominator``."""
    return {"share": share_text(share), "numerator": share.numerator, "denominator": share.denominator}


def _threshold_words(rule: Rule) -> Reason:
    words = "more_than" if rule.threshold.strict else "all" if rule.threshold.share == 1 else "at_least"
    return Reason(f"rule.threshold.{words}", {**share_facts(rule.threshold.share), "base_kind": rule.base.value})


def _blocks_words(blocks: Blocks) -> list[Reason]:
    facts = share_facts(blocks.override) if blocks.override is not None else _number_facts(blocks.number)
    duty = [Reason("rule.blocks.reason_required", {})] if blocks.reason_required else []
    return [Reason(f"rule.blocks.{blocks.kind}", facts), *duty]


def _quorum_words(quorum: Quorum) -> Reason:
    facts = share_facts(quorum.share) if quorum.share is not None else _number_facts(quorum.number)
    return Reason(f"rule.quorum.{quorum.kind}", facts)


def _time_words(minimum: timedelta) -> Reason:
    if not minimum:
        return Reason("rule.time.none", {})
    return Reason("rule.time.at_least", {"days": minimum.days, "seconds": minimum.seconds})


def _number_facts(number: int | None) -> dict[str, int | str]:
    return {} if number is None else {"number": number}


def _part(share: Fraction, whole: int) -> int:
    """The smallest whole number that is at least ``share`` of ``whole``."""
    return -(-share.numerator * whole // share.denominator)


def _require(holds: bool, key: str) -> None:
    if not holds:
        raise ValueError(key)


def _is_share(value: object) -> bool:
    return isinstance(value, Fraction) and 0 < value <= 1 and value.denominator <= LARGEST


def _is_number(value: object) -> bool:
    return type(value) is int and 1 <= value <= LARGEST


def _is_minimum(value: object) -> bool:
    return isinstance(value, timedelta) and timedelta(0) <= value <= LONGEST_MINIMUM and not value.microseconds


def _pair(share: Fraction | None) -> list[int] | None:
    return None if share is None else [share.numerator, share.denominator]


def _fields(plain: object, names: str) -> dict[str, object]:
    if not isinstance(plain, Mapping) or set(plain) != set(names.split()):
        raise ValueError("plain.fields")
    return dict(plain)


def _read_threshold(plain: object) -> Threshold:
    fields = _fields(plain, "share strict")
    return Threshold(_read_share(fields["share"]), _read_flag(fields["strict"], "threshold.strict"))


def _read_quorum(plain: object) -> Quorum:
    fields = _fields(plain, "kind share number")
    share = None if fields["share"] is None else _read_share(fields["share"])
    return Quorum(_read_choice(QuorumKind, fields["kind"]), share, _read_number(fields["number"], "quorum.number"))


def _read_blocks(plain: object) -> Blocks:
    fields = _fields(plain, "kind number override reason_required")
    return Blocks(
        _read_choice(BlockKind, fields["kind"]),
        _read_number(fields["number"], "blocks.number"),
        None if fields["override"] is None else _read_share(fields["override"]),
        _read_flag(fields["reason_required"], "blocks.reason_required"),
    )


def _read_share(plain: object) -> Fraction:
    match plain:
        case [int() as top, int() as bottom] if bool not in (type(top), type(bottom)) and bottom > 0:
            share = Fraction(top, bottom)
            _require(share.denominator == bottom, "plain.fraction")
            return share
    raise ValueError("plain.fraction")


def _read_flag(plain: object, key: str) -> bool:
    if not isinstance(plain, bool):
        raise ValueError(key)
    return plain


def _read_number(plain: object, key: str) -> int | None:
    if plain is None or (isinstance(plain, int) and not isinstance(plain, bool)):
        return plain
    raise ValueError(key)


def _read_choice(words: type[Word], plain: object) -> Word:
    if isinstance(plain, str) and plain in [word.value for word in words]:
        return words(plain)
    raise ValueError("plain.choice")


def _read_minimum(plain: object) -> timedelta:
    seconds = _read_number(plain, "plain.seconds")
    if seconds is None or not 0 <= seconds <= LONGEST_MINIMUM // timedelta(seconds=1):
        raise ValueError("plain.seconds")
    return timedelta(seconds=seconds)


PRESETS: dict[str, Rule] = {
    # Social.Coop: six days, at least half agree, no blocks unless nine in ten agree.
    "ordinary": Rule(
        threshold=Threshold(Fraction(1, 2)),
        blocks=Blocks(BlockKind.OVERRIDE, override=Fraction(9, 10), reason_required=True),
        minimum_voting=timedelta(days=6),
    ),
    # Social.Coop's by-laws of 2017: ten days, at least three quarters agree, no blocks unless 95 of 100 agree.
    "bylaws": Rule(
        threshold=Threshold(Fraction(3, 4)),
        blocks=Blocks(BlockKind.OVERRIDE, override=Fraction(19, 20), reason_required=True),
        minimum_voting=timedelta(days=10),
    ),
    # CoTech: a week, no block, no quorum; more than half.
    "simple_majority": Rule(threshold=Threshold(Fraction(1, 2), strict=True), minimum_voting=timedelta(days=7)),
    "two_thirds": Rule(threshold=Threshold(Fraction(2, 3)), minimum_voting=timedelta(days=7)),
    # Nobody objects: all who take a side agree, so that a disagreement stops it like a block where both are offered.
    "consent": Rule(
        threshold=Threshold(Fraction(1)),
        blocks=Blocks(BlockKind.ANY_STOPS, reason_required=True),
        minimum_voting=timedelta(days=7),
    ),
    # One tenth: one fifth of the roll would have stopped both well-attended Social.Coop votes on record.
    "approval_quorum": Rule(
        threshold=Threshold(Fraction(1, 2), strict=True),
        quorum=Quorum(QuorumKind.APPROVAL, share=Fraction(1, 10)),
        minimum_voting=timedelta(days=7),
    ),
}
"""Rules to start from, by name; sources in docs/counting.md."""
