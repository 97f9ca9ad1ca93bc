"""Pure rules of what a payment is worth: which state follows from the provider's, when it stops to count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

LIVE_PLEDGES = frozenset(("pending", "active", "paused", "past_due", "ending"))
PLEDGE_STATES = frozenset((*LIVE_PLEDGES, "draft", "ended", "failed"))
PAYMENT_STATES = frozenset(("pending", "succeeded", "failed"))
PURPOSES = frozenset(("dues", "donation", "other"))


@dataclass(frozen=True)
class MoneyBack:
    """A refund (``status`` pending, succeeded, failed), a dispute (open, won, lost), or a correction, which is a
    refund that nobody got."""

    kind: str
    amount_minor: int
    status: str
    at: datetime
    closed_at: datetime | None


def gone_back(backs: Sequence[MoneyBack]) -> int:
    """How many minor units went back for good or are on their way back."""
    return sum(b.amount_minor for b in backs if is_away(b) and (b.kind, b.status) != ("dispute", "open"))


def is_away(back: MoneyBack) -> bool:
    """True while the money is not with us: a refund that did not fail, a dispute that was not won."""
    return back.status != ("won" if back.kind == "dispute" else "failed")


def state_after(status: str, gross_minor: int, backs: Sequence[MoneyBack]) -> str:
    """Status of a contribution whose provider says ``status``: refunded, disputed and lost come before succeeded."""
    if status != "succeeded":
        return status
    away = [back for back in backs if is_away(back)]
    if any(b.kind == "dispute" and b.status == "lost" for b in away):
        return "lost"
    if any(b.kind == "dispute" for b in away):
        return "disputed"
    if not gross_minor or gone_back(away) < gross_minor:
        return "succeeded"
    return "failed" if is_corrected(away) else "refunded"


def is_corrected(backs: Sequence[MoneyBack]) -> bool:
    """True for a payment that never was: it had been written down wrongly or twice, and nobody got anything back."""
    return bool(backs) and all(back.kind == "correction" for back in backs)


def stops_counting_at(
    status: str, failed_at: datetime | None, gross_minor: int, backs: Sequence[MoneyBack]
) -> datetime | None:
    """From when on the payment covers nothing: it failed, was given back in full, or a dispute was lost; else None.

    A part refund and an open dispute leave it counting.
    """
    if status == "failed":
        return failed_at
    lost = [b.closed_at or b.at for b in backs if b.kind == "dispute" and b.status == "lost"]
    if lost:
        return min(lost)
    refunds = sorted((b for b in backs if b.kind != "dispute" and is_away(b)), key=lambda b: b.at)
    left = gross_minor
    for back in refunds:
        left -= back.amount_minor
        if left <= 0:
            return back.at
    return None
