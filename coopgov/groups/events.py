"""What happens to groups."""

from dataclasses import dataclass
from typing import ClassVar

from coopgov.core.event import Event


@dataclass(frozen=True, kw_only=True)
class GroupFounded(Event):
    """A working group exists."""

    name: ClassVar[str] = "groups.founded"
    group_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class GroupEdited(Event):
    """Name, purpose or the way to join changed."""

    name: ClassVar[str] = "groups.edited"
    group_id: int
    by_id: int


@dataclass(frozen=True, kw_only=True)
class SeatAsked(Event):
    """A member wishes to join a group that is joined by a convenor's word."""

    name: ClassVar[str] = "groups.seat_asked"
    group_id: int
    party_id: int


@dataclass(frozen=True, kw_only=True)
class SeatTaken(Event):
    """A party joined a group, or became its convenor: ``role``."""

    name: ClassVar[str] = "groups.seat_taken"
    group_id: int
    party_id: int
    role: str


@dataclass(frozen=True, kw_only=True)
class SeatLeft(Event):
    """A party left a group."""

    name: ClassVar[str] = "groups.seat_left"
    group_id: int
    party_id: int
