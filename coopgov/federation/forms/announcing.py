"""What an officer announces by hand."""

from coopgov.core.text import N_
from coopgov.federation.rules.announcing import LONGEST_POST, LONGEST_TITLE
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, lazy, needed


class AnnouncementForm(BaseForm):
    """Title and words of a post."""

    title = StringField(
        lazy("Title"), [AtMost(LONGEST_TITLE)], description=lazy("Shown in bold. Short posts do well without one.")
    )
    words = TextAreaField(
        lazy("What you want to announce"),
        [needed(N_("Write what is to be announced.")), AtMost(LONGEST_POST)],
        description=lazy("Plain text. Each line is a paragraph, and addresses become links."),
    )


class PlainForm(BaseForm):
    """Only a button."""
