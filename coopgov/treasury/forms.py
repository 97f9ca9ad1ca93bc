"""What the treasurer writes down."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from wtforms import BooleanField, DateField, Field, HiddenField, IntegerField, RadioField, SelectMultipleField
from wtforms.validators import NumberRange, Optional, Regexp
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from coopgov.core.errors import Refused
from coopgov.core.money import Money, read_amount
from coopgov.core.text import N_
from coopgov.funding.rules.by_hand import PURPOSES, SOURCES
from coopgov.infra.i18n import decimal_mark
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, MoneyField, StringField, each_label, lazy, needed
from coopgov.membership.models import Tier
from coopgov.membership.rules.relief import PAUSES
from coopgov.membership.rules.tiers import INTERVALS, LONGEST_NAME, LONGEST_SUMMARY
from coopgov.membership.services.tiers import TierTerms
from coopgov.treasury.queries.people import Person, person_called

RELIEFS = [("pause", N_("Nothing for a while")), ("less", N_("Less each month, until further notice"))]
KEY = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")  # as core.ids makes them
NOBODY_CALLED_THAT = N_("Nobody, or more than one, is called that: choose from the list, or write the member's number.")


class PeopleForm(BaseForm):
    """A form that asks for members by name; ``people`` are those whom it knows."""

    def __init__(self, people: Sequence[Person], data: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.people = people
        super().__init__(data, **kwargs)

    def person(self, field: Field) -> Person | None:
        """Whom the field names; complains beside it about a name that is nobody's."""
        typed = str(field.data or "")
        found = person_called(typed, self.people) if typed else None
        if typed and found is None:
            field.errors = [*field.errors, _(NOBODY_CALLED_THAT)]
        return found


class BookingForm(PeopleForm):
    """A payment by bank or in cash."""

    key = HiddenField(validators=[Regexp(KEY, message=lazy("This form cannot be booked: begin a new one."))])
    amount = MoneyField(lazy("Amount"), [needed(N_("Write the amount."))])
    day = DateField(lazy("Day"), [needed(N_("Write the day on which it arrived."))])
    source = RadioField(lazy("How it came"))
    purpose = RadioField(lazy("What for"))
    member = StringField(
        lazy("Member"),
        [AtMost(160)],
        description=lazy("A name from the list, or a member number. Empty: nobody we know."),
    )
    reference = StringField(
        lazy("Reference"), [AtMost(200)], description=lazy("As on the bank statement. Only officers see it.")
    )
    covers_from = DateField(lazy("First day that it covers"), [Optional()])
    covers_to = DateField(lazy("Last day that it covers"), [Optional()])

    def __init__(self, people: Sequence[Person], currency: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(people, data, meta={"currency": currency})
        self.source.choices = each_label(SOURCES.items())
        self.purpose.choices = each_label(PURPOSES.items())

    @property
    def sum(self) -> Money:
        """The amount of a form that is right."""
        amount: Money = self.amount.data
        return amount

    @property
    def paid_on(self) -> date:
        """The day of a form that is right."""
        day: date | None = self.day.data
        assert day is not None
        return day

    def propose(self, first: date, last: date) -> None:
        """Writes the days that the amount covers into their fields."""
        for field, day in ((self.covers_from, first), (self.covers_to, last)):
            field.data, field.raw_data = day, None


class MatchForm(PeopleForm):
    """Whose a payment is, when none of the candidates fits."""

    member = StringField(lazy("Member"), [needed(N_("Write a name or a member number.")), AtMost(160)])
    always = BooleanField(lazy("Always for this payer"))


class RefundForm(BaseForm):
    """How much goes back."""

    seen = IntegerField(widget=HiddenInput(), validators=[Optional()])
    amount = MoneyField(lazy("Amount to give back"), [needed(N_("Write how much goes back: more than nothing."))])

    def __init__(self, currency: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(data, meta={"currency": currency})

    def look(self, times: int) -> None:
        """What the page that is shown now says of refunds: sent back, it tells a second click from a second refund."""
        self.seen.data, self.seen.raw_data = times, None


class ReliefForm(BaseForm):
    """Less, or nothing, for a while. Nobody writes down why."""

    kind = RadioField(lazy("What helps"))
    amount = MoneyField(lazy("Amount each month"))
    months = RadioField(lazy("For how long"))

    def __init__(self, currency: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(data, meta={"currency": currency})
        self.kind.choices = each_label(RELIEFS)
        self.months.choices = [(str(n), _("%(n)s months", n=n)) for n in PAUSES]


class TierForm(BaseForm):
    """What members can choose to give. Sums are for one month."""

    name = StringField(lazy("Name"), [needed(N_("Write a name.")), AtMost(LONGEST_NAME)])
    summary = StringField(
        lazy("In one sentence"), [AtMost(LONGEST_SUMMARY)], description=lazy("Who it is for. Stands under the name.")
    )
    minimum = MoneyField(lazy("Least each month"), [needed(N_("Write the least that it asks for each month."))])
    suggested = StringField(
        lazy("Suggested amounts"), [AtMost(80)], description=lazy("For one month, separated by spaces: 1 3 5 10.")
    )
    intervals = SelectMultipleField(
        lazy("How it can be paid"),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    position = IntegerField(
        lazy("Place in the list"),
        [Optional(), NumberRange(0, 999, lazy("Write a number from 0 to 999."))],
        description=lazy("Tiers are shown from low to high."),
    )
    oc_tier = StringField(
        lazy("Tier at Open Collective"),
        [AtMost(80)],
        description=lazy("The last part of its address there, if it exists."),
    )

    def __init__(self, currency: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(data, meta={"currency": currency})
        self.intervals.choices = each_label(INTERVALS.items())
        self.currency = currency

    def terms(self) -> TierTerms:
        """What was filled in. Raises Refused for suggested amounts that cannot be read."""
        intervals = [str(value) for value in self.intervals.data or ()]
        return TierTerms(
            name=str(self.name.data),
            minimum=self.minimum.data,
            summary=str(self.summary.data or ""),
            suggested=[self._amount(word) for word in str(self.suggested.data or "").split()],
            intervals=intervals,
            default_interval="year" if "year" in intervals else "month",
            position=self.position.data or 0,
            oc_tier=str(self.oc_tier.data or ""),
        )

    def _amount(self, word: str) -> Money:
        try:
            return read_amount(word, self.currency, decimal_mark())
        except Refused as refused:
            raise Refused(refused.reason, field="suggested", **refused.facts) from refused


def tier_data(row: Tier) -> dict[str, Any]:
    """A tier as its form shows it."""
    suggested = [Money(minor, row.currency).plain.replace(".", decimal_mark()) for minor in row.suggested_minor]
    kept = {name: getattr(row, name) for name in ("name", "summary", "minimum", "intervals", "position", "oc_tier")}
    return {**kept, "suggested": " ".join(suggested)}


class NoteForm(BaseForm):
    """A word on why something is settled."""

    note = StringField(lazy("What was done"), [needed(N_("Say in a word what was done.")), AtMost(200)])


class PlainForm(BaseForm):
    """A button alone."""


PARTS = 5  # rows of the form that splits a payment


class SplitForm(PeopleForm):
    """Parts of one payment, each for a member; rows may stay empty."""

    member_1 = StringField(lazy("Member"), [AtMost(160)])
    amount_1 = MoneyField(lazy("Amount"))
    member_2 = StringField(lazy("Member"), [AtMost(160)])
    amount_2 = MoneyField(lazy("Amount"))
    member_3 = StringField(lazy("Member"), [AtMost(160)])
    amount_3 = MoneyField(lazy("Amount"))
    member_4 = StringField(lazy("Member"), [AtMost(160)])
    amount_4 = MoneyField(lazy("Amount"))
    member_5 = StringField(lazy("Member"), [AtMost(160)])
    amount_5 = MoneyField(lazy("Amount"))

    def __init__(self, people: Sequence[Person], currency: str) -> None:
        super().__init__(people, None, meta={"currency": currency})

    def rows(self) -> list[tuple[Field, Field]]:
        """The fields in pairs, as the page shows them."""
        return [(self[f"member_{n}"], self[f"amount_{n}"]) for n in range(1, PARTS + 1)]

    def parts(self) -> list[tuple[int, Money]]:
        """Whom and how much, of the rows that were filled in; complains beside the half of a row that is missing."""
        found = []
        for member, amount in self.rows():
            person = self.person(member)
            if person is not None and amount.data is None and not amount.errors:
                amount.errors = [*amount.errors, _("Write the amount.")]
            elif person is None and amount.data is not None and not member.errors:
                member.errors = [*member.errors, _("Write a name or a member number.")]
            elif person is not None and amount.data is not None:
                found.append((person.party_id, amount.data))
        return found
