"""What happens to logins."""

from dataclasses import dataclass
from typing import ClassVar

from coopgov.core.event import Event


@dataclass(frozen=True, kw_only=True)
class SignedIn(Event):
    """A session began."""

    name: ClassVar[str] = "identity.signed_in"
    party_id: int
    method: str


@dataclass(frozen=True, kw_only=True)
class EmailChanged(Event):
    """A login has another address now."""

    name: ClassVar[str] = "identity.email_changed"
    party_id: int


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """A password was set, changed or taken away; all other sessions ended."""

    name: ClassVar[str] = "identity.password_changed"
    party_id: int


@dataclass(frozen=True, kw_only=True)
class ProfileChanged(Event):
    """Name, how it shows in public, language or theme."""

    name: ClassVar[str] = "identity.profile_changed"
    party_id: int
