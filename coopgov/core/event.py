"""What happened, as a frozen fact that upper features may react to."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

Plain = str | int | bool | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event: fields are plain values; ``name`` and ``version`` identify the shape of the payload."""

    name: ClassVar[str]
    version: ClassVar[int] = 1

    def payload(self) -> dict[str, Plain]:
        """The fields, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """The event that ``payload()`` came from; raises TypeError when the fields do not fit."""
        return cls(**payload)
