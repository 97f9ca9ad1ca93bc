"""What the first officer fills in."""

from collections.abc import Sequence
from zoneinfo import available_timezones

from wtforms import EmailField, SelectField

from coopgov.core.text import N_
from coopgov.infra.i18n import languages
from coopgov.infra.web.forms import (
    AtMost,
    BaseForm,
    MailAddress,
    StringField,
    TextAreaField,
    each_label,
    lazy,
    needed,
)
from coopgov.membership.rules.register import OFFICES


class CoopForm(BaseForm):
    """The co-op's profile."""

    name = StringField(lazy("Name"), [needed(N_("Write the co-op's name.")), AtMost(80)])
    summary = StringField(
        lazy("In one sentence"), [AtMost(300)], description=lazy("Stands under the name, in feeds and link previews.")
    )
    about = TextAreaField(
        lazy("About the co-op"),
        [AtMost(20_000)],
        description=lazy("Markdown works here. Shown on the page “About this co-op”."),
    )
    zone = SelectField(lazy("Time zone"), description=lazy("Votes open and close by its clocks."))
    language = SelectField(lazy("Language"), description=lazy("For visitors, and for members who have not chosen."))

    def prepare(self) -> None:
        """Fills the lists to choose from."""
        self.zone.choices = [(zone, zone) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]
        self.language.choices = list(languages().items())


class OfficeForm(BaseForm):
    """Who takes which office."""

    member = SelectField(lazy("Member"), coerce=int)
    office = SelectField(lazy("Office"))

    def prepare(self, members: Sequence[tuple[int, str]]) -> None:
        """Fills the lists to choose from."""
        self.member.choices = list(members)
        self.office.choices = each_label(OFFICES.items())


class InvitationForm(BaseForm):
    """Whom to invite."""

    email = EmailField(
        lazy("E-mail address"),
        [needed(N_("Write an e-mail address.")), MailAddress(), AtMost(254)],
        filters=[lambda text: (text or "").strip()],
    )
