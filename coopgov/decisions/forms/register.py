"""Naming earlier decisions, and what is recorded of decisions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from wtforms import DateField, Field, RadioField
from wtforms.validators import Optional, ValidationError

from coopgov.core.text import N_
from coopgov.core.time import from_wall_clock
from coopgov.decisions.forms.fields import WithinReach
from coopgov.decisions.queries.register import LONGEST_SEARCH, Candidate, candidates, named_candidates
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.decisions.rules.register import LINK_KINDS, Validity
from coopgov.decisions.validity import RELATIONS, STATUSES, day_of, last_day
from coopgov.infra.i18n import current_zone, plain_day
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, lazy, needed

FIND = "find"
"""The value of the button ``act`` that searches and sends nothing else."""

MOST_DIGITS = 9  # of a number; no row has one that is longer


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS


class LinksField(Field):
    """Earlier decisions as {number: kind of link}; each comes as ``number:kind``, ``number:`` for not chosen."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Raises ValueError for what no page of ours sends."""
        chosen: dict[int, str] = {}
        for value in valuelist:
            digits, _colon, kind = str(value).partition(":")
            if not _is_number(digits) or kind not in ("", *LINK_KINDS):
                raise ValueError(_("Choose one of the options."))
            if kind:
                chosen[int(digits)] = kind
        self.data = chosen


@dataclass(frozen=True)
class Offer:
    """An earlier decision to choose a link for; ``kind`` is the one that is chosen, empty for none."""

    id: int
    title: str
    path: str
    text: str  # its status and day
    kind: str

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """(value, label, chosen) of each kind of link, none first."""
        kinds = [("", _("No link")), *((kind, _(RELATIONS[kind])) for kind in LINK_KINDS)]
        return [(f"{self.id}:{kind}", label, kind == self.kind) for kind, label in kinds]


class LinksFields:
    """Mixin of forms in which a proposal says what it replaces, depends on or votes on again.

    ``links`` holds the choice, ``link_words`` what to search for; ``act=find`` means to search and nothing else.
    Templates draw both with ``links_picker`` of decisions/_links.html.
    """

    links = LinksField(lazy("Earlier decisions"), default=dict)
    link_words = StringField(
        lazy("Find an earlier decision"),
        [AtMost(LONGEST_SEARCH)],
        description=lazy("Words of its title, text or outcome, or its number."),
    )

    def chosen_links(self) -> dict[int, str]:
        """What was chosen: numbers of earlier decisions, each with replaces, depends_on or re_votes."""
        return dict(self.links.data or {})

    def link_offers(self, is_member: bool, besides: int, now: datetime) -> list[Offer]:
        """Those that are chosen, then those that were searched for, but never the proposal ``besides`` itself."""
        chosen = self.chosen_links()
        there = named_candidates(list(chosen), is_member, now)
        words = self.link_words.data or ""
        found = candidates(words, is_member, besides, now) if words else []
        every = {one.head.id: one for one in (*there, *found)}
        return [_offer(one, chosen.get(key, "")) for key, one in every.items()]


def _offer(one: Candidate, kind: str) -> Offer:
    return Offer(one.head.id, one.head.title, one.head.path, _candidate_words(one), kind)


def _candidate_words(one: Candidate) -> str:
    number = _("No. %(number)s", number=one.head.id)
    status = _(STATUSES[str(one.validity.status)]) if one.validity.status else _("Not decided")
    closed = [plain_day(day_of(one.closed_at))] if one.closed_at else []
    return " · ".join([number, status, *closed])


class LinksForm(LinksFields, BaseForm):
    """What a proposal that is there already says of earlier decisions."""


def _midnight(day: date) -> datetime:
    return from_wall_clock(datetime(day.year, day.month, day.day), current_zone())  # noqa: DTZ001


class DatesFields:
    """Mixin of the two days of a decision."""

    review_on = DateField(
        lazy("Review on"),
        [Optional(), WithinReach()],
        description=lazy("On this day a discussion opens in the group, and its convenors get a mail."),
    )
    last_day = DateField(
        lazy("Last day in force"),
        [Optional(), WithinReach()],
        description=lazy("After this day the decision has lapsed. Leave it empty if it holds until it is replaced."),
    )

    def review_at(self) -> datetime | None:
        """The beginning of the day of review in the co-op's zone."""
        return _midnight(self.review_on.data) if self.review_on.data else None

    def ends_at(self) -> datetime | None:
        """The end of the last day in the co-op's zone, which is the beginning of the next one."""
        return _midnight(self.last_day.data + timedelta(days=1)) if self.last_day.data else None


class DatesForm(DatesFields, BaseForm):
    """When a decision is to be reviewed, and when it ends."""


class ReviewedForm(DatesFields, BaseForm):
    """That it was reviewed and stays in force, and what comes next."""

    reason = TextAreaField(
        lazy("What the review found"),
        [AtMost(LONGEST_REASON)],
        description=lazy("A sentence or two; it stands on the decision's page."),
    )


def given_dates(validity: Validity) -> dict[str, Any]:
    """What a form with both days starts with."""
    return {
        "review_on": day_of(validity.review_at) if validity.review_at else None,
        "last_day": last_day(validity.ends_at) if validity.ends_at else None,
    }


BY_DECISION, ELSEWHERE = "decision", "elsewhere"


class RepealForm(BaseForm):
    """What repeals a decision: another one, which is searched for and chosen, or something outside the register."""

    how = RadioField(lazy("Who decided that?"), validate_choice=False)
    words = StringField(
        lazy("Find the decision"),
        [AtMost(LONGEST_SEARCH)],
        description=lazy("Words of its title, text or outcome, or its number."),
    )
    other = RadioField(lazy("The decision that repeals it"), validate_choice=False)
    reason = TextAreaField(
        lazy("Reason"),
        [needed(N_("Write why it is repealed: the reason stands on its page for good.")), AtMost(LONGEST_REASON)],
        description=lazy("If it was decided elsewhere, say where and when: “General meeting of 3 May, item 4”."),
    )

    def __init__(self) -> None:
        super().__init__()
        self.how.choices = [
            (BY_DECISION, _("A decision in this register")),
            (ELSEWHERE, _("It was decided elsewhere")),
        ]
        self.other.choices = []

    def offer(self, is_member: bool, besides: int, now: datetime) -> None:
        """Puts those that were searched for, and the one that is chosen, on the form."""
        chosen = self.decision()
        there = named_candidates([chosen], is_member, now) if chosen else []
        found = candidates(self.words.data, is_member, besides, now) if self.words.data else []
        every: Mapping[int, Candidate] = {one.head.id: one for one in (*there, *found)}
        self.other.choices = _radio(every.values())

    def decision(self) -> int | None:
        """Number of the chosen decision; None when it was decided elsewhere, or nothing is chosen."""
        digits = self.other.data or ""
        return int(digits) if self.how.data == BY_DECISION and _is_number(digits) else None

    def validate_how(self, field: RadioField) -> None:
        """Raises ValidationError unless it is said who decided."""
        if field.data not in (BY_DECISION, ELSEWHERE):
            raise ValidationError(_("Choose one of the options."))

    def validate_other(self, _field: RadioField) -> None:
        """Raises ValidationError when no decision is chosen that should be."""
        if self.how.data == BY_DECISION and self.decision() is None:
            raise ValidationError(_("Find the decision and choose it."))


def _radio(some: Iterable[Candidate]) -> list[tuple[str, str]]:
    return [(str(one.head.id), f"{one.head.title} ({_candidate_words(one)})") for one in some]
