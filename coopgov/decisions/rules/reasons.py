"""What others say to the reason beside a vote: a word with one tap, or a reply. Pure."""

from coopgov.core.errors import Kind, Refusals
from coopgov.core.text import N_

REACTIONS = {
    "same": N_("Same here"),
    "point": N_("Good point"),
    "thanks": N_("Thanks"),
}
REFUSALS: Refusals = {"reason.reaction": (Kind.INVALID, N_("Choose one of the options."))}
