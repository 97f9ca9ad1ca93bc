"""The form of a proposal: its words, who votes, by which rule, and when."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from wtforms import DateTimeLocalField, RadioField
from wtforms.validators import Optional

from coopgov.core.errors import Refused
from coopgov.core.text import N_
from coopgov.core.time import from_wall_clock, to_wall_clock
from coopgov.decisions import secrecy
from coopgov.decisions.forms.fields import Fits, WithinReach
from coopgov.decisions.forms.kinds import KindFields, given_kind
from coopgov.decisions.forms.rules import OWN, OWN_FIELDS, SECRECIES, RuleFields, given_rule, rule_choices
from coopgov.decisions.models import Proposal
from coopgov.decisions.rules import stages
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.decisions.rules.kinds import Kind
from coopgov.decisions.rules.stages import Terms
from coopgov.infra.i18n import current_zone, full_time
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, StringField, TextAreaField, each_label, lazy, needed
from coopgov.infra.web.moment import received_at
from coopgov.tally.rule import Rule

SLACK = timedelta(minutes=10)  # between reading which closing is the earliest and sending it


USUAL_LENGTH = timedelta(days=7)


USUAL_HOUR = 18


ELECTORATES = [("group", N_("The members of this group")), ("coop", N_("All members of the co-op"))]


OPENINGS = [
    ("now", N_("As soon as I post it")),
    ("at", N_("At a date and time; until then it is up for discussion")),
    ("discuss", N_("After a discussion: put it up now, voting opens when I say so")),
    ("draft", N_("Keep it as a draft")),
]


def _instant(field: DateTimeLocalField) -> datetime:
    assert field.data is not None  # the form was validated
    return from_wall_clock(field.data, current_zone())


class ProposalForm(KindFields):
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
    opening = RadioField(lazy("When does voting open?"), default="now")
    opens_at = DateTimeLocalField(lazy("Opens"), [Optional(), WithinReach()])
    closes_at = DateTimeLocalField(lazy("Voting closes"), [needed(N_("Write when voting closes.")), WithinReach()])

    urgent_reason = TextAreaField(
        lazy("If it is urgent, why"),
        [AtMost(LONGEST_REASON)],
        description=lazy("For rules that let urgent votes be shorter. It stands on the proposal's page."),
    )

    def __init__(self, kind: Kind, data: Mapping[str, Any] | None = None, earlier_id: int | None = None) -> None:
        super().__init__(data)
        self.discussed_from: datetime | None = None
        self.prepare(kind)
        self.earlier_id = earlier_id
        self.electorate.choices = each_label(ELECTORATES)
        self.presets = {choice.value: choice for choice in rule_choices(received_at(), kind.method)}
        named = [(one.value, one.label) for one in self.presets.values()]
        self.rule_name.choices = [*named, (OWN, _("A rule of its own") if named else _("As set below"))]
        if not named:
            self.rule_name.data = OWN
        self.opening.choices = each_label(OPENINGS)
        self._offer_secrecy()
        self.put_last(*OWN_FIELDS, "opening", "opens_at", "closes_at", "urgent_reason")
        self.closes_at.description = _("By the clocks of %(zone)s.", zone=current_zone())
        self.opens_at.description = _("For “At a date and time”, by the clocks of %(zone)s.", zone=current_zone())

    def _offer_secrecy(self) -> None:
        """Secret votes are offered where they can be held."""
        if secrecy.keyring() is None:
            self.secrecy.choices = each_label([one for one in SECRECIES if one[0] != secrecy.SECRET])
            sentence = secrecy.REFUSALS["secret.off"][1]
            self.secrecy.description = _(sentence)

    @property
    def has_own_rule(self) -> bool:
        """True when the rule is made of the fields and not a preset."""
        return bool(self.rule_name.data == OWN)

    def validate(self, extra_validators: Any = None) -> bool:
        """True when fields, rule and times are right; each fault stands beside its field."""
        right = super().validate(extra_validators)
        return right and self.makes_a_vote() and self._has_good_times()

    def _makes_a_rule(self) -> bool:
        return not self.has_own_rule or super()._makes_a_rule()

    def _unmeant(self) -> set[str]:
        return super()._unmeant() if self.has_own_rule else set(OWN_FIELDS)

    def shows_a_rule(self) -> bool:
        """True when there is a rule to explain, whatever else is missing; faults of its fields stand beside them."""
        self.forget([name for name in self._fields if name not in (*OWN_FIELDS, "rule_name")])
        return RuleFields.validate(self)

    def _has_good_times(self) -> bool:
        now = received_at()
        if self.opening.data == "at" and self.opens_at.data is None:
            self.opens_at.errors = [_("Write when voting opens.")]
            return False
        terms = self.terms()
        try:
            stages.check_times(terms, now, self.discussed_from)
        except Refused as refused:
            self[refused.field].errors = [self._time_words(refused, terms, now)]
            return False
        return True

    def _time_words(self, refused: Refused, terms: Terms, now: datetime) -> str:
        if refused.reason in ("voting.talk_first", "voting.not_urgent"):
            return _(stages.REFUSALS[refused.reason][1], **refused.facts)
        if refused.field == "opens_at":
            return _("Choose an opening in the future.")
        slack = timedelta(0) if terms.opens_at else SLACK
        opens, is_urgent = terms.opens_at or now, bool(terms.urgent_reason)
        earliest = full_time(stages.earliest_closing(terms.rule, opens, slack, is_urgent))
        return _(
            "Under this rule voting cannot close so early. The earliest closing is %(earliest)s.", earliest=earliest
        )

    def rule(self) -> Rule:
        """The rule that was chosen or put together; raises ValueError with the tally's key for one that cannot be."""
        if not self.has_own_rule:
            return self.presets[self.rule_name.data].preset.rule
        return super().rule()

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
            discuss=self.opening.data in ("discuss", "at"),
            method=self.kind.method,
            options=self.own_options(),
            settings=self.own_settings(),
            is_shuffled=bool(self.is_shuffled.data),
            earlier_id=self.earlier_id,
            urgent_reason=self.urgent_reason.data or "",
        )


def empty_proposal(now: datetime, kind: Kind) -> dict[str, Any]:
    """What a new form starts with: closing a week ahead, in the early evening of the co-op."""
    return {
        **usual_times(now),
        "rule_name": next((choice.value for choice in rule_choices(now, kind.method)), OWN),
        "share_top": 1,
        "share_bottom": 2,
    }


def usual_times(now: datetime, length: timedelta = USUAL_LENGTH) -> dict[str, Any]:
    """A closing a week ahead, or ``length``, in the early evening, and no opening date."""
    day = to_wall_clock(now + length, current_zone()).replace(minute=0, second=0, microsecond=0)
    closes = day.replace(hour=USUAL_HOUR)
    return {"closes_at": closes if closes >= day else closes + timedelta(days=1), "opens_at": None}


def given_proposal(proposal: Proposal) -> dict[str, Any]:
    """What a form for mending starts with."""
    rule, zone = Rule.from_plain(proposal.rule), current_zone()
    held = {choice.value: choice.preset.rule for choice in rule_choices(received_at(), proposal.method)}
    return {
        "title": proposal.title,
        "source": proposal.source,
        "electorate": proposal.electorate,
        "rule_name": proposal.rule_name if held.get(proposal.rule_name) == rule else OWN,
        "opening": "at" if proposal.opens_at else "discuss" if proposal.state == "discussion" else "draft",
        "opens_at": to_wall_clock(proposal.opens_at, zone) if proposal.opens_at else None,
        "closes_at": to_wall_clock(proposal.closes_at, zone),
        "urgent_reason": proposal.urgent_reason,
        **given_kind(proposal),
        **given_rule(rule),
    }
