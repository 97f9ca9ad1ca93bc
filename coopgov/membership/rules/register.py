"""Pure rules of membership: which offices there are, why a membership ends, how long an invitation holds."""

from datetime import datetime, timedelta

from coopgov.core.errors import Kind, Refusals
from coopgov.core.text import N_

OFFICES: dict[str, str] = {
    "admin": N_("Administrator"),
    "membership_secretary": N_("Membership secretary"),
    "treasurer": N_("Treasurer"),
}
END_REASONS = frozenset(
    ("resigned", "lapsed", "expelled", "died", "dissolved", "ineligible", "merged_duplicate", "error")
)
INVITATION_LASTS = timedelta(days=30)
INVITATION = "invitation"  # purpose of the token in the invitation's link

REFUSALS: Refusals = {
    "member.already": (Kind.CONFLICT, N_("This person is a member already.")),
    "member.not": (Kind.CONFLICT, N_("This person is not a member now.")),
    "office.unknown": (Kind.INVALID, N_("There is no such office.")),
    "office.last": (Kind.CONFLICT, N_("Somebody has to be administrator: appoint another one first.")),
    "office.held": (Kind.CONFLICT, N_("This person holds the office already.")),
    "delegate.not_an_organisation": (Kind.INVALID, N_("Delegates act for organisations that are members.")),
    "delegate.unknown": (
        Kind.INVALID,
        N_("Nobody signs in here with this address. A delegate needs an account."),
    ),
    "delegate.already": (Kind.CONFLICT, N_("This person acts for the organisation already.")),
    "invitation.accepted": (Kind.CONFLICT, N_("This invitation was accepted already.")),
    "invitation.withdrawn": (Kind.CONFLICT, N_("This invitation was withdrawn.")),
    "invitation.expired": (Kind.CONFLICT, N_("This invitation is too old.")),
}


def invitation_state(
    accepted_at: datetime | None, withdrawn_at: datetime | None, expires_at: datetime, now: datetime
) -> str:
    """``open``, ``accepted``, ``withdrawn`` or ``expired``; its last instant does not count."""
    if accepted_at is not None:
        return "accepted"
    if withdrawn_at is not None:
        return "withdrawn"
    return "open" if now < expires_at else "expired"
