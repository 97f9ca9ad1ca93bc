"""What somebody fills in to join."""

from coopgov.core.text import N_
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, lazy, needed


class JoinForm(BaseForm):
    """The name of a new member."""

    name = StringField(
        lazy("What shall we call you?"),
        [needed(N_("Write the name that members shall know you by.")), AtMost(80)],
        description=lazy("Members see it. How the public sees you, you choose afterwards in your profile."),
    )
