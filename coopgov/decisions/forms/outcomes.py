"""Withdrawing a proposal, and what follows from a decision."""

from datetime import datetime
from typing import Any

from wtforms import BooleanField, DateField
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

    departs = BooleanField(
        lazy("This departs from the result"),
        description=lazy("Tick it when the text says not to do what passed, or to do what did not pass."),
    )
    departs_reason = TextAreaField(
        lazy("Why it departs from the result"),
        [AtMost(LONGEST_REASON)],
        description=lazy("Who may decide so, and why. It stands beside the result as a warning."),
    )

    def departure(self) -> dict[str, Any]:
        """Whether it departs from the result, and why, as ``record_outcome`` takes it."""
        return {"departs": bool(self.departs.data), "departs_reason": self.departs_reason.data or ""}

    def review_at(self) -> datetime | None:
        """The beginning of the day of review in the co-op's zone."""
        day = self.review_on.data
        return from_wall_clock(datetime(day.year, day.month, day.day), current_zone()) if day else None  # noqa: DTZ001


class PlainForm(BaseForm):
    """A button that means it; there is nothing to fill in."""
