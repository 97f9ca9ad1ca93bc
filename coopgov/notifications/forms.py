"""The choice of mails: one list of ticks for each area of kinds."""

from collections.abc import Mapping

from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import BaseForm, lazy
from coopgov.notifications.kinds import KINDS

AREAS = ("talk", "votes", "groups")


def _ticks(label: str) -> SelectMultipleField:
    return SelectMultipleField(label, widget=ListWidget(), option_widget=CheckboxInput())


class MailForm(BaseForm):
    """What to send by mail; its fields are the areas of ``kinds``."""

    talk = _ticks(lazy("Discussions"))
    votes = _ticks(lazy("Voting"))
    groups = _ticks(lazy("Groups"))

    def __init__(self, chosen: Mapping[str, bool]) -> None:
        super().__init__(data={area: [key for key in _kinds_of(area) if chosen[key]] for area in AREAS})
        for area, field in self._lists().items():
            field.choices = [(key, _(KINDS[key].title)) for key in _kinds_of(area)]

    def _lists(self) -> dict[str, SelectMultipleField]:
        return {"talk": self.talk, "votes": self.votes, "groups": self.groups}

    @property
    def wanted(self) -> set[str]:
        """Keys of the kinds that were ticked."""
        return {key for field in self._lists().values() for key in field.data or ()}


def _kinds_of(area: str) -> list[str]:
    return [kind.key for kind in KINDS.values() if kind.area == area]
