"""What follows from payments and what went back on them: their state, and the entries that stand for them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from coopgov.core.event import Event
from coopgov.core.money import Money
from coopgov.funding.events import ContributionFailed, ContributionReceived
from coopgov.funding.models import Contribution, LedgerEntry, Reversal
from coopgov.funding.providers.base import RemoteMovement
from coopgov.funding.rules.ledger import Back, Draft, check_draft, payment_drafts, two_sided
from coopgov.funding.rules.payments import MoneyBack, is_corrected, state_after, stops_counting_at
from coopgov.funding.services.findings import close_about, open_finding, open_findings, open_old_findings, was_answered
from coopgov.funding.services.ledger import Lines, Origin, lines_of, reverse, sorted_lines, write_entries
from coopgov.funding.services.look import Look, by_slices
from coopgov.infra import outbox
from coopgov.infra.db import writing_session

AGAIN = re.compile(r":again-\d+$")  # names a booking that was reversed and holds after all
NEWS = timedelta(days=100)  # nobody is told of payments that are older when we first see them


@dataclass
class _News:
    """What is to be told when all rows are settled, at once: a first reading of a provider finds thousands."""

    events: list[Event] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)  # subjects
    unmatched_of_old: list[str] = field(default_factory=list)


def settle(look: Look) -> None:
    """Brings state, receipt and ledger of every payment that the look touched to what its facts ask for."""
    backs, booked = _reversals_of(look.touched), _entries_of(look.touched)
    lines = lines_of([entry.ref for entries in booked.values() for entry in entries])
    bookings: list[tuple[Draft, Origin]] = []
    news = _News()
    for row in look.touched.values():
        _settle_state(look, row, backs[row.id], news)
        bookings += _missing_bookings(look, row, backs[row.id], booked[row.id], lines)
    open_old_findings("unmatched", news.unmatched_of_old, look.now)
    open_findings("unmatched", news.unmatched, look.now)
    outbox.emit_all(news.events, look.now)
    write_entries(bookings, look.now)


def _reversals_of(ids: Iterable[int]) -> dict[int, list[Reversal]]:
    backs: dict[int, list[Reversal]] = defaultdict(list)
    for part in by_slices(ids):
        query = select(Reversal).where(Reversal.contribution_id.in_(part)).order_by(Reversal.remote_id)
        for back in writing_session().scalars(query):
            backs[back.contribution_id or 0].append(back)
    return backs


def _entries_of(ids: Iterable[int]) -> dict[int, list[LedgerEntry]]:
    booked: dict[int, list[LedgerEntry]] = defaultdict(list)
    for part in by_slices(ids):
        query = select(LedgerEntry).where(LedgerEntry.contribution_id.in_(part)).order_by(LedgerEntry.id)
        for entry in writing_session().scalars(query):
            booked[entry.contribution_id or 0].append(entry)
    return booked


# State


def _settle_state(look: Look, row: Contribution, backs: Sequence[Reversal], news: _News) -> None:
    facts = [MoneyBack(b.kind, b.amount_minor, b.status, b.at, b.closed_at) for b in backs if b.withdrawn]
    before = row.status
    row.status = state_after(row.remote_status, row.gross_minor, facts)
    row.void_at = stops_counting_at(row.remote_status, row.failed_at, row.gross_minor, facts)
    refunds = [b.amount_minor for b in backs if b.kind == "refund" and b.status != "failed"]
    row.refunded_minor = min(sum(refunds), row.gross_minor)
    if row.status == "succeeded" and row.receipt_number is None and row.gross_minor:
        row.receipt_number = look.next_receipt()
    if row.status != before:
        is_news = bool(before) or look.now - row.paid_at <= NEWS
        _ask_the_treasurer(look, row, before, news.unmatched if is_news else news.unmatched_of_old)
        if is_news and not is_corrected(facts):
            news.events.append(_event(row))


def _event(row: Contribution) -> Event:
    kind = ContributionReceived if row.status in ("pending", "succeeded") else ContributionFailed
    return kind(contribution_id=row.id, party_id=row.party_id, pledge_id=row.pledge_id, status=row.status)


def _ask_the_treasurer(look: Look, row: Contribution, before: str, unmatched: list[str]) -> None:
    """Opens the questions that the payment's state raises (``unmatched`` collects those), and closes those that it no
    longer does."""
    subject = f"contribution:{row.id}"
    if row.status in ("disputed", "lost"):
        open_finding("dispute", subject, {}, look.now)
    elif before:
        close_about("dispute", subject, row.status, look.now)
    if row.status != "succeeded" or not row.gross_minor:
        if before:
            close_about("unmatched", subject, row.status, look.now)
    elif row.party_id is None and row.purpose != "donation" and not (before and was_answered("unmatched", subject)):
        unmatched.append(subject)


# Entries


def _missing_bookings(
    look: Look, row: Contribution, backs: Sequence[Reversal], booked: Sequence[LedgerEntry], lines: Lines
) -> list[tuple[Draft, Origin]]:
    """Drafts that are not booked yet. Entries that no longer hold are reversed on the way."""
    undone = {entry.reverses for entry in booked if entry.reverses}
    standing = {AGAIN.sub("", e.ref): e for e in booked if e.reverses is None and e.id not in undone}
    taken = {entry.ref for entry in booked}
    missing = []
    for draft in _drafts(look, row, backs):
        entry = standing.pop(draft.ref, None)
        if entry is not None and lines[entry.ref] == sorted_lines(draft.lines):
            continue
        if entry is not None:
            _undo(look, entry)
        missing.append((_under_a_free_name(draft, taken), Origin(row.source, row.id, look.by_id)))
    for entry in standing.values():
        _undo(look, entry)
    return missing


def _undo(look: Look, entry: LedgerEntry) -> None:
    reverse(entry, look.day(look.now), look.now, look.by_id)
    if look.by_id is None:
        open_finding("amount_differs", f"contribution:{entry.contribution_id}", {"entry": entry.ref}, look.now)


def _under_a_free_name(draft: Draft, taken: set[str]) -> Draft:
    ref, times = draft.ref, 1
    while ref in taken:
        times += 1
        ref = f"{draft.ref}:again-{times}"
    return Draft(ref, draft.kind, draft.day, draft.lines, draft.note)


def _drafts(look: Look, row: Contribution, backs: Sequence[Reversal]) -> list[Draft]:
    if row.remote_status != "succeeded":
        return []
    facts = [_back(look, b) for b in backs if b.withdrawn]
    fees = _sums(row.fees, row.currency) if row.fees is not None else None
    ref, day = f"{row.source}:{row.remote_id}", look.day(row.paid_at)
    return payment_drafts(ref, row.purpose, row.settles_in, day, row.gross, fees, facts)


def _back(look: Look, row: Reversal) -> Back:
    home = row.status in ("failed", "won")
    return Back(
        ref=f"{row.source}:{row.remote_id}",
        kind=row.kind,
        day=look.day(row.at),
        amount=Money(row.amount_minor, row.currency),
        fees=_sums(row.fees, row.currency),
        returned_on=look.day(row.closed_at or row.at) if home else None,
        fee_back=row.fee_back,
    )


def _sums(minor: Mapping[str, int], currency: str) -> dict[str, Money]:
    return {account: Money(amount, currency) for account, amount in minor.items()}


# What is no payment


def book_movements(look: Look, remotes: Sequence[RemoteMovement]) -> None:
    """Books expenses, payouts and the like; one that was booked otherwise before waits for the treasurer."""
    drafts = {draft.ref: draft for remote in remotes if (draft := _movement(look, remote))}
    there = lines_of(list(drafts))
    for ref in there:
        if there[ref] != sorted_lines(drafts[ref].lines) and not was_answered("amount_differs", ref):
            open_finding("amount_differs", ref, {"entry": ref}, look.now)
    fresh = [(draft, Origin(look.source)) for ref, draft in drafts.items() if ref not in there]
    write_entries(fresh, look.now)
    look.changed += len(fresh)


def _movement(look: Look, remote: RemoteMovement) -> Draft | None:
    if not remote.amount:
        return None
    ref, day = f"{look.source}:{remote.remote_id}", look.day(remote.at)
    draft = two_sided(ref, remote.kind, day, remote.asset, remote.account, remote.amount, remote.note[:200])
    try:
        check_draft(draft)
    except ValueError:
        look.put_aside(remote.remote_id, "movement")
        return None
    return draft
