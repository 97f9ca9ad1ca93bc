"""Booking: the only way into the ledger, in the caller's write transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from coopgov.funding.models import LedgerEntry, Posting
from coopgov.funding.rules.ledger import Draft, Line, check_draft
from coopgov.infra.db import writing_session

UNDO = ":undo"
SLICE = 500  # references in one IN (…)
Lines = Mapping[str, list[tuple[str, int, str]]]  # reference → (account, minor units, currency), sorted


class LedgerConflict(RuntimeError):
    """Something else was booked under this reference: a fault of the program, or of whoever keeps the source."""


@dataclass(frozen=True)
class Origin:
    """Where entries come from: their source, the contribution that they belong to, and who asked for them."""

    source: str
    contribution_id: int | None = None
    by_id: int | None = None  # None: the program


def book(drafts: Sequence[Draft], origin: Origin, now: datetime) -> list[LedgerEntry]:
    """New entries for ``drafts``; a reference that stands already must stand for the same lines.

    Raises ValueError for drafts that do not add up, LedgerConflict for a reference that means something else.
    """
    there = lines_of([draft.ref for draft in drafts])
    for draft in drafts:
        if draft.ref in there and there[draft.ref] != sorted_lines(draft.lines):
            raise LedgerConflict(draft.ref)
    fresh = [draft for draft in drafts if draft.ref not in there]
    write_entries([(draft, origin) for draft in fresh], now)
    refs = select(LedgerEntry).where(LedgerEntry.ref.in_([draft.ref for draft in fresh])).order_by(LedgerEntry.id)
    return list(writing_session().scalars(refs))


def write_entries(bookings: Sequence[tuple[Draft, Origin]], now: datetime) -> None:
    """One new entry for each draft, all at once; the database refuses a reference that exists.

    Raises ValueError for drafts that do not add up.
    """
    for draft, _ in bookings:
        check_draft(draft)
    session = writing_session()
    if not bookings:
        return
    session.flush()  # what the entries belong to
    session.execute(insert(LedgerEntry), [_entry(draft, origin, now) for draft, origin in bookings])
    numbers = _numbers([draft.ref for draft, _ in bookings])
    postings = [
        {
            "entry_id": numbers[draft.ref],
            "account": line.account,
            "amount_minor": line.amount.minor,
            "currency": line.amount.currency,
        }
        for draft, _ in bookings
        for line in draft.lines
    ]
    session.execute(insert(Posting), postings)


def _entry(draft: Draft, origin: Origin, now: datetime) -> dict[str, Any]:
    return {
        "ref": draft.ref,
        "kind": draft.kind,
        "source": origin.source,
        "day": draft.day,
        "contribution_id": origin.contribution_id,
        "note": draft.note,
        "by_id": origin.by_id,
        "at": now,
    }


def _numbers(refs: Sequence[str]) -> dict[str, int]:
    """The numbers that the database gave to entries. Asked for with each of them, SQLite would write one by one."""
    found: dict[str, int] = {}
    for start in range(0, len(refs), SLICE):
        query = select(LedgerEntry.ref, LedgerEntry.id).where(LedgerEntry.ref.in_(refs[start : start + SLICE]))
        found |= {ref: number for ref, number in writing_session().execute(query)}
    return found


def reverse(entry: LedgerEntry, day: date, now: datetime, by_id: int | None = None) -> LedgerEntry:
    """The opposite of ``entry``, booked on ``day``. The database refuses a second reversal of the same entry."""
    session = writing_session()
    undo = LedgerEntry(
        ref=entry.ref + UNDO,
        kind=entry.kind,
        source=entry.source,
        day=day,
        contribution_id=entry.contribution_id,
        reverses=entry.id,
        note=entry.note,
        by_id=by_id,
        at=now,
    )
    session.add(undo)
    session.flush()
    lines = lines_of([entry.ref])[entry.ref]
    session.add_all(Posting(entry_id=undo.id, account=a, amount_minor=-m, currency=c) for a, m, c in lines)
    return undo


def sorted_lines(lines: Iterable[Line]) -> list[tuple[str, int, str]]:
    """Lines as plain values in an order of their own, to compare entries by."""
    return sorted((line.account, line.amount.minor, line.amount.currency) for line in lines)


def lines_of(refs: Sequence[str]) -> Lines:
    """The booked lines under each of ``refs`` that exists, as ``sorted_lines`` gives them."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    for start in range(0, len(refs), SLICE):
        query = (
            select(LedgerEntry.ref, Posting.account, Posting.amount_minor, Posting.currency)
            .join(Posting, Posting.entry_id == LedgerEntry.id)
            .where(LedgerEntry.ref.in_(refs[start : start + SLICE]))
        )
        for ref, account, minor, currency in writing_session().execute(query):
            found.setdefault(ref, []).append((account, minor, currency))
    return {ref: sorted(lines) for ref, lines in found.items()}
