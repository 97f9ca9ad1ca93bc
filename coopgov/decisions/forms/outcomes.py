"""Withdrawing a proposal, and what follows from a decision."""

from datetime import datetime

from wtforms import DateField
from wtforms.validators import Optional

from coopgov.core.text import N_
from coopgov.core.time import from_wall_clock
from coopgov.decisions.forms.fields import Fits, WithinReach
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.infra.i18n import current_zone
from coopgov.infra.web.forms import AtMost, BaseForm, TextAreaField, lazy, needed


class WithdrawForm(BaseForm):
    """Why a proposal is taken back."""

    reason = TextAreaField(
        lazy("Reason"),
        [needed(N_("Give a reason: it stands on the proposal's page for good.")), AtMost(LONGEST_REASON)],
    )


class OutcomeForm(BaseForm):
    """What follows from a decision, and when to look at it again."""

    source = TextAreaField(
        lazy("What follows"),
        [needed(N_("Write what follows from the decision.")), Fits()],
        description=lazy("Who does what, by when. **Bold**, lists and links work."),
    )
    review_on = DateField(
        lazy("Review on"),
        [Optional(), WithinReach()],
        description=lazy("The day on which to look at the decision again."),
    )

    def review_at(self) -> datetime | None:
        """The beginning of the day of review in the co-op's zone."""
        day = self.review_on.data
        return from_wall_clock(datetime(day.year, day.month, day.day), current_zone()) if day else None  # noqa: DTZ001


class PlainForm(BaseForm):
    """A button that means it; there is nothing to fill in."""
