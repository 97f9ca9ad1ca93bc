"""The ballot."""

from collections.abc import Mapping

from wtforms import RadioField
from wtforms.validators import ValidationError

from coopgov.decisions.models import Ballot
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, TextAreaField, lazy


class BallotForm(BaseForm):
    """A vote and the reason beside it; ``words`` of the options on the ballot, ``last`` the one that counts so far."""

    choice = RadioField(lazy("Your vote"), validate_choice=False)
    reason = TextAreaField(lazy("Your reason"), [AtMost(LONGEST_REASON)])

    def __init__(self, words: Mapping[str, str], last: Ballot | None = None) -> None:
        super().__init__({"choice": last.choice, "reason": last.reason} if last else None)
        self.options = tuple(words)
        self.choice.choices = list(words.items())

    def validate_choice(self, field: RadioField) -> None:
        """Raises ValidationError when nothing on the ballot was chosen."""
        if field.data not in self.options:
            raise ValidationError(_("Choose how you vote."))
