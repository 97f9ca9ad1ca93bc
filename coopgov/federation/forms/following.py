"""Where somebody is at home who wants to follow."""

from flask import request

from coopgov.core.text import N_
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, lazy, needed


class FollowForm(BaseForm):
    """The reader's own server. It changes nothing here, so it is sent by GET."""

    server = StringField(
        lazy("Your own server or handle"),
        [needed(N_("Write your own server, such as mastodon.social.")), AtMost(300)],
        description=lazy("Such as mastodon.social or @you@mastodon.social."),
    )

    def __init__(self) -> None:
        super().__init__(told=False)
        if self.was_sent:
            self.process(request.args)

    @property
    def was_sent(self) -> bool:
        """Whether anything was asked, be it with an empty field."""
        return "server" in request.args
