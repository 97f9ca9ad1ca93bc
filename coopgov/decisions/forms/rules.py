"""The fields of a rule, for the composer's rule of its own and for rules to choose from."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from wtforms import BooleanField, DateField, Field, IntegerField, RadioField, SelectField
from wtforms.validators import Optional

from coopgov.core.text import N_
from coopgov.core.time import from_wall_clock
from coopgov.decisions.forms.fields import WithinReach
from coopgov.decisions.meaning_words import preset_name
from coopgov.decisions.queries.rules import presets_at
from coopgov.decisions.rule_pages import words_of
from coopgov.decisions.rules.kinds import KINDS
from coopgov.decisions.rules.presets import LONGEST_NOTE, SHIPPED, Preset
from coopgov.decisions.services.rules import PresetTerms
from coopgov.infra.i18n import current_zone
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, each_label, lazy, needed
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import (
    PARTS,
    Base,
    BlockKind,
    Blocks,
    Electors,
    Quorum,
    QuorumKind,
    Rule,
    Secrecy,
    Threshold,
    Tie,
)

OWN = "own"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
COMPARISONS = [("at_least", N_("At least")), ("more_than", N_("More than"))]
BASES = [
    ("decisive", N_("those who take a side")),
    ("cast", N_("all who vote, abstentions included")),
    ("eligible", N_("everybody on the roll")),
]
TIES = [
    ("fails", N_("it does not pass")),
    ("declare", N_("it is called a tie, and people decide what follows")),
    ("threshold", N_("it passes if “at least half” is asked")),
]
QUORUMS = [
    ("none", N_("no quorum")),
    ("turnout", N_("a share of the roll votes")),
    ("decisive", N_("a share of the roll takes a side")),
    ("approval", N_("a share of the roll agrees")),
    ("absolute", N_("a number of votes")),
]
BLOCKS = [
    ("as_disagree", N_("are not offered")),
    ("any_stops", N_("stop it: one is enough")),
    ("up_to", N_("stop it if there are more than a number")),
    ("override", N_("stop it unless a share agrees")),
]
SECRECIES = [
    ("open", N_("Everybody sees at any time who voted how")),
    ("until_voted", N_("Whoever has voted sees who voted how; the others when voting closes")),
    ("until_closed", N_("Nobody sees who voted how before voting closes")),
    ("secret", N_("Secret: it is not shown who voted how, also afterwards")),
]
ELECTORS = [
    ("all", N_("Everybody who has a vote")),
    ("persons", N_("People, not organisations")),
    ("organisations", N_("Organisations, each with one vote")),
]
METHOD_NAMES = {kind.method: kind.name for kind in reversed(KINDS.values())}
"""Ways to vote by the name of the first kind of proposal that uses each."""
WRONG_RULE = {  # what tally finds wrong → field, and what to do
    "threshold.share": ("share_top", N_("Write a share above nothing and at most all, such as 2 of 3 for two thirds.")),
    "threshold.impossible": ("share_top", N_("More than all cannot agree: choose “at least”.")),
    "quorum.share": ("quorum_top", N_("Write the quorum as a share, such as 1 of 10 for a tenth.")),
    "quorum.number": ("quorum_number", N_("Write how many votes the quorum asks for: 1 or more.")),
    "blocks.number": ("blocks_number", N_("Write how many blocks are borne: 1 or more.")),
    "blocks.override": ("override_top", N_("Write the share that overrides blocks, such as 9 of 10.")),
    "rule.minimum_voting": ("minimum_days", N_("Write a number of days from 0 to 366.")),
    "rule.minimum_discussion": ("discussion_days", N_("Write a number of days from 0 to 366.")),
    "rule.urgent": ("urgent_hours", N_("Write a number of hours from 1 up to the days above, or nothing.")),
    "rule.extension": ("extension_days", N_("Write a number of days from 0 to 366.")),
    "rule.cooling_off_days": ("cooling_off_days", N_("Write a number of days from 0 to 366.")),
}
OWN_FIELDS = (
    *("strict", "share_top", "share_bottom", "base", "tie"),
    *("quorum_kind", "quorum_top", "quorum_bottom", "quorum_number", "extension_days"),
    *("blocks_kind", "override_top", "override_bottom", "blocks_number", "reason_required", "seconder_required"),
    *("discussion_days", "minimum_days", "urgent_hours", "secrecy", "electors", "cooling_off_days"),
)
"""Fields of a rule, in the order of the page."""


class RuleFields(BaseForm):
    """A rule put together field by field. What does not belong to the chosen kinds does not count, and is never wrong.

    ``parts``: of the tally's PARTS those that the method judges by; set it before validating for other methods.
    """

    parts: Collection[str] = PARTS

    strict = SelectField(lazy("How much"), default="at_least")
    share_top = IntegerField(lazy("this many"), [Optional()])
    share_bottom = IntegerField(lazy("of every"), [Optional()])
    base = SelectField(lazy("among"), default="decisive")
    tie = SelectField(lazy("Half against half:"), default="fails")
    quorum_kind = SelectField(lazy("It counts only if there is"), default="none")
    quorum_top = IntegerField(lazy("this many"), [Optional()])
    quorum_bottom = IntegerField(lazy("of every"), [Optional()])
    quorum_number = IntegerField(lazy("number of votes"), [Optional()])
    extension_days = IntegerField(
        lazy("If the quorum is missed, days by which voting goes on, once"),
        [Optional()],
        default=0,
        description=lazy("0: it does not go on."),
    )
    blocks_kind = SelectField(lazy("They"), default="as_disagree")
    override_top = IntegerField(lazy("this many"), [Optional()])
    override_bottom = IntegerField(lazy("of every"), [Optional()])
    blocks_number = IntegerField(lazy("number of blocks"), [Optional()])
    reason_required = BooleanField(lazy("A block needs a reason"), default=True)
    seconder_required = BooleanField(lazy("A block needs a second one: alone it counts like a disagreement"))
    discussion_days = IntegerField(lazy("Days of discussion before voting opens, at least"), [Optional()], default=0)
    minimum_days = IntegerField(lazy("Days that voting lasts at least"), [Optional()], default=7)
    urgent_hours = IntegerField(
        lazy("Hours of voting that are enough if it is urgent"),
        [Optional()],
        description=lazy("Its author has to say why. Nothing: under this rule nothing is urgent."),
    )
    secrecy = RadioField(lazy("Who sees how people voted?"), default="until_closed")
    electors = RadioField(lazy("Who votes, of all who may?"), default="all")
    cooling_off_days = IntegerField(
        lazy("Days that somebody has been a member at least"),
        [Optional()],
        default=0,
        description=lazy("Counted back from the opening. 0: everybody who is a member then."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.strict.choices, self.base.choices = each_label(COMPARISONS), each_label(BASES)
        self.tie.choices, self.quorum_kind.choices = each_label(TIES), each_label(QUORUMS)
        self.blocks_kind.choices, self.secrecy.choices = each_label(BLOCKS), each_label(SECRECIES)
        self.electors.choices = each_label(ELECTORS)

    def validate(self, extra_validators: Any = None) -> bool:
        """True when all fields are right and make a rule; each fault stands beside its field."""
        self.forget(self._unmeant())
        right = super().validate(extra_validators)
        return self._makes_a_rule() and right

    def forget(self, names: Collection[str]) -> None:
        """What stands in these fields is not meant, so it cannot be wrong; it stays typed."""
        for name in names:
            self[name].process_errors = []
            self[name].validators = ()
            field = self[name]
            if isinstance(field, SelectField) and field.data not in {one[0] for one in field.iter_choices()}:
                field.data = field.default

    def put_last(self, *names: str) -> None:
        """These fields in this order after all others: the order of the page is the order of its errors."""
        for name in names:
            self._fields[name] = self._fields.pop(name)

    def _unmeant(self) -> set[str]:
        """Fields that do nothing beside what was chosen in the others."""
        unmeant = {name for part, names in _OF_PART.items() if part not in self.parts for name in names}
        for kind in (self.quorum_kind.data, self.blocks_kind.data):
            unmeant |= _OTHERS.get(kind, set())
        return unmeant if self._may_tie() else unmeant | {"tie"}

    def _may_tie(self) -> bool:
        top, bottom = self.share_top.data, self.share_bottom.data
        return "tie" in self.parts and bool(top and bottom and 2 * top == bottom)

    def _makes_a_rule(self) -> bool:
        """Whether every part and the whole can be; no part's fault hides another's."""
        for part in (self._threshold, self._quorum, self._blocks, *self._times(), self.rule):
            try:
                part()
            except ValueError as error:
                self._blame(str(error))
        return not any(self[name].errors for name in OWN_FIELDS)

    def _blame(self, key: str) -> None:
        """The fault beside its field, unless one of the fields that belong together is wrong already.

        A choice that is none has no key; its field has said so.
        """
        if key not in WRONG_RULE:
            return
        name, text = WRONG_RULE[key]
        together = name.removesuffix("top") if name.endswith("_top") else name
        if not any(self[other].errors for other in OWN_FIELDS if other.startswith(together)):
            self[name].errors = [*self[name].errors, _(text)]

    def rule(self) -> Rule:
        """The rule of the fields; raises ValueError with the tally's key for one that cannot be."""
        voting, discussion, extension, cooling_off, urgent = (time() for time in self._times())
        return Rule(
            threshold=self._threshold(),
            base=Base(self.base.data) if "threshold" in self.parts else Base.DECISIVE,
            quorum=self._quorum(),
            blocks=self._blocks(),
            tie=Tie(self.tie.data) if self._may_tie() else Tie.FAILS,
            minimum_voting=voting,
            minimum_discussion=discussion,
            urgent=urgent or None,
            extension=timedelta(0) if self._quorum().kind is QuorumKind.NONE else extension,
            secrecy=Secrecy(self.secrecy.data),
            cooling_off_days=cooling_off.days,
            electors=Electors(self.electors.data),
        )

    def _times(self) -> list[Callable[[], timedelta]]:
        """Voting, discussion, extension, cooling off, urgent; each raises ValueError for a number beyond its limits."""
        names = ("minimum_days", "discussion_days", "extension_days", "cooling_off_days")
        keys = ("rule.minimum_voting", "rule.minimum_discussion", "rule.extension", "rule.cooling_off_days")
        days = [_reader(self[name], key, DAY, 366) for name, key in zip(names, keys, strict=True)]
        if self.quorum_kind.data == "none" or "quorum" not in self.parts:
            days[2] = timedelta
        return [*days, _reader(self.urgent_hours, "rule.urgent", HOUR, 24 * 366)]

    def _threshold(self) -> Threshold:
        if "threshold" not in self.parts:
            return Threshold(Fraction(1))
        return Threshold(self._share("share", "threshold.share"), self.strict.data == "more_than")

    def _quorum(self) -> Quorum:
        match QuorumKind(self.quorum_kind.data) if "quorum" in self.parts else QuorumKind.NONE:
            case QuorumKind.NONE:
                return Quorum()
            case QuorumKind.ABSOLUTE:
                return Quorum(QuorumKind.ABSOLUTE, number=self.quorum_number.data)
            case kind:
                return Quorum(kind, share=self._share("quorum", "quorum.share"))

    def _blocks(self) -> Blocks:
        kind = BlockKind(self.blocks_kind.data) if "blocks" in self.parts else BlockKind.AS_DISAGREE
        if kind is BlockKind.AS_DISAGREE:
            return Blocks()
        return Blocks(
            kind,
            number=self.blocks_number.data if kind is BlockKind.UP_TO else None,
            override=self._share("override", "blocks.override") if kind is BlockKind.OVERRIDE else None,
            reason_required=bool(self.reason_required.data),
            seconder_required=bool(self.seconder_required.data) and kind is not BlockKind.UP_TO,
        )

    def _share(self, name: str, key: str) -> Fraction:
        top, bottom = self[f"{name}_top"].data, self[f"{name}_bottom"].data
        if not top or not bottom or top < 0 or bottom < 0:
            raise ValueError(key)
        return Fraction(top, bottom)


_QUORUM_SHARE = {"quorum_top", "quorum_bottom"}
_OVERRIDE = {"override_top", "override_bottom"}
_OTHERS: dict[str, set[str]] = {
    "none": {*_QUORUM_SHARE, "quorum_number", "extension_days"},
    "turnout": {"quorum_number"},
    "decisive": {"quorum_number"},
    "approval": {"quorum_number"},
    "absolute": _QUORUM_SHARE,
    "as_disagree": {*_OVERRIDE, "blocks_number", "reason_required", "seconder_required"},
    "any_stops": {*_OVERRIDE, "blocks_number"},
    "up_to": {*_OVERRIDE, "seconder_required"},
    "override": {"blocks_number"},
}
"""What does not belong to a kind of quorum, and to a kind of block."""
_OF_PART = {
    "threshold": {"strict", "share_top", "share_bottom", "base"},
    "tie": {"tie"},
    "quorum": {*_QUORUM_SHARE, "quorum_kind", "quorum_number", "extension_days"},
    "blocks": {*_OVERRIDE, "blocks_kind", "blocks_number", "reason_required", "seconder_required"},
}


def _reader(field: Field, key: str, unit: timedelta, most: int) -> Callable[[], timedelta]:
    def read() -> timedelta:
        number = field.data or 0
        if not 0 <= number <= most:
            raise ValueError(key)
        return number * unit

    return read


def given_rule(rule: Rule) -> dict[str, Any]:
    """What the fields of a rule start with."""
    return {
        "strict": "more_than" if rule.threshold.strict else "at_least",
        **_given_share("share", rule.threshold.share),
        "base": rule.base.value,
        "tie": rule.tie.value,
        "quorum_kind": rule.quorum.kind.value,
        **_given_share("quorum", rule.quorum.share),
        "quorum_number": rule.quorum.number,
        "extension_days": -(-rule.extension // DAY),
        "blocks_kind": rule.blocks.kind.value,
        "blocks_number": rule.blocks.number,
        **_given_share("override", rule.blocks.override),
        "reason_required": rule.blocks.reason_required,
        "seconder_required": rule.blocks.seconder_required,
        "minimum_days": -(-rule.minimum_voting // DAY),
        "discussion_days": -(-rule.minimum_discussion // DAY),
        "urgent_hours": -(-rule.urgent // HOUR) if rule.urgent else None,
        "secrecy": rule.secrecy.value,
        "electors": rule.electors.value,
        "cooling_off_days": rule.cooling_off_days,
    }


def _given_share(name: str, share: Fraction | None) -> dict[str, Any]:
    return {f"{name}_top": share.numerator, f"{name}_bottom": share.denominator} if share else {}


class RuleChoice(NamedTuple):
    """A rule that an author can choose: value and label of its radio, the rule in words, and the rule."""

    value: str
    label: str
    words: str
    preset: Preset


def rule_choices(now: datetime, method: str = "proposal") -> list[RuleChoice]:
    """The rules that authors can choose from at ``now`` for this method, in the order in which to offer them."""
    return [
        RuleChoice(one.slug, preset_name(one), " ".join(words_of(one.rule, one.method)), one)
        for one in presets_at(now)
        if one.method == method
    ]


class PresetForm(RuleFields):
    """A rule to choose from: its name and fields, why it is so, and from when on."""

    name = StringField(lazy("Name"), [needed(N_("Write a name.")), AtMost(80)])
    method = SelectField(lazy("Way to vote"), default="proposal")
    note = TextAreaField(
        lazy("Why"),
        [needed(N_("Write why: it stands beside the version for good.")), AtMost(LONGEST_NOTE)],
        description=lazy("What was decided, where, and by whom. Everybody can read it."),
    )
    offered = BooleanField(lazy("Authors of proposals can choose this rule"), default=True)
    holds_from = DateField(
        lazy("Holds from"), [Optional(), WithinReach()], description=lazy("A day to come. Nothing: from now on.")
    )

    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.put_last(*OWN_FIELDS, "note", "offered", "holds_from")
        self.method.choices = each_label(reversed(METHOD_NAMES.items()))
        if self.method.data in METHOD_NAMES:
            self.parts = METHODS[self.method.data].rule_parts

    def shows_a_rule(self) -> bool:
        """True when the fields make a rule, whatever else is missing; faults of these fields stand beside them."""
        self.forget(("name", "note", "holds_from"))
        return self.validate()

    def terms(self, slug: str = "") -> PresetTerms:
        """What was asked for; a name that is the shipped one stays the shipped one, in every language."""
        name = self.name.data or ""
        is_shipped = slug in SHIPPED and name == preset_name(SHIPPED[slug])
        return PresetTerms(
            name="" if is_shipped else name,
            method=self.method.data,
            rule=self.rule(),
            note=self.note.data or "",
            offered=bool(self.offered.data),
            holds_from=_midnight(self.holds_from.data) if self.holds_from.data else None,
        )


def _midnight(day: date) -> datetime:
    """The beginning of the day in the co-op's zone."""
    return from_wall_clock(datetime(day.year, day.month, day.day), current_zone())  # noqa: DTZ001


def given_preset(preset: Preset) -> dict[str, Any]:
    """What a form for a new version starts with: what holds now, without a reason."""
    named = {"name": preset_name(preset), "method": preset.method, "offered": preset.offered}
    return {**named, **given_rule(preset.rule)}


def empty_preset() -> dict[str, Any]:
    """What a form for a new rule starts with: more than half."""
    return {"strict": "more_than", "share_top": 1, "share_bottom": 2}
