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
