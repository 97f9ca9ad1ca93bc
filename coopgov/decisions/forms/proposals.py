"""The form of a proposal: its words, who votes, by which rule, and when."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from wtforms import BooleanField, DateTimeLocalField, IntegerField, RadioField, SelectField
from wtforms.validators import Optional

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.core.time import from_wall_clock, to_wall_clock
from coopgov.decisions.forms.fields import Fits, WithinReach
from coopgov.decisions.forms.rules import BASES, BLOCKS, COMPARISONS, OWN, OWN_FIELDS, QUORUMS, WRONG_RULE, _given_rule
from coopgov.decisions.models import Proposal
from coopgov.decisions.rules import stages
from coopgov.decisions.rules.stages import Terms
from coopgov.decisions.sentences import PRESET_NAMES
from coopgov.infra.i18n import current_zone, full_time
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, each_label, lazy, needed
from coopgov.infra.web.moment import received_at
from coopgov.tally.rule import PRESETS, Base, BlockKind, Blocks, Quorum, QuorumKind, Rule, Threshold

SLACK = timedelta(minutes=10)  # between reading which closing is the earliest and sending it


USUAL_LENGTH = timedelta(days=7)


USUAL_HOUR = 18


ELECTORATES = [("group", N_("The members of this group")), ("coop", N_("All members of the co-op"))]


OPENINGS = [
    ("now", N_("As soon as I post it")),
    ("at", N_("At a date and time")),
    ("draft", N_("Keep it as a draft")),
]


def _instant(field: DateTimeLocalField) -> datetime:
    assert field.data is not None  # the form was validated
    return from_wall_clock(field.data, current_zone())


class ProposalForm(BaseForm):
    """A proposal: its words, who votes, by which rule, and when."""

    title = StringField(
        lazy("Title"),
        [needed(N_("Write a title.")), AtMost(150)],
        description=lazy("What is to be decided, in a line."),
    )
    source = TextAreaField(
        lazy("What you propose"),
        [needed(N_("Write what you propose.")), Fits()],
        description=lazy("What happens if it passes, who does it, what it costs. **Bold**, lists and links work."),
    )
    electorate = RadioField(lazy("Who votes"), default="group")
    rule_name = RadioField(lazy("When does it pass?"), default="ordinary")
    strict = SelectField(lazy("How much"), default="at_least")
    share_top = IntegerField(lazy("this many"), [Optional()])
    share_bottom = IntegerField(lazy("out of every"), [Optional()])
    base = SelectField(lazy("of"), default="decisive")
    quorum_kind = SelectField(lazy("It counts only if"), default="none")
    quorum_top = IntegerField(lazy("this many"), [Optional()])
    quorum_bottom = IntegerField(lazy("out of every"), [Optional()])
    quorum_number = IntegerField(lazy("number of votes"), [Optional()])
    blocks_kind = SelectField(lazy("They"), default="as_disagree")
    blocks_number = IntegerField(lazy("number of blocks"), [Optional()])
    override_top = IntegerField(lazy("this many"), [Optional()])
    override_bottom = IntegerField(lazy("out of every"), [Optional()])
    reason_required = BooleanField(lazy("A block needs a reason"), default=True)
    minimum_days = IntegerField(lazy("Days that voting lasts at least"), [Optional()], default=7)
    opening = RadioField(lazy("When does voting open?"), default="now")
    opens_at = DateTimeLocalField(lazy("Opens"), [Optional(), WithinReach()])
    closes_at = DateTimeLocalField(lazy("Voting closes"), [needed(N_("Write when voting closes.")), WithinReach()])

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.electorate.choices = each_label(ELECTORATES)
        self.rule_name.choices = each_label([*PRESET_NAMES.items(), (OWN, N_("A rule of its own"))])
        self.opening.choices = each_label(OPENINGS)
        self.strict.choices, self.base.choices = each_label(COMPARISONS), each_label(BASES)
        self.quorum_kind.choices, self.blocks_kind.choices = each_label(QUORUMS), each_label(BLOCKS)
        self.closes_at.description = _("By the clocks of %(zone)s.", zone=current_zone())
        self.opens_at.description = _("For “At a date and time”, by the clocks of %(zone)s.", zone=current_zone())

    @property
    def has_own_rule(self) -> bool:
        """True when the rule is made of the fields and not a preset."""
        return bool(self.rule_name.data == OWN)

    def validate(self, extra_validators: Any = None) -> bool:
        """True when fields, rule and times are right; each fault stands beside its field."""
        if not self.has_own_rule:
            self._forget_own_rule()
        return bool(super().validate(extra_validators) and self._has_a_rule() and self._has_good_times())

    def _forget_own_rule(self) -> None:
        """What stands in folded fields is not meant, so it cannot be wrong."""
        for name in OWN_FIELDS:
            self[name].process_errors = []
            self[name].validators = ()
            if isinstance(self[name], SelectField):
                self[name].data = self[name].default

    def _has_a_rule(self) -> bool:
        try:
            self.rule()
        except ValueError as error:
            name, text = WRONG_RULE[str(error)]
            self[name].errors = [*self[name].errors, _(text)]
            return False
        return True

    def _has_good_times(self) -> bool:
        now = received_at()
        if self.opening.data == "at" and self.opens_at.data is None:
            self.opens_at.errors = [_("Write when voting opens.")]
            return False
        terms = self.terms()
        try:
            stages.check_times(terms, now)
        except Refused as refused:
            self[refused.field].errors = [self._time_words(refused, terms, now)]
            return False
        return True

    def _time_words(self, refused: Refused, terms: Terms, now: datetime) -> str:
        if refused.field == "opens_at":
            return _("Choose an opening in the future.")
        slack = timedelta(0) if terms.opens_at else SLACK
        earliest = full_time(stages.earliest_closing(terms.rule, terms.opens_at or now, slack))
        return _(
            "Under this rule voting cannot close so early. The earliest closing is %(earliest)s.", earliest=earliest
        )

    def rule(self) -> Rule:
        """The rule that was chosen or put together; raises ValueError with the tally's key for one that cannot be."""
        if not self.has_own_rule:
            return PRESETS[self.rule_name.data]
        return Rule(
            threshold=Threshold(self._share("share", "threshold.share"), self.strict.data == "more_than"),
            base=Base(self.base.data),
            quorum=self._quorum(),
            blocks=self._blocks(),
            minimum_voting=self._minimum(),
        )

    def _minimum(self) -> timedelta:
        days = self.minimum_days.data or 0
        if not 0 <= days <= 366:
            raise ValueError("rule.minimum_voting")
        return timedelta(days=days)

    def _quorum(self) -> Quorum:
        match QuorumKind(self.quorum_kind.data):
            case QuorumKind.NONE:
                return Quorum()
            case QuorumKind.ABSOLUTE:
                return Quorum(QuorumKind.ABSOLUTE, number=self.quorum_number.data)
            case kind:
                return Quorum(kind, share=self._share("quorum", "quorum.share"))

    def _blocks(self) -> Blocks:
        duty = bool(self.reason_required.data)
        match BlockKind(self.blocks_kind.data):
            case BlockKind.UP_TO:
                return Blocks(BlockKind.UP_TO, number=self.blocks_number.data, reason_required=duty)
            case BlockKind.OVERRIDE:
                share = self._share("override", "blocks.override")
                return Blocks(BlockKind.OVERRIDE, override=share, reason_required=duty)
            case BlockKind.ANY_STOPS:
                return Blocks(BlockKind.ANY_STOPS, reason_required=duty)
            case BlockKind.AS_DISAGREE:
                return Blocks()

    def _share(self, name: str, key: str) -> Fraction:
        top, bottom = self[f"{name}_top"].data, self[f"{name}_bottom"].data
        if not top or not bottom or top < 0 or bottom < 0:
            raise ValueError(key)
        return Fraction(top, bottom)

    def terms(self) -> Terms:
        """What was asked for, with instants for the wall clocks of the co-op."""
        opens = _instant(self.opens_at) if self.opening.data == "at" else None
        return Terms(
            title=self.title.data or "",
            source=self.source.data or "",
            rule=self.rule(),
            rule_name="" if self.has_own_rule else self.rule_name.data,
            electorate=self.electorate.data,
            opens_at=opens,
            closes_at=_instant(self.closes_at),
            open_now=self.opening.data == "now",
        )


def empty_proposal(now: datetime) -> dict[str, Any]:
    """What a new form starts with: closing a week ahead, in the early evening of the co-op."""
    day = to_wall_clock(now + USUAL_LENGTH, current_zone()).replace(minute=0, second=0, microsecond=0)
    closes = day.replace(hour=USUAL_HOUR)
    return {"closes_at": closes if closes >= day else closes + timedelta(days=1), "share_top": 1, "share_bottom": 2}


def given_proposal(proposal: Proposal) -> dict[str, Any]:
    """What a form for mending starts with."""
    rule, zone = Rule.from_plain(proposal.rule), current_zone()
    return {
        "title": proposal.title,
        "source": proposal.source,
        "electorate": proposal.electorate,
        "rule_name": proposal.rule_name or OWN,
        "opening": "at" if proposal.state == "scheduled" else "draft",
        "opens_at": to_wall_clock(proposal.opens_at, zone) if proposal.opens_at else None,
        "closes_at": to_wall_clock(proposal.closes_at, zone),
        **_given_rule(rule),
    }
