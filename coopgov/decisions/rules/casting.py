"""Whether a ballot can be taken: what is on it, whether it is in time, how long a reason may be."""

from datetime import datetime, timedelta

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_
from coopgov.decisions.rules.stages import Timed

REFUSALS: Refusals = {
    "ballot.not_open": (Kind.CONFLICT, N_("Voting has not opened yet.")),
    "ballot.closed": (Kind.CONFLICT, N_("Voting has closed, so this vote does not count.")),
    "ballot.withdrawn": (Kind.CONFLICT, N_("The proposal was withdrawn, so this vote does not count.")),
    "ballot.not_on_roll": (Kind.FORBIDDEN, N_("You are not on the roll of this vote.")),
    "ballot.choice": (Kind.INVALID, N_("Choose how you vote.")),
    "ballot.reason_needed": (Kind.INVALID, N_("A block needs a reason, so that others can answer it.")),
    "ballot.reason_too_long": (Kind.INVALID, N_("The reason is too long: at most %(most)s characters.")),
}


LONGEST_REASON = 500  # characters
NONCE_BYTES = 16  # of a ballot by name


DRAIN = timedelta(seconds=25)  # longer than a request that came in time can wait for the write lock, twice


def check_ballot_time(motion: Timed, received_at: datetime) -> None:
    """Raises Refused unless a ballot that came in at ``received_at`` is in time; the closing instant is not.

    While votes are being counted the ones that came in before closing are still let through: see DRAIN.
    """
    if motion.state in ("withdrawn", "void"):
        raise Refused("ballot.withdrawn")
    if motion.state == "closed" or received_at >= motion.closes_at:
        raise Refused("ballot.closed")
    if motion.state not in ("open", "counting"):
        raise Refused("ballot.not_open")


def check_reason(reason: str) -> None:
    """Raises Refused for a reason that is too long to stand beside a vote."""
    if len(reason) > LONGEST_REASON:
        raise Refused("ballot.reason_too_long", field="reason", most=LONGEST_REASON)
