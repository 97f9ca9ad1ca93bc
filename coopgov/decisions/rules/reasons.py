"""What others say to the reason beside a vote: a word with one tap, or a reply. Pure."""

from typing import Protocol

from coopgov.core.errors import Kind, Refusals
from coopgov.core.text import N_

REACTIONS = {
    "same": N_("Same here"),
    "point": N_("Good point"),
    "thanks": N_("Thanks"),
}
REFUSALS: Refusals = {
    "reason.reaction": (Kind.INVALID, N_("Choose one of the options.")),
    "reason.too_early": (
        Kind.CONFLICT,
        N_("The discussion is read by people who have not voted yet. Reply when voting has closed."),
    ),
}


class Shown(Protocol):
    """What the rules need to know of a proposal."""

    @property
    def state(self) -> str: ...

    @property
    def secrecy(self) -> str: ...


def can_reply(poll: Shown) -> bool:
    """Whether a reply in the discussion tells nobody what the rule does not show them yet."""
    return poll.secrecy == "open" or poll.state == "closed"
