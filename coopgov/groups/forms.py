"""Forms of groups."""

from collections.abc import Mapping
from typing import Any

from wtforms import IntegerField, RadioField
from wtforms.validators import NumberRange, Optional

from coopgov.core.text import N_
from coopgov.groups import rules
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, each_label, lazy, needed

_SEATS = lazy("Write a whole number from 1 to 100,000, or nothing.")


class GroupForm(BaseForm):
    """What a group says of itself, and how one joins it."""

    name = StringField(lazy("Name of the group"), [needed(N_("Give the group a name.")), AtMost(rules.NAME_AT_MOST)])
    summary = StringField(
        lazy("Purpose in one line"),
        [needed(N_("Say in one line what the group is for.")), AtMost(rules.SUMMARY_AT_MOST)],
        description=lazy("Stands in the list of groups, for everybody to read."),
    )
    purpose = TextAreaField(
        lazy("Purpose in full"),
        [AtMost(rules.PURPOSE_AT_MOST)],
        description=lazy("What the group does, what it may decide, when it meets. Markdown works here."),
    )
    joining = RadioField(lazy("How members join"), [needed(N_("Choose how members join."))], choices=())
    seats = IntegerField(
        lazy("Number of seats"),
        [Optional(), NumberRange(1, rules.SEATS_AT_MOST, _SEATS)],
        description=lazy("Leave it empty when as many may join as wish to."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.joining.choices = each_label(rules.JOINING.items(), _)

    def words(self) -> dict[str, Any]:
        """The fields as ``found_group`` and ``edit_group`` name them."""
        return {
            "name": self.name.data,
            "summary": self.summary.data,
            "purpose": self.purpose.data,
            "joining": self.joining.data,
            "seats": self.seats.data,
        }
