"""A decision rule as data: when a proposal passes, in exact fractions, and the presets that co-operatives start from.

Every comparison is between whole numbers: ``agree * denominator >= numerator * base``. A wrong value never becomes a
rule: constructors raise ValueError whose text is a stable key.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import TypeGuard

from coopgov.tally import plain as read
from coopgov.tally.canonical import LARGEST
from coopgov.tally.reason import Reason

VERSION = 2
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


class Secrecy(StrEnum):
    """Who sees what is voted: everybody at once; whoever has voted; everybody once it is closed; nobody who chose what.

    All but ``secret`` show names with the choices.
    """

    OPEN = "open"
    UNTIL_VOTED = "until_voted"
    UNTIL_CLOSED = "until_closed"
    SECRET = "secret"  # noqa: S105 - a word of the rule, and no password


class Electors(StrEnum):
    """Which members are electors: all of them, people only, organisations only."""

    ALL = "all"
    PERSONS = "persons"
    ORGANISATIONS = "organisations"


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

    def reason(self, have: int, roll_size: int) -> Reason:
        """Whether it is met, with the numbers."""
        if self.kind is QuorumKind.NONE:
            return Reason("quorum.none", {})
        facts: dict[str, int | str] = {"kind": self.kind.value, "have": have}
        facts |= {"needed": self.needed(roll_size), "roll": roll_size}
        if self.share is not None:
            facts["share"] = share_text(self.share)
        return Reason("quorum.met" if self.met(have, roll_size) else "quorum.missed", facts)


@dataclass(frozen=True, slots=True)
class Blocks:
    """What blocks do; ``number`` (at least 1) goes with "up to", ``override`` (0 < share <= 1) with "override".

    ``reason_required``: a block without a reason is not accepted as a ballot. ``seconder_required``: one block alone is
    no more than a disagreement, whatever the kind.
    """

    kind: BlockKind = BlockKind.AS_DISAGREE
    number: int | None = None
    override: Fraction | None = None
    reason_required: bool = False
    seconder_required: bool = False

    def __post_init__(self) -> None:
        _require(isinstance(self.kind, BlockKind), "blocks.kind")
        limited, overridable = self.kind is BlockKind.UP_TO, self.kind is BlockKind.OVERRIDE
        _require(_is_number(self.number) if limited else self.number is None, "blocks.number")
        _require(_is_share(self.override) if overridable else self.override is None, "blocks.override")
        _require(type(self.reason_required) is bool, "blocks.reason_required")
        _require(type(self.seconder_required) is bool, "blocks.seconder_required")

    def lacks_seconder(self, blocks: int) -> bool:
        """Whether ``blocks`` is one that would do something, had it a second beside it."""
        return blocks == 1 and self.seconder_required and self.kind in (BlockKind.ANY_STOPS, BlockKind.OVERRIDE)

    def stop(self, blocks: int, agree: int, base: int) -> bool:
        """Whether ``blocks`` stop a proposal on which ``agree`` of ``base`` agree; the override share is "at least"."""
        if self.kind is BlockKind.AS_DISAGREE or self.lacks_seconder(blocks):
            return False
        if self.override is not None:
            return blocks > 0 and not Threshold(self.override).met(agree, base)
        return blocks > (self.number or 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """All that decides a proposal besides its ballots.

    Times are whole seconds up to 366 days; a day is 24 hours, also when the clocks change. ``urgent``: the shortest
    voting where somebody says why it is urgent; above 0 and at most ``minimum_voting``; None: nothing is urgent here.
    ``extension``: by how much voting goes on, once, when the quorum is missed; 0: it does not. ``cooling_off_days``,
    0 to 366: whoever has been a member for fewer days is not on the roll.
    """

    threshold: Threshold
    base: Base = Base.DECISIVE
    quorum: Quorum = field(default_factory=Quorum)
    blocks: Blocks = field(default_factory=Blocks)
    tie: Tie = Tie.FAILS
    minimum_voting: timedelta = timedelta(0)
    minimum_discussion: timedelta = timedelta(0)
    urgent: timedelta | None = None
    extension: timedelta = timedelta(0)
    secrecy: Secrecy = Secrecy.UNTIL_CLOSED
    cooling_off_days: int = 0
    electors: Electors = Electors.ALL

    def __post_init__(self) -> None:
        _require(isinstance(self.threshold, Threshold), "rule.threshold")
        _require(isinstance(self.base, Base), "rule.base")
        _require(isinstance(self.quorum, Quorum), "rule.quorum")
        _require(isinstance(self.blocks, Blocks), "rule.blocks")
        _require(isinstance(self.tie, Tie), "rule.tie")
        _require(_is_minimum(self.minimum_voting), "rule.minimum_voting")
        _require(_is_minimum(self.minimum_discussion), "rule.minimum_discussion")
        _require(self.urgent is None or self._may_be_urgent(self.urgent), "rule.urgent")
        _require(_is_minimum(self.extension), "rule.extension")
        _require(not self.extension or self.quorum.kind is not QuorumKind.NONE, "rule.extension")
        _require(isinstance(self.secrecy, Secrecy), "rule.secrecy")
        _require(_is_days(self.cooling_off_days), "rule.cooling_off_days")
        _require(isinstance(self.electors, Electors), "rule.electors")

    def _may_be_urgent(self, voting: object) -> bool:
        return _is_minimum(voting) and timedelta(0) < voting <= self.minimum_voting

    def to_plain(self) -> dict[str, object]:
        """A dict that JSON can hold, version 2: fractions as ``[numerator, denominator]``, what is absent as None."""
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
                "seconder_required": self.blocks.seconder_required,
            },
            "tie": self.tie.value,
            "minimum_voting_seconds": _seconds(self.minimum_voting),
            "discussion_seconds": _seconds(self.minimum_discussion),
            "urgent_seconds": None if self.urgent is None else _seconds(self.urgent),
            "extension_seconds": _seconds(self.extension),
            "secrecy": self.secrecy.value,
            "cooling_off_days": self.cooling_off_days,
            "electors": self.electors.value,
        }

    @classmethod
    def from_plain(cls, plain: object) -> "Rule":
        """The rule that :meth:`to_plain` writes or, in version 1, wrote, and nothing else. Version 1 knew open votes.

        Raises ValueError: ``plain.fields`` (missing or unknown), ``plain.version``, ``plain.fraction`` (not two whole
        numbers in lowest terms), ``plain.seconds``, ``plain.days``, ``plain.choice`` (unknown word), or a constructor's
        key; a bool is no number and a float is nothing.
        """
        version = read.version(plain, _FIELDS)
        fields = read.fields(plain, _FIELDS[version])
        return cls(
            threshold=_read_threshold(fields["threshold"]),
            base=read.choice(Base, fields["base"]),
            quorum=_read_quorum(fields["quorum"]),
            blocks=_read_blocks(fields["blocks"], _BLOCK_FIELDS[version]),
            tie=read.choice(Tie, fields["tie"]),
            minimum_voting=_read_time(fields["minimum_voting_seconds"]),
            minimum_discussion=_read_time(fields.get("discussion_seconds", 0)),
            urgent=None if fields.get("urgent_seconds") is None else _read_time(fields["urgent_seconds"]),
            extension=_read_time(fields.get("extension_seconds", 0)),
            secrecy=read.choice(Secrecy, fields.get("secrecy", Secrecy.OPEN.value)),
            cooling_off_days=_read_days(fields.get("cooling_off_days", 0)),
            electors=read.choice(Electors, fields.get("electors", Electors.ALL.value)),
        )


RULE_KEYS = frozenset(
    {
        "rule.threshold.at_least",
        "rule.threshold.more_than",
        "rule.threshold.all",
        "rule.blocks.reason_required",
        "rule.blocks.seconder_required",
        "rule.time.at_least",
        "rule.time.none",
        "rule.discussion.at_least",
        "rule.urgent",
        "rule.extension",
        "rule.cooling_off",
    }
    | {f"rule.blocks.{kind}" for kind in BlockKind}
    | {f"rule.quorum.{kind}" for kind in QuorumKind}
    | {f"rule.tie.{tie}" for tie in Tie}
    | {f"rule.secrecy.{secrecy}" for secrecy in Secrecy}
    | {f"rule.electors.{electors}" for electors in (Electors.PERSONS, Electors.ORGANISATIONS)}
)
"""Every key that :func:`describe` can give."""

PARTS = frozenset({"threshold", "tie", "blocks", "quorum"})
"""Parts of a rule that not every method judges by; all the others hold for every vote."""


def describe(rule: Rule, parts: Collection[str] = PARTS) -> tuple[Reason, ...]:
    """The rule in words-to-be, in reading order; of PARTS only ``parts``, which the method judges by.

    A tie is spoken of where half is the threshold, and of the rest only what the rule asks for.
    """
    may_tie = rule.threshold.share == Fraction(1, 2)
    return (
        *([_threshold_words(rule)] if "threshold" in parts else []),
        *([Reason(f"rule.tie.{rule.tie}", {})] if "tie" in parts and may_tie else []),
        *(_blocks_words(rule.blocks) if "blocks" in parts else []),
        *([_quorum_words(rule.quorum)] if "quorum" in parts else []),
        *_time_words(rule),
        *_roll_words(rule),
        Reason(f"rule.secrecy.{rule.secrecy}", {}),
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
    duties = [Reason("rule.blocks.reason_required", {})] if blocks.reason_required else []
    if blocks.lacks_seconder(1):
        duties.append(Reason("rule.blocks.seconder_required", {}))
    return [Reason(f"rule.blocks.{blocks.kind}", facts), *duties]


def _quorum_words(quorum: Quorum) -> Reason:
    facts = share_facts(quorum.share) if quorum.share is not None else _number_facts(quorum.number)
    return Reason(f"rule.quorum.{quorum.kind}", facts)


def _time_words(rule: Rule) -> list[Reason]:
    return [
        *_time_reason("rule.discussion.at_least", rule.minimum_discussion),
        *(_time_reason("rule.time.at_least", rule.minimum_voting) or [Reason("rule.time.none", {})]),
        *_time_reason("rule.urgent", rule.urgent),
        *_time_reason("rule.extension", rule.extension),
    ]


def _time_reason(key: str, time: timedelta | None) -> list[Reason]:
    return [Reason(key, {"days": time.days, "seconds": time.seconds})] if time else []


def _roll_words(rule: Rule) -> list[Reason]:
    words = [] if rule.electors is Electors.ALL else [Reason(f"rule.electors.{rule.electors}", {})]
    days = rule.cooling_off_days
    return [*words, Reason("rule.cooling_off", {"days": days})] if days else words


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


def _is_minimum(value: object) -> TypeGuard[timedelta]:
    return isinstance(value, timedelta) and timedelta(0) <= value <= LONGEST_MINIMUM and not value.microseconds


def _is_days(value: object) -> bool:
    return type(value) is int and 0 <= value <= LONGEST_MINIMUM.days


def _pair(share: Fraction | None) -> list[int] | None:
    return None if share is None else [share.numerator, share.denominator]


def _seconds(time: timedelta) -> int:
    return time // timedelta(seconds=1)


_FIRST = "v threshold base quorum blocks tie minimum_voting_seconds"
_FIELDS = {
    1: _FIRST,
    2: f"{_FIRST} discussion_seconds urgent_seconds extension_seconds secrecy cooling_off_days electors",
}
_BLOCK_FIELDS = {
    1: "kind number override reason_required",
    2: "kind number override reason_required seconder_required",
}


def _read_threshold(plain: object) -> Threshold:
    fields = read.fields(plain, "share strict")
    return Threshold(read.share(fields["share"]), read.flag(fields["strict"], "threshold.strict"))


def _read_quorum(plain: object) -> Quorum:
    fields = read.fields(plain, "kind share number")
    share = None if fields["share"] is None else read.share(fields["share"])
    return Quorum(read.choice(QuorumKind, fields["kind"]), share, read.number(fields["number"], "quorum.number"))


def _read_blocks(plain: object, names: str) -> Blocks:
    fields = read.fields(plain, names)
    return Blocks(
        read.choice(BlockKind, fields["kind"]),
        read.number(fields["number"], "blocks.number"),
        None if fields["override"] is None else read.share(fields["override"]),
        read.flag(fields["reason_required"], "blocks.reason_required"),
        read.flag(fields.get("seconder_required", False), "blocks.seconder_required"),
    )


def _read_time(plain: object) -> timedelta:
    seconds = read.number(plain, "plain.seconds")
    if seconds is None or not 0 <= seconds <= _seconds(LONGEST_MINIMUM):
        raise ValueError("plain.seconds")
    return timedelta(seconds=seconds)


def _read_days(plain: object) -> int:
    days = read.number(plain, "plain.days")
    if days is None:
        raise ValueError("plain.days")
    return days


PRESETS: dict[str, Rule] = {
    # Social.Coop: six days, fewer if it is urgent, at least half agree, no blocks unless nine in ten agree.
    "ordinary": Rule(
        threshold=Threshold(Fraction(1, 2)),
        blocks=Blocks(BlockKind.OVERRIDE, override=Fraction(9, 10), reason_required=True),
        minimum_voting=timedelta(days=6),
        urgent=timedelta(days=1),
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
    # Co-op Cloud's medium decisions: two weeks to object. For the method "lazy-consensus".
    "lazy": Rule(threshold=Threshold(Fraction(1)), minimum_voting=timedelta(days=14)),
    # Loomio's template: three days. For the method "sense-check", which decides nothing.
    "sense_check": Rule(threshold=Threshold(Fraction(1, 2)), minimum_voting=timedelta(days=3)),
}
"""Rules to start from, by name; sources in docs/counting.md."""
