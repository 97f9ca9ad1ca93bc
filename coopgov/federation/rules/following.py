"""How somebody follows us from where they are: their server, and the page there that asks them."""

from urllib.parse import quote

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.federation.rules.hosts import authority_of

REFUSALS: Refusals = {
    "follow.no_server": (
        Kind.INVALID,
        N_("This is no server. Write it like mastodon.social, or your own handle like @you@mastodon.social."),
    ),
}


def server_of(text: str) -> str:
    """The server in what somebody typed: its name, its address, or a handle; with its port where that is unusual.

    Raises Refused("follow.no_server").

    >>> server_of(" @me@Mastodon.Social "), server_of("https://mastodon.social/@me")
    ('mastodon.social', 'mastodon.social')
    """
    typed = text.strip().removeprefix("acct:")
    bare = typed.partition("://")[2] or typed
    try:
        server = authority_of("https://" + bare.partition("/")[0].rpartition("@")[2])
    except ValueError as error:
        raise Refused("follow.no_server", field="server") from error
    if not any(mark in server for mark in ".:"):  # a single word is a name without its server
        raise Refused("follow.no_server", field="server")
    return server


def page_to_follow(server: str, actor: str) -> str:
    """Where somebody's own server asks whether they want to follow ``actor``: Mastodon's address, which others took."""
    return f"https://{server}/authorize_interaction?uri={quote(actor, safe='')}"
