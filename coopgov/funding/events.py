"""What happens to money."""

from dataclasses import dataclass
from typing import ClassVar

from coopgov.core.event import Event


@dataclass(frozen=True, kw_only=True)
class PledgeChanged(Event):
    """A promise to pay began, changed its state, or ended."""

    name: ClassVar[str] = "funding.pledge_changed"
    pledge_id: int
    party_id: int | None
    before: str  # empty: it is new
    status: str


@dataclass(frozen=True, kw_only=True)
class ContributionReceived(Event):
    """A payment is under way (pending) or has arrived (succeeded)."""

    name: ClassVar[str] = "funding.contribution_received"
    contribution_id: int
    party_id: int | None
    pledge_id: int | None
    status: str


@dataclass(frozen=True, kw_only=True)
class ContributionFailed(Event):
    """A payment did not arrive, or was taken back in full."""

    name: ClassVar[str] = "funding.contribution_failed"
    contribution_id: int
    party_id: int | None
    pledge_id: int | None
    status: str


@dataclass(frozen=True, kw_only=True)
class ContributionMatched(Event):
    """Somebody, or a code, said which member a payment is for."""

    name: ClassVar[str] = "funding.contribution_matched"
    contribution_id: int
    party_id: int


@dataclass(frozen=True, kw_only=True)
class FindingOpened(Event):
    """Something waits for the treasurer."""

    name: ClassVar[str] = "funding.finding_opened"
    finding_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class SourceRead(Event):
    """A provider was read to the end."""

    name: ClassVar[str] = "funding.source_read"
    source: str
    changed: int
