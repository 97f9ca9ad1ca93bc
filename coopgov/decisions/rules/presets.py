"""Rules that authors of proposals choose from: those that ship, a co-op's own, and their versions. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.tally.methods import METHODS
from coopgov.tally.reason import Reason
from coopgov.tally.rule import PRESETS, Rule, describe

REFUSALS: Refusals = {
    "preset.taken": (
        Kind.INVALID,
        N_("There is a rule of this name already. Change that one, or choose another name."),
    ),
    "preset.nameless": (Kind.INVALID, N_("Write a name with at least one letter from A to Z in it, for its address.")),
    "preset.unchanged": (Kind.INVALID, N_("Nothing is different from the version that holds.")),
    "preset.in_the_past": (Kind.INVALID, N_("A version holds from today on or later.")),
}
LONGEST_NOTE = 500  # characters
RESERVED = frozenset({"new", "own"})  # a page, and the composer's word for a rule that is no preset
SHIPPED_METHODS = {"lazy": "lazy-consensus", "sense_check": "sense-check"}
PRESET_NAMES = {
    "ordinary": N_("Ordinary proposal"),
    "bylaws": N_("Change of the by-laws"),
    "simple_majority": N_("Simple majority"),
    "two_thirds": N_("Two thirds"),
    "consent": N_("Consent"),
    "approval_quorum": N_("Majority with a quorum of agreement"),
    "lazy": N_("Lazy consensus"),
    "sense_check": N_("Sense check"),
}
SOURCES = {
    "ordinary": (N_("Social.Coop's ordinary proposals"), "https://www.loomio.org/d/C1ZO6FP2"),
    "bylaws": (N_("Social.Coop's by-laws of 2017"), "https://www.loomio.org/d/tB5wveTb"),
    "simple_majority": (N_("CoTech: at least a week, no block, no quorum"), "https://www.loomio.com/d/dTl08HJL"),
    "two_thirds": (N_("The usual qualified majority"), ""),
    "consent": (N_("Consent: no objection is left"), ""),
    "approval_quorum": (N_("A quorum that nobody can complete by voting against"), ""),
    "lazy": (N_("Co-op Cloud's medium decisions"), "https://docs.coopcloud.tech"),
    "sense_check": (N_("Loomio's template"), ""),
}
"""Where a shipped rule comes from: what it is, and an address if there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """One version of a rule with a name. Version 0 ships with the program and holds until the co-op writes one.

    An empty ``name`` stands for the shipped name in the reader's language. ``offered``: authors can choose it.
    """

    slug: str
    version: int
    name: str
    method: str
    rule: Rule
    note: str = ""
    offered: bool = True
    from_at: datetime | None = None  # None: it ships

    @property
    def is_shipped(self) -> bool:
        """True for the version that comes with the program."""
        return self.version == 0

    def says_the_same(self, other: "Preset") -> bool:
        """Whether the two differ in nothing but number, date and note."""
        mine, theirs = (
            (one.name, one.method, one.rule.to_plain(), one.offered)  # 2/4 typed is 1/2
            for one in (self, other)
        )
        return mine == theirs


SHIPPED: dict[str, Preset] = {
    slug: Preset(slug=slug, version=0, name="", method=SHIPPED_METHODS.get(slug, "proposal"), rule=rule)
    for slug, rule in PRESETS.items()
}
"""What ships, by name, in the order in which to offer it."""


def holding(versions: Sequence[Preset], instant: datetime) -> Preset | None:
    """Of the ``versions`` of one rule, the first one first, that had begun by ``instant`` the last one to be written:
    it replaces those before it, planned ones too."""
    begun = [one for one in versions if one.from_at is None or one.from_at <= instant]
    return begun[-1] if begun else None


def state_of(one: Preset, versions: Sequence[Preset], now: datetime) -> str:
    """How a version stands to its rule at ``now``: holds, planned, former, or skipped: another took its place before
    its day."""
    if one is holding(versions, now):
        return "holds"
    if one.from_at is None:
        return "former"
    later = [other.from_at for other in versions if other.version > one.version and other.from_at is not None]
    if any(from_at <= one.from_at for from_at in later):
        return "skipped"
    return "planned" if one.from_at > now else "former"


def check_slug(slug: str, taken: frozenset[str]) -> None:
    """Raises Refused for a name that gives no address, or one that is somebody else's."""
    if not slug:
        raise Refused("preset.nameless", field="name")
    if slug in taken | RESERVED:
        raise Refused("preset.taken", field="name")


def words_to_be(rule: Rule, method: str) -> tuple[Reason, ...]:
    """The rule as keys and facts, without the parts that the method does not judge by."""
    return describe(rule, METHODS[method].rule_parts)


@dataclass(frozen=True, slots=True)
class Change:
    """What a rule says of one matter (``topic``, such as "threshold") before and after; empty: nothing."""

    topic: str
    before: tuple[Reason, ...]
    after: tuple[Reason, ...]


def changes(before: Preset, after: Preset) -> Iterator[Change]:
    """What the rule says differently, by topic in reading order."""
    old, new = (words_to_be(one.rule, one.method) for one in (before, after))
    for topic in dict.fromkeys(_topic(reason) for reason in (*old, *new)):
        was, is_now = (tuple(reason for reason in said if _topic(reason) == topic) for said in (old, new))
        if was != is_now:
            yield Change(topic, was, is_now)


def _topic(reason: Reason) -> str:
    """The matter of a key: ``rule.blocks.any_stops`` is about blocks."""
    return reason.key.split(".")[1]
