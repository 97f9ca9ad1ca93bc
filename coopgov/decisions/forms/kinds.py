"""What an author of a kind of proposal lists and sets: options, sides, costs or times, and the method's settings."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from wtforms import BooleanField, DateTimeLocalField, Field, FieldList, IntegerField, SelectField
from wtforms.validators import Optional

from coopgov.core.text import N_
from coopgov.core.time import from_wall_clock, to_wall_clock, utc_text
from coopgov.decisions.forms.fields import WithinReach
from coopgov.decisions.forms.rules import RuleFields
from coopgov.decisions.models import Proposal
from coopgov.decisions.rules.kinds import Kind
from coopgov.decisions.rules.options import LONGEST_OPTION, MOST_OPTIONS, Option, numbered, offered
from coopgov.infra.i18n import current_zone
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, StringField, each_label, lazy
from coopgov.tally.count import Manifest, method_of
from coopgov.tally.lots import Ties
from coopgov.tally.methods import METHODS

ROWS = 6  # that a new form shows; more come when asked for
SIDES = [
    ("agree", N_("for")),
    ("abstain", N_("neither")),
    ("disagree", N_("against")),
    ("block", N_("a block")),
]
TIES = [
    (Ties.PREVIOUS_STAGE.value, N_("What was before in the count decides, then a lot")),
    (Ties.LOT.value, N_("A lot decides that everybody can repeat")),
    (Ties.DECLARE.value, N_("It is called a tie, and people decide what follows")),
]
UNRANKED = [
    ("last", N_("below everything that was ranked")),
    ("neutral", N_("no opinion on it")),
]
BY_STAGES = {"irv", "stv-scottish", "stv-wigm", "meek"}
NUMBERS = ("seats", "least", "most", "highest", "budget", "most_on_one", "money", "target")
ROW_FIELDS = ("options", "sides", "costs", "times")
LISTED = {
    "options": {"options", "is_shuffled"},
    "sides": {"options", "sides"},
    "costs": {"options", "costs", "is_shuffled"},
    "times": {"times"},
}
"""Fields that go with each form of rows."""
SETTING_OF = {"money": "budget"}
"""Fields that are called otherwise than the setting, which means something else elsewhere."""
WRONG = {  # what tally finds wrong → field, and what to do
    "manifest.options": ("options", N_("Write at least one option, and each only once.")),
    "manifest.options.one_sided": ("options", N_("One option has to count as for, and one as against.")),
    "manifest.options.instant": ("times", N_("Write dates and times.")),
    "manifest.settings.seats": ("seats", N_("Write a number from 1 to 1000.")),
    "manifest.settings.most": ("most", N_("Write as many as there are options at most, and no fewer than the least.")),
    "manifest.settings.least": ("least", N_("Write a number from 0.")),
    "manifest.settings.highest": ("highest", N_("Write a number from 1 to 100.")),
    "manifest.settings.budget": ("budget", N_("Write a number from 1.")),
    "manifest.settings.most_on_one": ("most_on_one", N_("Write a number from 1.")),
    "manifest.settings.target": ("target", N_("Write how many are enough: 1 or more.")),
    "manifest.settings.costs": ("options", N_("Write for every project what it costs, in whole units of money.")),
}


class KindFields(RuleFields):
    """Options and settings of one kind of proposal. Fields of other kinds do nothing and are never wrong."""

    options = FieldList(StringField(lazy("Option"), [AtMost(LONGEST_OPTION)]), lazy("Options"), min_entries=ROWS)
    sides = FieldList(
        SelectField(lazy("counts as"), choices=[], default="agree", validate_choice=False),
        lazy("What each counts as"),
        min_entries=ROWS,
    )
    costs = FieldList(IntegerField(lazy("costs"), [Optional()]), lazy("What each costs"), min_entries=ROWS)
    times = FieldList(
        DateTimeLocalField(lazy("Date and time"), [Optional(), WithinReach()]), lazy("Times"), min_entries=ROWS
    )
    is_shuffled = BooleanField(lazy("Show the options to each elector in an order of their own"))
    seats = IntegerField(lazy("How many are chosen"), [Optional()], default=1)
    least = IntegerField(lazy("Options that one has to pick at least"), [Optional()], default=1)
    most = IntegerField(lazy("Options that one may pick at most"), [Optional()], default=1)
    none_of_these = BooleanField(lazy("Offer “none of these”"))
    highest = IntegerField(lazy("Most points for one option"), [Optional()], default=5)
    average = BooleanField(lazy("Rank by the average of those who rated, instead of the total"))
    budget = IntegerField(lazy("Dots that everybody has"), [Optional()], default=8)
    most_on_one = IntegerField(
        lazy("Most dots on one option"), [Optional()], description=lazy("Nothing: as many as one has.")
    )
    money = IntegerField(lazy("Budget, in whole units of money"), [Optional()])
    target = IntegerField(lazy("How many are enough"), [Optional()], default=5)
    unranked = SelectField(
        lazy("An option that a ballot leaves out is"),
        default="last",
        description=lazy("In real elections this has decided who wins."),
    )
    ties = SelectField(lazy("If options are equal"))

    kind: Kind

    def prepare(self, kind: Kind) -> None:
        """Choices and parts for this kind, whose fields alone count."""
        self.kind, self.parts = kind, METHODS[kind.method].rule_parts
        self.unranked.choices = each_label(UNRANKED)
        self.ties.choices = each_label([one for one in TIES if kind.method in BY_STAGES or one[0] != TIES[0][0]])
        if self.ties.data is None:
            self.ties.data = self.ties.choices[0][0]
        self._name_rows()
        self.forget_kinds()

    def validate(self, extra_validators: Any = None) -> bool:
        """As ever; the faults of rows stand in their lists, each once."""
        right = super().validate(extra_validators)
        for name in ROW_FIELDS:
            self[name].errors = list(dict.fromkeys(text for row in self[name].errors for text in row))
        return right

    def _name_rows(self) -> None:
        for side in self.sides:
            side.choices = each_label(SIDES)
        for number, entry in enumerate(self.options, 1):
            entry.label.text = _("Option %(n)s", n=number)
        for number, time in enumerate(self.times, 1):
            time.label.text = _("Time %(n)s", n=number)

    def forget_kinds(self) -> None:
        """Fields of other kinds are not meant."""
        meant = LISTED.get(self.kind.rows, set()) | set(self.kind.settings)
        for name in (*ROW_FIELDS, "is_shuffled", *NUMBERS, "none_of_these", "average", "unranked", "ties"):
            if name not in meant:
                _forget(self[name])

    def add_rows(self) -> None:
        """As many rows again, for authors with more to list."""
        for rows in (self.options, self.sides, self.costs, self.times):
            for _row in range(min(ROWS, MOST_OPTIONS - len(rows))):
                rows.append_entry()
        self._name_rows()

    def own_options(self) -> tuple[Option, ...]:
        """What the author listed; empty where the method has its own."""
        if self.kind.rows == "times":
            instants = sorted({utc_text(from_wall_clock(at, current_zone())) for at in _filled(self.times)})
            return tuple(Option(instant, instant) for instant in instants)
        return numbered(_filled(self.options)) if self.kind.rows else ()

    def own_settings(self) -> dict[str, Any]:
        """The method's settings, as far as the author set them."""
        given = {SETTING_OF.get(name, name): self[name].data for name in self.kind.settings}
        settings = {name: value for name, value in given.items() if value is not None and value is not False}
        listed = [number for number, field in enumerate(self.options) if field.data]
        if self.kind.rows == "sides":
            settings["counts_as"] = {f"o{n}": self.sides[row].data for n, row in enumerate(listed, 1)}
        if self.kind.rows == "costs":
            settings["costs"] = {f"o{n}": self.costs[row].data for n, row in enumerate(listed, 1)}
        return settings

    def makes_a_vote(self) -> bool:
        """Whether options, settings and rule go together; what does not stands beside its field."""
        texts = [option.text for option in self.own_options()]
        if len(set(texts)) < len(texts):
            return self._wrong("manifest.options")
        if self.kind.rows and not texts:
            return self._wrong("manifest.options")
        try:
            options = tuple(option.id for option in offered(self.kind.method, self.rule(), self.own_options()))
            method_of(Manifest(self.kind.method, options, self.rule(), 1, self.own_settings()))
        except ValueError as error:
            return self._wrong(str(error))
        return True

    def _wrong(self, key: str) -> bool:
        name, text = WRONG.get(key, ("options", N_("These options and settings do not go together.")))
        if name == "options" and self.kind.rows == "times":
            name, text = "times", N_("Write at least one date and time, and each only once.")
        if name == "budget" and "money" in self.kind.settings:
            name = "money"
        self[name].errors = [*self[name].errors, _(text)]
        return False


def _forget(field: Field) -> None:
    field.process_errors, field.validators = [], ()
    for entry in field if isinstance(field, FieldList) else ():
        entry.process_errors, entry.validators = [], ()
        if isinstance(entry, SelectField):
            entry.validate_choice = False
    if isinstance(field, SelectField):
        field.validate_choice = False


def _filled(fields: "FieldList[Any]") -> list[Any]:
    return [field.data for field in fields if field.data]


def given_kind(proposal: Proposal) -> dict[str, Any]:
    """What the fields of options and settings start with for a proposal that was written already."""
    settings: Mapping[str, Any] = proposal.settings
    listed = [option for option in proposal.options if option["text"]]
    given = {name: value for name, value in settings.items() if name not in ("counts_as", "costs")}
    if proposal.method == "equal-shares":
        given["money"] = given.pop("budget", None)
    if proposal.method == "meeting-time":
        instants = [datetime.fromisoformat(option["id"]).astimezone(UTC) for option in proposal.options]
        return {**given, "times": [to_wall_clock(instant, current_zone()) for instant in instants]}
    return {
        **given,
        "options": [option["text"] for option in listed],
        "sides": _row_values(listed, settings.get("counts_as", {}).get),
        "costs": _row_values(listed, settings.get("costs", {}).get),
        "is_shuffled": proposal.is_shuffled,
    }


def _row_values(listed: Sequence[Mapping[str, str]], of: Callable[[str], Any]) -> list[Any]:
    return [of(option["id"]) for option in listed]
