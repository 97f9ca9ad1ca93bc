"""Checks that several forms of decisions share."""

from typing import Any

from wtforms import DateField, DateTimeLocalField
from wtforms.validators import ValidationError

from coopgov.infra.i18n import gettext as _
from coopgov.infra.markdown import REFUSALS as TEXT_REFUSALS
from coopgov.infra.markdown import TOO_LONG
from coopgov.infra.web.forms import MESSAGES, TextAreaField

TOO_LONG_TEXT = TEXT_REFUSALS["text.too_long"][1]


FIRST_YEAR, LAST_YEAR = 1970, 2999


class Fits:
    """A text that is not too long to be shown: see infra/markdown.py."""

    def __call__(self, form: Any, field: TextAreaField) -> None:
        if len((field.data or "").encode()) > TOO_LONG:
            raise ValidationError(_(TOO_LONG_TEXT))


class WithinReach:
    """A date that every clock of the world can show, and not far beyond what anybody decides on."""

    def __call__(self, form: Any, field: DateTimeLocalField | DateField) -> None:
        if field.data is not None and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
            raise ValidationError(_(MESSAGES["Not a valid datetime value."]))
