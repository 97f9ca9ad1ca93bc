"""What comes in without a provider: bank transfers and cash, as the treasurer writes them down."""

from dataclasses import dataclass
from datetime import date, datetime

from coopgov.core.money import Money
from coopgov.funding.providers.base import RemotePayer, RemotePayment, Snapshot
from coopgov.funding.rules.ledger import ASSETS

METHODS = {"bank": "transfer", "cash": "cash"}  # source → method
MARK = "hand-"  # before the form's key in the id of a payment that was booked by hand


@dataclass(frozen=True, kw_only=True)
class HandNote:
    """One payment as it was written down. ``key`` names the form that it came by; covered days include both ends."""

    key: str
    source: str  # bank | cash
    amount: Money
    paid_at: datetime
    purpose: str
    payer: RemotePayer | None
    covers: tuple[date, date] | None = None
    reference: str = ""


def snapshot_of(note: HandNote) -> Snapshot:
    """The payment as every provider's are told: it arrived, and nothing was kept of it."""
    first, last = note.covers or (None, None)
    payment = RemotePayment(
        remote_id=MARK + note.key,
        payer=note.payer,
        gross=note.amount,
        status="succeeded",
        paid_at=note.paid_at,
        settles_in=ASSETS[note.source],
        fees={},
        purpose=note.purpose,
        method=METHODS[note.source],
        settled_at=note.paid_at,
        covers_from=first,
        covers_to=last,
        note=note.reference,
    )
    return Snapshot(source=note.source, payments=(payment,))
