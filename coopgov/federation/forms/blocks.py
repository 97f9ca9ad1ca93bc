"""Which domain an officer wants nothing from."""

from coopgov.core.text import N_
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, lazy, needed


class BlockForm(BaseForm):
    """A domain, and why."""

    domain = StringField(
        lazy("Domain"),
        [needed(N_("Write a domain, such as server.example.")), AtMost(500)],
        description=lazy("Everything below it is blocked, too. Its address or a handle from there will do."),
    )
    reason = StringField(lazy("Reason"), [AtMost(300)], description=lazy("Only officers see it."))
