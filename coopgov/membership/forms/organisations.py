"""Organisations as members, and their delegates."""

from coopgov.core.text import LONGEST_NAME, N_
from coopgov.infra.web.forms import AtMost, BaseForm, MailAddress, StringField, lazy, needed


class OrganisationForm(BaseForm):
    """The name of an organisation that becomes a member."""

    name = StringField(
        lazy("Name of the organisation"), [needed(N_("Write the organisation's name.")), AtMost(LONGEST_NAME)]
    )


class DelegateForm(BaseForm):
    """Who is to act for an organisation."""

    email = StringField(
        lazy("E-mail address of the delegate"),
        [needed(N_("Write the address with which the delegate signs in.")), MailAddress()],
    )
