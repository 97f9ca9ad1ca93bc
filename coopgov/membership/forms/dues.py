"""What people fill in to choose what they pay, to pay less, and to claim what they paid already."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import BooleanField, IntegerField, RadioField
from wtforms.validators import InputRequired, Optional

from coopgov.core.money import Money
from coopgov.core.text import N_
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import money_short
from coopgov.infra.web.forms import AtMost, BaseForm, MoneyField, StringField, each_label, lazy, needed
from coopgov.membership.models import Tier
from coopgov.membership.rules.relief import PAUSES
from coopgov.membership.rules.tiers import INTERVALS
from coopgov.membership.services.dues import Choice

OWN = "own"  # instead of a suggested amount
WAYS = {
    "stripe": N_("By card or bank debit"),
    "opencollective": N_("Through Open Collective"),
    "bank": N_("By bank transfer"),
}


def choice_of(tier: Tier, amount: Money) -> str:
    """The value of the radio that stands for ``amount`` a month in ``tier``: a suggested one, or one's own."""
    return f"{tier.id}-{amount.minor if amount.minor in tier.suggested_minor else OWN}"


class ChoiceForm(BaseForm):
    """A tier with a suggested amount or one's own, how often, and by which way.

    One radio for tier and amount together, ``2-300``; for an own amount ``2-own`` and the field beside. An amount that
    was typed counts even if the radio was left where it was.
    """

    choice = RadioField(lazy("How much for each month?"), validate_choice=True)
    amount = MoneyField(lazy("Your own amount for each month"), [Optional()])
    interval = RadioField(lazy("How often?"), choices=())
    source = RadioField(lazy("How do you want to pay?"), choices=())

    def __init__(
        self,
        tiers: Sequence[Tier],
        ways: Sequence[str],
        currency: str,
        data: Mapping[str, Any] | None = None,
        told: bool = True,
    ) -> None:
        super().__init__(data, meta={"currency": currency}, told=told)
        self.choice.choices = [choice for tier in tiers for choice in _choices(tier)]
        offered = {interval for tier in tiers for interval in tier.intervals}
        self.interval.choices = each_label((key, words) for key, words in INTERVALS.items() if key in offered)
        self.source.choices = each_label((way, WAYS[way]) for way in ways)
        if len(ways) < 2:
            del self.source
        self._ways = ways

    def validate(self, extra_validators: Any = None) -> bool:
        """True when it can be read; whether it is enough, the rules say."""
        right = super().validate(extra_validators)
        if not self._ways:  # there were when the page was opened
            self.complain(_("Paying is not set up here yet. Write to us."))
            return False
        if right and self.choice.data.endswith(OWN) and self.amount.data is None:
            self.amount.errors = [_("Write an amount.")]
            return False
        return right

    @property
    def wish(self) -> Choice:
        """What was chosen, once the form is valid."""
        tier_id, _dash, minor = str(self.choice.data).partition("-")
        own: Money | None = self.amount.data
        monthly = own or Money(int(minor), self.meta.currency)
        return Choice(tier_id=int(tier_id), monthly=monthly, interval=str(self.interval.data))

    @property
    def way(self) -> str:
        """The way of paying, once the form is valid."""
        return str(self.source.data) if "source" in self else self._ways[0]


def _choices(tier: Tier) -> list[tuple[str, str]]:
    suggested = [(f"{tier.id}-{minor}", money_short(Money(minor, tier.currency))) for minor in tier.suggested_minor]
    return [*suggested, (f"{tier.id}-{OWN}", _("Another amount"))]


class FreeMoneyField(MoneyField):
    """A sum that may be nothing."""

    takes_nothing = True


class ReliefForm(BaseForm):
    """Pay less, or nothing for a while. No reason is asked. It begins with the shortest pause: one click is enough."""

    kind = RadioField(
        lazy("What would help?"),
        [needed(N_("Choose what would help."))],
        choices=(),
    )
    amount = FreeMoneyField(lazy("What you can pay each month"), [Optional()], description=lazy("0 is fine."))

    def __init__(self, longest: int, currency: str) -> None:
        super().__init__(meta={"currency": currency})
        pauses = [
            (str(months), _("Pay nothing for %(months)s months", months=months)) for months in self.months(longest)
        ]
        self.kind.choices = [("less", _("Pay less")), *pauses]
        if self.kind.raw_data is None:  # nothing was sent yet
            self.kind.data = str(PAUSES[0])

    @staticmethod
    def months(longest: int) -> list[int]:
        """The pauses that the rule allows; the shortest is always offered, and the answer says what to do."""
        return [months for months in PAUSES if months <= longest] or [PAUSES[0]]

    def validate(self, extra_validators: Any = None) -> bool:
        """True when it can be read, and an amount is given where one is meant."""
        right = super().validate(extra_validators)
        if right and self.kind.data == "less" and self.amount.data is None:
            self.amount.errors = [_("Write what you can pay each month: 0 or more.")]
            return False
        if right and self.kind.data != "less" and self.amount.data is not None:
            self.kind.errors = [_("You wrote an amount: choose “Pay less”, or leave the amount empty.")]
            return False
        return right


class LeaveForm(BaseForm):
    """The end of a membership is meant."""

    sure = BooleanField(lazy("Yes, I want to leave"), [needed(N_("Tick this if you want to leave."))])


class PaidForm(BaseForm):
    """Under which name or address somebody paid already."""

    payer = StringField(
        lazy("Name or e-mail address that you paid with"),
        [needed(N_("Write the name or the e-mail address that you paid with.")), AtMost(120)],
    )

    def __init__(self, told: bool = True) -> None:
        super().__init__(told=told)


class RuleForm(BaseForm):
    """A version of the rule of standing."""

    asks_dues = RadioField(lazy("Do members pay dues?"), [needed(N_("Choose one of the options."))], choices=())
    grace_days = IntegerField(
        lazy("Days of grace"),
        [InputRequired()],
        description=lazy("So long after the last paid day nothing changes."),
    )
    min_age_days = IntegerField(
        lazy("Days between joining and the first vote"), [InputRequired()], description=lazy("0: at once.")
    )
    pending_votes = RadioField(
        lazy("While the first payment is on its way"), [needed(N_("Choose one of the options."))], choices=()
    )
    pending_days = IntegerField(
        lazy("Days that a payment may be on its way"),
        [InputRequired()],
        description=lazy("A bank debit takes up to a week and a half."),
    )
    longest_pause_months = IntegerField(lazy("Longest pause in months"), [InputRequired()])
    in_force_from = StringField(
        lazy("In force from"), [AtMost(20)], description=lazy("Leave it empty for now, or choose a later day.")
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.asks_dues.choices = [("yes", _("Yes: who is in arrears does not vote")), ("no", _("No"))]
        self.pending_votes.choices = [("no", _("the new member does not vote yet")), ("yes", _("the new member votes"))]
