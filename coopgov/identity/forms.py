"""What people fill in to sign in and to look after their account."""

import wtforms

from coopgov.core.text import N_
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import languages
from coopgov.infra.web.forms import AtMost, BaseForm, MailAddress, StringField, each_label, lazy, needed

PUBLIC_NAMES = (
    ("full", N_("My full name")),
    ("initial", N_("First name and initial")),
    ("none", N_("No name")),
)
THEMES = (("", N_("As my system has it")), ("light", N_("Light")), ("dark", N_("Dark")))
MOST_TYPED = 1_000  # of a password that is only compared


def _address_field(label: str) -> StringField:
    return StringField(label, [needed(N_("Write an e-mail address.")), AtMost(254), MailAddress()])


class AddressForm(BaseForm):
    """Whom to mail a link; ``next`` is where a sign-in leads."""

    email = _address_field(lazy("E-mail address"))
    next = wtforms.HiddenField()


class PasswordSignInForm(BaseForm):
    """Address and password."""

    email = _address_field(lazy("E-mail address"))
    password = wtforms.PasswordField(lazy("Password"), [needed(N_("Write your password.")), AtMost(MOST_TYPED)])
    next = wtforms.HiddenField()


class NewPasswordForm(BaseForm):
    """A new password, for somebody who has proved who they are."""

    new_password = wtforms.PasswordField(
        lazy("New password"),
        [needed(N_("Write a new password."))],
        description=lazy("At least 10 characters. Three or four words that do not belong together do well."),
    )


class ChangePasswordForm(NewPasswordForm):
    """A new password, with the present one as proof."""

    current_password = wtforms.PasswordField(lazy("Present password"), [AtMost(MOST_TYPED)])


class ChangeEmailForm(BaseForm):
    """A new address, with the password as proof."""

    email = _address_field(lazy("New e-mail address"))
    current_password = wtforms.PasswordField(lazy("Present password"), [AtMost(MOST_TYPED)])


class ProfileForm(BaseForm):
    """How somebody is called, and what they like to see."""

    name = StringField(
        lazy("Your name"),
        [needed(N_("Write the name that members know you by.")), AtMost(80)],
        description=lazy("Members always see it, beside what you write and how you vote."),
    )
    public_name = wtforms.RadioField(
        lazy("How the public sees you"),
        description=lazy("Beside what you write in public from now on. What is there already stays as it was signed."),
    )
    language = wtforms.SelectField(lazy("Language"))
    theme = wtforms.RadioField(lazy("Colours"))

    def prepare(self, coops_language: str) -> None:
        """Fills the lists to choose from, in the reader's language."""
        self.public_name.choices = each_label(PUBLIC_NAMES)
        own = _("The co-op's: %(language)s", language=languages().get(coops_language, coops_language))
        self.language.choices = [("", own), *languages().items()]
        self.theme.choices = each_label(THEMES)
