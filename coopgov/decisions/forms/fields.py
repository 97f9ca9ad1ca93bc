"""Checks that several forms of decisions share."""

from datetime import datetime
from typing import Any

from wtforms import DateField, DateTimeLocalField
from wtforms.validators import ValidationError

from coopgov.core.text import N_
from coopgov.core.time import times_shown
from coopgov.infra.i18n import current_zone
from coopgov.infra.i18n import gettext as _
from coopgov.infra.markdown import REFUSALS as TEXT_REFUSALS
from coopgov.infra.markdown import TOO_LONG
from coopgov.infra.web.forms import MESSAGES, TextAreaField

TOO_LONG_TEXT = TEXT_REFUSALS["text.too_long"][1]


FIRST_YEAR, LAST_YEAR = 1970, 2999


TWICE = N_("On that day the clocks go back, and show this time twice. Choose one an hour earlier or later.")
SKIPPED = N_("On that day the clocks go forward, and skip this time. Choose one an hour earlier or later.")


class Fits:
    """A text that is not too long to be shown: see infra/markdown.py."""

    def __call__(self, form: Any, field: TextAreaField) -> None:
        if len((field.data or "").encode()) > TOO_LONG:
            raise ValidationError(_(TOO_LONG_TEXT))


class WithinReach:
    """A date that every clock of the world can show, not far beyond what anybody decides on, and only once: nobody
    guesses which pass of an hour is meant that summer time repeats."""

    def __call__(self, form: Any, field: DateTimeLocalField | DateField) -> None:
        if field.data is None:
            return
        if not FIRST_YEAR <= field.data.year <= LAST_YEAR:
            raise ValidationError(_(MESSAGES["Not a valid datetime value."]))
        shown = times_shown(field.data, current_zone()) if isinstance(field.data, datetime) else 1
        if shown != 1:
            raise ValidationError(_(TWICE if shown else SKIPPED))
