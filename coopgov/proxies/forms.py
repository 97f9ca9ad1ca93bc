"""Forms of proxies."""

from datetime import date, datetime, timedelta

from wtforms import DateField, IntegerField
from wtforms.validators import InputRequired, NumberRange, ValidationError

from coopgov.core.text import N_
from coopgov.core.time import from_wall_clock, to_wall_clock
from coopgov.infra.i18n import current_zone
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import BaseForm, lazy, needed
from coopgov.proxies import rules

_CAP = lazy("Write a whole number from 0 to 100.")
_NOT_THEN = rules.REFUSALS["proxy.until"][1]
HALF_A_YEAR = timedelta(days=182)


class GiveForm(BaseForm):
    """Until when somebody shall vote for another."""

    last_day = DateField(
        lazy("Until"),
        [needed(N_("Choose the last day on which it counts."))],
        description=lazy("The last day on which it counts, at most a year from now. You can take it back at any time."),
    )

    def __init__(self, now: datetime) -> None:
        self.today = to_wall_clock(now, current_zone()).date()
        super().__init__({"last_day": self.today + HALF_A_YEAR})

    @property
    def last_choice(self) -> date:
        """The last day that can be chosen."""
        return self.today + rules.LONGEST - timedelta(days=2)  # its end comes a day later, or an hour more

    def validate_last_day(self, field: DateField) -> None:
        """Raises ValidationError for a day that is over or too far away."""
        if field.data is not None and not self.today < field.data <= self.last_choice:
            raise ValidationError(_(_NOT_THEN))

    def until_at(self) -> datetime:
        """The end of the last day in the co-op's zone, which is the beginning of the next one."""
        assert self.last_day.data is not None, "the form is valid"
        day: date = self.last_day.data + timedelta(days=1)
        return from_wall_clock(datetime(day.year, day.month, day.day), current_zone())  # noqa: DTZ001


class TermsForm(BaseForm):
    """For how many others one member of the group may vote."""

    cap = IntegerField(
        lazy("For how many others one member may vote"),
        [InputRequired(_CAP), NumberRange(0, rules.CAP_AT_MOST, _CAP)],
        description=lazy("0: this group has no proxies. A small number keeps many votes from coming into one hand."),
    )
