"""The ballot."""

from wtforms import RadioField
from wtforms.validators import ValidationError

from coopgov.decisions.models import Ballot
from coopgov.decisions.rules.casting import LONGEST_REASON
from coopgov.decisions.sentences import CHOICES
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, TextAreaField, each_label, lazy


class BallotForm(BaseForm):
    """A vote and the reason beside it; ``options`` are those on the ballot, ``last`` the one that counts so far."""

    choice = RadioField(lazy("Your vote"), validate_choice=False)
    reason = TextAreaField(lazy("Your reason"), [AtMost(LONGEST_REASON)])

    def __init__(self, options: tuple[str, ...], last: Ballot | None = None) -> None:
        super().__init__({"choice": last.choice, "reason": last.reason} if last else None)
        self.options = options
        self.choice.choices = each_label([(option, CHOICES[option]) for option in options])

    def validate_choice(self, field: RadioField) -> None:
        """Raises ValidationError when nothing on the ballot was chosen."""
        if field.data not in self.options:
            raise ValidationError(_("Choose how you vote."))
