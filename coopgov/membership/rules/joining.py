"""Pure rules of finishing to join."""

from datetime import datetime

from coopgov.membership.rules.applications import REVIVABLE
from coopgov.membership.rules.dues import FIRST_SIGN_IN


def joining_state(state: str, was_approved: bool, state_at: datetime, now: datetime) -> str:
    """``open`` while somebody can finish joining, ``done`` once they have, ``over`` otherwise.

    An approval that expired stays open for REVIVABLE.
    """
    if not was_approved:
        return "over"
    if state == "approved" or (state == "expired" and now < state_at + REVIVABLE):
        return "open"
    return "done" if state == "admitted" else "over"


def opens_first_session(applied_at: datetime, login_made_at: datetime, admitted_at: datetime, now: datetime) -> bool:
    """Whether the link of joining signs somebody in: soon after admission, and never into a login from before."""
    return login_made_at >= applied_at and admitted_at <= now < admitted_at + FIRST_SIGN_IN
