"""What happens to memberships."""

from dataclasses import dataclass
from typing import ClassVar

from coopgov.core.event import Event


@dataclass(frozen=True, kw_only=True)
class MemberAdmitted(Event):
    """A party became a member."""

    name: ClassVar[str] = "membership.member_admitted"
    party_id: int
    number: int


@dataclass(frozen=True, kw_only=True)
class MembershipCeased(Event):
    """A membership ended."""

    name: ClassVar[str] = "membership.ceased"
    party_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DelegateAppointed(Event):
    """Somebody acts for an organisation from now on."""

    name: ClassVar[str] = "membership.delegate_appointed"
    organisation_id: int
    party_id: int


@dataclass(frozen=True, kw_only=True)
class DelegationEnded(Event):
    """Somebody acts for an organisation no more."""

    name: ClassVar[str] = "membership.delegation_ended"
    organisation_id: int
    party_id: int


@dataclass(frozen=True, kw_only=True)
class PersonInvited(Event):
    """An invitation went out."""

    name: ClassVar[str] = "membership.person_invited"
    invitation_id: str
    by_id: int | None


@dataclass(frozen=True, kw_only=True)
class OfficeTaken(Event):
    """A tenure began."""

    name: ClassVar[str] = "membership.office_taken"
    party_id: int
    office: str


@dataclass(frozen=True, kw_only=True)
class ApplicationMoved(Event):
    """An application came into a new state."""

    name: ClassVar[str] = "membership.application_moved"
    application_id: int
    before: str  # empty: it is new
    state: str


@dataclass(frozen=True, kw_only=True)
class ReliefChanged(Event):
    """Somebody pays less, or nothing, for a while; or that ended."""

    name: ClassVar[str] = "membership.relief_changed"
    relief_id: int
    party_id: int


@dataclass(frozen=True, kw_only=True)
class StandingHeld(Event):
    """Unusually many members would have been in arrears at once, so that nobody is before a person has looked."""

    name: ClassVar[str] = "membership.standing_held"
    hold_id: int
