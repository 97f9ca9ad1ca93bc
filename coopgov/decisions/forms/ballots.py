"""The ballot."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from wtforms import Field
from wtforms.utils import unset_value
from wtforms.validators import ValidationError

from coopgov.core.errors import Refused
from coopgov.decisions import paper_words
from coopgov.decisions.box import REFUSALS, checked_mark
from coopgov.decisions.rules import papers
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.decisions.rules.papers import ABSTAIN, POINTS, RANK, Option, Paper
from coopgov.infra.i18n import current_zone, gettext
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, lazy
from coopgov.tally.methods.sums import NONE_OF_THESE
from coopgov.tally.vote import Choice, Shape

PREFIXES = {Shape.POINTS: POINTS, Shape.RANKING: RANK, Shape.LEVELS: RANK}


class Cast(Protocol):
    """The ballot that counts so far."""

    @property
    def choice(self) -> Any: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True)
class Row:
    """An option as it is drawn: ``value`` is what was typed beside it; ``is_marked``: it was ticked."""

    option: Option
    id: str
    name: str
    value: str
    is_marked: bool
    sign: str
    errors: list[str] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        """The instant, where options are instants."""
        return datetime.fromisoformat(self.option.id)


class ChoiceField(Field):
    """The marks on a paper. ``data``: the choice in the method's normal form, None while something is wrong with it.

    What was typed stays, whatever it was. The form says which paper: ``super().__init__(…, meta={"paper": paper})``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.paper: Paper = self.meta.paper
        self.typed: papers.Typed = {}
        self.where: dict[str, str] = {}  # where each error belongs: its text and the field's name

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Reads what was sent; else shows the marks of the choice ``data``."""
        self.process_errors, self.data = [], None
        if formdata is not None:
            self.typed = {name: formdata.getlist(name) for name in formdata if papers.is_field(name)}
            reading = papers.read(self.paper, self.typed)
            self.data = reading.choice
            self.where = {paper_words.fault_words(fault): fault.field for fault in reading.faults}
            self.process_errors = list(self.where)
        elif data not in (unset_value, None):
            self.data = data
            self.typed = papers.marks_of(self.paper, data)

    @property
    def guide(self) -> str:
        """What is to be done, as a sentence."""
        return paper_words.guide(self.paper)

    @property
    def rows(self) -> list[Row]:
        """The options in their order; on a ranking those first that have a place."""
        rows = [self._row(number, option) for number, option in enumerate(self.paper.options)]
        return sorted(rows, key=_place) if PREFIXES.get(self.paper.shape) == RANK else rows

    def _row(self, number: int, option: Option) -> Row:
        prefix = PREFIXES.get(self.paper.shape)
        name = prefix + option.id if prefix else "choice"
        sent = self.typed.get(name, ())
        errors = [text for text in self.errors if self.where.get(text) == name and prefix]
        sign = paper_words.sign_of(self.paper, option.id)
        value = "".join(sent[:1]) if prefix else option.id
        return Row(option, f"choice-{number}", name, value, option.id in sent, sign, errors)

    @property
    def days(self) -> list[tuple[date, list[Row]]]:
        """The times in their order, by the day in the co-op's zone."""
        zone = ZoneInfo(current_zone())
        by_time = sorted(self.rows, key=lambda row: row.at)
        return [(day, list(rows)) for day, rows in groupby(by_time, lambda row: row.at.astimezone(zone).date())]

    @property
    def loose_errors(self) -> list[str]:
        """What is wrong with the paper and not with one row of it."""
        beside = {text for row in self.rows for text in row.errors}
        return [text for text in self.errors if text not in beside]

    @property
    def abstains(self) -> bool:
        """Whether "I abstain" is marked."""
        return self.typed.get("choice") == [""] if self.paper.takes_one else bool(self.typed.get(ABSTAIN))

    @property
    def wants_none(self) -> bool:
        """Whether "None of these" is marked."""
        return NONE_OF_THESE in self.typed.get("choice", ())

    @property
    def ranks(self) -> Sequence[tuple[str, str]]:
        """Every place that can be given."""
        return paper_words.places(self.paper)

    @property
    def availability(self) -> Sequence[tuple[str, str]]:
        """What can be said of a time, best first: the points and their word."""
        return [(points, gettext(word)) for points, word in paper_words.AVAILABILITY.items()]

    def anchor(self, text: str) -> str:
        """The id of the control at which an error is mended."""
        name = self.where.get(text, "")
        if name == ABSTAIN:
            return ABSTAIN
        rows = self.rows
        return next((row.id for row in rows if row.name == name), rows[0].id)


def _place(row: Row) -> tuple[bool, int]:
    is_place = row.value.isascii() and row.value.isdigit() and len(row.value) <= papers.MOST_DIGITS
    return (not is_place, int(row.value) if is_place else 0)


class BallotForm(BaseForm):
    """A vote and the reason beside it on ``paper``; ``last``: the ballot that counts so far.

    ``choice.data`` is the choice in the method's normal form. Where the paper takes no reason, ``reason`` is None.
    """

    choice = ChoiceField(lazy("Your vote"))
    reason = TextAreaField(lazy("Your reason"), [AtMost(LONGEST_REASON)])

    def __init__(self, paper: Paper, last: Cast | None = None) -> None:
        data = {"choice": last.choice, "reason": last.reason} if last else None
        super().__init__(data, meta={"paper": paper})
        self.paper = paper
        if not paper.takes_reason:
            del self.reason
        elif paper.shape is Shape.NONE:
            self.reason.label.text = lazy("Your answer")
            self.reason.flags.required = True

    @property
    def reason_given(self) -> str:
        """The reason, empty where there is none or the paper takes none."""
        return (self.reason.data or "") if self.reason else ""

    def validate_reason(self, reason: TextAreaField) -> None:
        """Raises ValidationError where the method wants a reason for this choice and there is none."""
        choice: Choice | None = self.choice.data
        if choice is None:
            return
        try:
            papers.check_reason(self.paper, choice, reason.data or "")
        except Refused as refused:
            raise ValidationError(paper_words.fault_words(refused)) from refused


class SecretBallotForm(BallotForm):
    """A secret vote: with script ``nonce`` arrives filled in; without, the voter types the digits of a die."""

    nonce = StringField()
    mark = StringField(
        lazy("Eight digits of a die"),
        description=lazy(
            "Roll a die eight times and type the digits, each from 1 to 6. They are published in your ballot, without"
            " your name, so that nobody else can be shown the same ballot."
        ),
    )

    def __init__(self, paper: Paper) -> None:
        super().__init__(paper)
        self.mark.flags.required = True

    def validate_mark(self, mark: StringField) -> None:
        """Raises ValidationError where no script drew a number and what was typed is not eight digits of a die."""
        mark.data = "".join((mark.data or "").split())
        if self.nonce.data:
            mark.data = ""
            return
        try:
            checked_mark(mark.data)
        except Refused as refused:
            raise ValidationError(gettext(REFUSALS[refused.reason][1])) from refused
