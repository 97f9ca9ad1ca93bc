"""What somebody fills in to apply, and what the membership secretary does about it."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    ValidationError,
)
from wtforms.validators import NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from coopgov.core.text import N_
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import money_short
from coopgov.infra.web.forms import (
    AtMost,
    BaseForm,
    MailAddress,
    StringField,
    TextAreaField,
    each_label,
    lazy,
    needed,
)
from coopgov.membership.models import JoiningTerms, Tier
from coopgov.membership.rules.applications import LONGEST_ABOUT, LONGEST_QUESTION, REASONS
from coopgov.membership.services.applications import Wish
from coopgov.membership.services.terms import Terms

Choices = Sequence[tuple[int, str]]


def _email() -> StringField:
    return StringField(lazy("E-mail"), [needed(N_("Write an e-mail address.")), AtMost(254), MailAddress()])


class _Address:
    """An address on this site or elsewhere that can be opened by everybody."""

    def __call__(self, form: Any, field: Any) -> None:
        text = field.data or ""
        if text and not text.startswith("/") and not _is_web(text):
            raise ValidationError(_("Write an address that begins with https:// or with /."))


def _is_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:  # such as http://[
        return False


class _Handle:
    """A name that Mastodon would take."""

    def __call__(self, form: Any, field: Any) -> None:
        if field.data and not re.fullmatch(r"[A-Za-z0-9_]+", field.data.removeprefix("@")):
            raise ValidationError(_("Use the letters a to z, digits and _ only."))


class WaitingForm(BaseForm):
    """Whom to write to when applications are open again. ``website`` is a trap: people do not see it."""

    email = _email()
    website = StringField(lazy("Leave this empty"))


class ApplyForm(WaitingForm):
    """An application. ``stamp`` is when the form was made, ``promise`` what the ticks meant then."""

    name = StringField(
        lazy("What should we call you?"),
        [needed(N_("Write the name that members shall know you by.")), AtMost(80)],
        description=lazy("Any name will do: first name, nickname, full name."),
    )
    about = TextAreaField(
        lazy("Tell us a bit about yourself"),
        [needed(N_("Write a few words about yourself: a person reads them.")), AtMost(LONGEST_ABOUT)],
    )
    code = BooleanField("", [needed(N_("To join, you have to accept the code of conduct."))])
    age = BooleanField("", [needed(N_("To join, you have to be old enough."))])
    tier = SelectField(lazy("What you would like to give"), default="")
    groups = SelectMultipleField(
        lazy("Groups that interest you"), widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False
    )
    handle = StringField(lazy("Wished handle"), [AtMost(30), _Handle()], description=lazy("The part before the @."))
    skills = StringField(lazy("What you are good at"), [AtMost(300)])
    heard_from = StringField(lazy("Who told you about us"), [AtMost(120)])
    organisation = StringField(
        lazy("Organisation"), [AtMost(80)], description=lazy("Only if an organisation is to become the member.")
    )
    stamp = HiddenField()
    promise = HiddenField()
    asked = ""  # the promise as it is now
    interests: frozenset[str] = frozenset()

    def prepare(self, terms: JoiningTerms, tiers: Sequence[Tier], groups: Choices) -> None:
        """Says what is asked here and now, in the reader's language."""
        self.about.description = terms.prompt or _("What brings you here? A person reads this, nobody else.")
        self.age.label.text = _("I am %(age)s or over", age=terms.min_age)
        self.tier.choices = [("", _("Choose later")), *((str(tier.id), _tier(tier)) for tier in tiers)]
        self.groups.choices = [(str(group_id), name) for group_id, name in groups]
        self.interests = frozenset(str(group_id) for group_id, _name in groups)
        if terms.code_url:
            self.code.label.text = _("I accept the code of conduct (version %(version)s)", version=terms.code_version)
            self.code.description = _read(terms.code_url)
        else:
            del self.code

    def validate(self, extra_validators: Any = None) -> bool:
        """Also false when the terms have changed since the form was made: the ticks meant something else."""
        right = super().validate(extra_validators)
        if self.promise.data != self.asked:
            self.complain(_("What you have to accept has changed meanwhile: look at the ticks again."))
        return right and not self.form_errors

    @property
    def folded(self) -> bool:
        """True while the optional part is empty and right, so that it can stay folded."""
        optional = (self.groups, self.handle, self.skills, self.heard_from, self.organisation)
        return not any(field.data or field.errors for field in optional)

    def wish(self) -> Wish:
        """What was filled in; groups that do not exist are left out."""
        return Wish(
            email=str(self.email.data),
            name=str(self.name.data),
            about=str(self.about.data),
            organisation=str(self.organisation.data or ""),
            handle=str(self.handle.data or "").removeprefix("@"),
            skills=str(self.skills.data or ""),
            heard_from=str(self.heard_from.data or ""),
            groups=tuple(int(value) for value in self.groups.data or () if value in self.interests),
            tier_id=int(self.tier.data) if self.tier.data else None,
        )


def _tier(tier: Tier) -> str:
    return _("%(tier)s: %(amount)s a month or more", tier=tier.name, amount=money_short(tier.minimum))


def _read(url: str) -> Markup:
    words = _("Read it (opens in a new tab)")
    return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(url, words)


class CorrectForm(BaseForm):
    """The text about oneself, once more."""

    about = TextAreaField(
        lazy("Tell us a bit about yourself"),
        [needed(N_("Write a few words about yourself: a person reads them.")), AtMost(LONGEST_ABOUT)],
    )


class AnswerForm(BaseForm):
    """An answer to the question."""

    answer = TextAreaField(lazy("Your answer"), [needed(N_("Write your answer.")), AtMost(LONGEST_QUESTION)])


class _OnRevision(BaseForm):
    """Carries which version of the text somebody has read."""

    revision = HiddenField()

    @property
    def seen(self) -> int:
        """The revision; 0, which none has, for anything else."""
        text = str(self.revision.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class DecideForm(_OnRevision):
    """A decision without words."""


class AskForm(_OnRevision):
    """A question to the applicant."""

    question = TextAreaField(
        lazy("Your question"),
        [needed(N_("Write your question.")), AtMost(LONGEST_QUESTION)],
        description=lazy("It is mailed to the applicant, who answers on their page."),
    )


class DeclineForm(_OnRevision):
    """Why not."""

    reason = RadioField(lazy("Reason"))
    words = TextAreaField(
        lazy("In your own words"), [AtMost(LONGEST_QUESTION)], description=lazy("Stands in the mail, below the reason.")
    )

    def prepare(self) -> None:
        """Fills the list of reasons, in the reader's language."""
        self.reason.choices = each_label(tuple(REASONS.items()))

    def validate(self, extra_validators: Any = None) -> bool:
        """Also false when another reason is meant and not said."""
        right = super().validate(extra_validators)
        if right and self.reason.data == "other" and not self.words.data:
            self.words.errors = [_("Write the reason.")]
            return False
        return right


class NoteForm(BaseForm):
    """A line for the other secretaries."""

    note = TextAreaField(
        lazy("Private note"),
        [needed(N_("Write the note.")), AtMost(LONGEST_QUESTION)],
        description=lazy("Only membership secretaries see it."),
    )


class TermsForm(BaseForm):
    """How people apply."""

    is_open = BooleanField(
        lazy("People can apply now"), description=lazy("Otherwise the page offers a waiting list, which hears once.")
    )
    prompt = StringField(
        lazy("Question above the text"),
        [AtMost(300)],
        description=lazy("Stands below “Tell us a bit about yourself”. Empty: “What brings you here? …”"),
    )
    min_age = IntegerField(lazy("Minimum age"), [NumberRange(0, 99, N_("Write an age from 0 to 99."))])
    code_url = StringField(
        lazy("Address of the code of conduct"),
        [AtMost(300), _Address()],
        description=lazy("Applicants have to accept it. Empty: there is none to accept."),
    )
    code_version = StringField(lazy("Its version"), [AtMost(20)], description=lazy("Is kept with each application."))
    by_hand = TextAreaField(
        lazy("How to pay by bank transfer"),
        [AtMost(500)],
        description=lazy("Account and what to write as reference. Empty: paying by transfer is not offered."),
    )

    def terms(self) -> Terms:
        """What was filled in."""
        return Terms(
            is_open=bool(self.is_open.data),
            prompt=str(self.prompt.data or ""),
            min_age=int(self.min_age.data or 0),
            code_url=str(self.code_url.data or ""),
            code_version=str(self.code_version.data or ""),
            by_hand=str(self.by_hand.data or ""),
        )
