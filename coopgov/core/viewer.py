"""Who is asking, as far as permissions care."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """One person at one moment: signed in or not, member or not, with the offices and seats held right now."""

    party_id: int = 0  # 0: nobody is signed in
    login_id: int = 0
    session_id: str = ""
    name: str = ""
    public_name: str = "full"  # how the name shows to the public: full | initial | none
    language: str = ""
    theme: str = ""
    member_number: int | None = None
    offices: frozenset[str] = frozenset()
    seats: Mapping[int, str] = field(default_factory=dict)  # group id → member | convenor

    @property
    def is_signed_in(self) -> bool:
        """True with a live session, whatever the person may do with it."""
        return self.party_id != 0

    @property
    def is_member(self) -> bool:
        """True while the person's membership is current."""
        return self.member_number is not None

    def sits_in(self, group_id: int) -> bool:
        """True when the person holds a seat in the group."""
        return group_id in self.seats

    def convenes(self, group_id: int) -> bool:
        """True when the person is a convenor of the group."""
        return self.seats.get(group_id) == "convenor"

    def holds(self, office: str) -> bool:
        """True while the person's tenure of ``office`` runs."""
        return office in self.offices


NOBODY = Viewer()
