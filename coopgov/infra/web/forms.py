"""The base of every form: cleaned input, translated messages, the stale-form error, a summary for the page."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import wtforms
from flask import request
from markupsafe import escape
from wtforms import Field, Form, ValidationError
from wtforms.validators import DataRequired, Length, StopValidation
from wtforms.widgets import TextInput

from coopgov.core.errors import Refused
from coopgov.core.money import REFUSALS as AMOUNT_REFUSALS
from coopgov.core.money import read_amount, zero
from coopgov.core.text import N_, clean_lines, count_characters, fold_email, one_line
from coopgov.infra.i18n import decimal_mark, ngettext, number
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.csrf import form_is_stale

MESSAGES = {  # WTForms' own words that can reach a page, in ours
    "This field is required.": N_("Fill this in."),
    "Not a valid choice.": N_("Choose one of the options."),
    "Not a valid integer value.": N_("Write a whole number."),
    "Not a valid datetime value.": N_("Write a date and a time."),
    "Not a valid date value.": N_("Write a date."),
    "Invalid email address.": N_("Write an e-mail address, like name@example.org."),
}
LONGEST_ADDRESS = 254  # RFC 5321; folding the case may lengthen it, as ß becomes ss
_PART = r"[^@\s.\"<>(),:;\\\[\]\x00-\x1f\x7f]+"
_ADDRESS = re.compile(rf"{_PART}(\.{_PART})*@{_PART}(\.{_PART})*")
STALE = N_(
    "This page had been open too long, or you signed in meanwhile. Nothing was lost: check it and send it again."
)


class lazy(str):
    """A label that is defined once and translated each time it is shown. Extracted like ``_()``."""

    __slots__ = ()

    def __str__(self) -> str:
        return _(str.__str__(self))

    def __html__(self) -> str:
        return str(escape(str(self)))

    def __bool__(self) -> bool:
        return len(self) > 0


class _Words:
    """WTForms asks this for its messages."""

    def gettext(self, message: str) -> str:
        return _(MESSAGES.get(message, message))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return _(MESSAGES.get(plural if n != 1 else singular, plural if n != 1 else singular))


class BaseForm(Form):
    """A form of ours. ``validate()`` is also false for a stale form, with the reason on top.

    ``told=False``: what was sent belongs to another form of the same page.
    """

    class Meta:
        def get_translations(self, form: Form) -> _Words:
            return _Words()

    def __init__(self, data: Mapping[str, Any] | None = None, told: bool = True, **kwargs: Any) -> None:
        super().__init__(request.form if told and request.method == "POST" else None, data=data, **kwargs)

    def validate(self, extra_validators: Any = None) -> bool:
        """True when every field is right and the form is fresh."""
        fields_right = super().validate(extra_validators)
        if form_is_stale():
            self.complain(_(STALE))
        return fields_right and not self.form_errors

    def complain(self, text: str) -> None:
        """An error of the form as a whole, shown first in the summary."""
        self.form_errors = [*self.form_errors, text]

    def refuse(self, refused: Refused, text: str) -> None:
        """Puts a rule's refusal beside the field it concerns, or on top."""
        field: Field | None = self._fields.get(refused.field)
        if field is None:
            self.complain(text)
        else:
            field.errors = [*field.errors, text]


class StringField(wtforms.StringField):
    """One line of text, cleaned of what can trick the eye."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = one_line(valuelist[0]) if valuelist else ""


class MoneyField(wtforms.Field):
    """A sum in one currency, above zero unless ``takes_nothing``: ``data`` is a Money, or None when nothing was typed.

    The form says which currency before anything is read: ``super().__init__(data, meta={"currency": "GBP"})``.
    """

    widget = TextInput()
    takes_nothing = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency: str = self.meta.currency

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        typed = one_line(valuelist[0]) if valuelist else ""
        if not typed:
            return
        try:
            self.data = read_amount(typed, self.currency, decimal_mark())
        except Refused as refused:
            if self.takes_nothing and refused.reason == "amount.zero":
                self.data = zero(self.currency)
                return
            raise ValueError(_(AMOUNT_REFUSALS[refused.reason][1], **refused.facts)) from refused

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.plain.replace(".", decimal_mark()) if self.data is not None else ""


class TextAreaField(wtforms.TextAreaField):
    """Several lines of text."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = clean_lines(valuelist[0]) if valuelist else ""


def needed(message: str) -> DataRequired:
    """The field must be filled in; ``message`` (marked for translation) says with what."""
    return _Said(message)


class _Said(DataRequired):
    """A required field whose message is translated when it is shown, not when the form is defined."""

    def __call__(self, form: Any, field: Any) -> None:
        if field.data and (not isinstance(field.data, str) or field.data.strip()):
            return
        typed = any(str(value).strip() for value in field.raw_data or ())
        if typed and field.errors:
            raise StopValidation  # what was typed could not be read, and that is said already
        field.errors[:] = []  # one gap, one complaint
        raise StopValidation(_(str(self.message)))


class MailAddress:
    """Looks like an address: one @, a host, no white space. Whether it is one, the mail to it shows."""

    def __call__(self, form: Any, field: Any) -> None:
        address = field.data or ""
        if not _ADDRESS.fullmatch(address) or len(fold_email(address)) > LONGEST_ADDRESS:
            raise ValidationError(_(MESSAGES["Invalid email address."]))


class AtMost(Length):
    """At most ``most`` characters, counted as code points; says by how many it is too long."""

    def __init__(self, most: int) -> None:
        super().__init__(max=most)
        self.most = most
        self.field_flags = {"maxlength": most}  # for the counter; nothing is cut

    def __call__(self, form: Any, field: Any) -> None:
        over = count_characters(field.data or "") - self.most
        if over > 0:
            words = ngettext(
                "%(over)s character too many: at most %(most)s.",
                "%(over)s characters too many: at most %(most)s.",
                over,
                over=number(over),
                most=number(self.most),
            )
            raise ValidationError(words)


def each_label(choices: Iterable[tuple[str, str]], translate: Callable[[str], str] = _) -> list[tuple[str, str]]:
    """Choices whose labels are translated now, for this request."""
    return [(value, translate(label)) for value, label in choices]
