"""Reads of the ledger as it was written down, for whoever keeps the books."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import func, select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, LedgerEntry, Payer, Posting
from coopgov.funding.rules.journal import Booked
from coopgov.funding.rules.ledger import Line
from coopgov.identity.models import Party
from coopgov.infra.db import db


def booked(contribution_id: int | None = None) -> list[Booked]:
    """Every entry with its lines and whom it is about, in the order of writing, in one statement.

    ``contribution_id``: those of one payment alone.
    """
    told = (LedgerEntry.id, LedgerEntry.ref, LedgerEntry.kind, LedgerEntry.source, LedgerEntry.day, LedgerEntry.at)
    about = (LedgerEntry.contribution_id, func.coalesce(Party.name, Payer.name, ""), LedgerEntry.reverses)
    query = (
        select(*told, *about, LedgerEntry.note, Posting.account, Posting.amount_minor, Posting.currency)
        .join(Posting, Posting.entry_id == LedgerEntry.id)
        .outerjoin(Contribution, Contribution.id == LedgerEntry.contribution_id)
        .outerjoin(Payer, Payer.id == Contribution.payer_id)
        .outerjoin(Party, Party.id == Contribution.party_id)
        .order_by(LedgerEntry.id, Posting.id)
    )
    if contribution_id is not None:
        query = query.where(LedgerEntry.contribution_id == contribution_id)
    rows = db.session.execute(query)
    return [_entry(list(lines)) for _number, lines in groupby(rows, key=lambda row: int(row[0]))]


def _entry(rows: Sequence[tuple[object, ...]]) -> Booked:
    number, ref, kind, source, day, at, payment, who, reverses, note, *_ = rows[0]
    lines = [Line(account, Money(minor, currency)) for *_, account, minor, currency in rows]  # type: ignore[arg-type]
    return Booked(number, ref, kind, source, day, at, lines, payment, who, reverses, note)  # type: ignore[arg-type]


def currencies() -> list[str]:
    """Every currency that was booked."""
    return sorted(db.session.scalars(select(Posting.currency).distinct()))
