"""What a look at a provider showed, written down: the same facts, in any order and any number of times, give the same
rows and the same ledger."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from coopgov.core.ids import random_id
from coopgov.core.money import Money
from coopgov.funding.events import ContributionFailed, ContributionReceived, PledgeChanged
from coopgov.funding.models import Balance, Contribution, LedgerEntry, Payer, Pledge, Reversal
from coopgov.funding.providers.base import (
    RemoteDispute,
    RemotePayer,
    RemotePayment,
    RemotePledge,
    RemoteRefund,
    Snapshot,
)
from coopgov.funding.rules.ledger import Back, Draft, payment_drafts, two_sided
from coopgov.funding.rules.payments import LIVE_PLEDGES, PURPOSES, MoneyBack, state_after, stops_counting_at
from coopgov.funding.services.findings import open_finding
from coopgov.funding.services.ledger import Lines, Origin, book, lines_of, reverse, sorted_lines, write_entries
from coopgov.infra import audit, outbox
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session

AGAIN = ":again"  # a booking that was reversed and holds after all
NEWS = timedelta(days=100)  # nobody is told of payments that are older when we first see them
SLICE = 500  # values in one IN (…)
Key = TypeVar("Key", int, str)


@dataclass
class _Look:
    """One snapshot on its way into the database, with the rows that it concerns by the provider's ids."""

    source: str
    now: datetime
    zone: ZoneInfo
    payers: dict[str, Payer] = field(default_factory=dict)
    pledges: dict[str, Pledge] = field(default_factory=dict)  # by remote id
    touched: dict[int, Contribution] = field(default_factory=dict)
    fresh: list[Contribution] = field(default_factory=list)
    changed: int = 0
    receipts: int = -1  # the last number given; -1 before anybody looked
    by_id: int | None = None  # who mends a heading; None: the provider's facts say so

    def next_receipt(self) -> int:
        """The next of our own gapless numbers; the write lock keeps others from taking it."""
        if self.receipts < 0:
            self.receipts = writing_session().scalar(select(func.max(Contribution.receipt_number))) or 0
        self.receipts += 1
        return self.receipts

    def day(self, instant: datetime) -> date:
        """The day of ``instant`` in the co-op's zone, on which it is booked."""
        return instant.astimezone(self.zone).date()


def apply(snapshot: Snapshot, now: datetime) -> int:
    """Writes down all of ``snapshot`` in the caller's transaction; returns how many rows are new or different.

    Payments find their member by our own pledge id or claim code, or by a payer who was matched before; the rest
    waits as findings. Keep snapshots small (some hundreds of objects): the transaction holds the one write lock.
    """
    session = writing_session()
    look = _looking(snapshot.source, now)
    _take_payers(look, snapshot)
    _take_pledges(look, snapshot.pledges)
    _take_payments(look, snapshot.payments)
    _take_reversals(look, snapshot)
    _settle(look)
    _take_movements(look, snapshot)
    for problem in snapshot.problems:
        open_finding(problem.kind, problem.subject, problem.facts, now)
    session.add_all(
        Balance(source=look.source, amount_minor=held.minor, currency=held.currency, at=now)
        for held in snapshot.balances
    )
    if look.changed:
        audit.record(audit.SYSTEM, "money.read", f"source:{look.source}", now, changed=look.changed)
    session.flush()
    return look.changed


def _looking(source: str, now: datetime) -> _Look:
    coop = the_coop()
    return _Look(source, now, ZoneInfo(coop.zone if coop else "UTC"))


def _by_slices(values: Iterable[Key]) -> Iterable[list[Key]]:
    known = sorted(value for value in set(values) if value)
    return (known[start : start + SLICE] for start in range(0, len(known), SLICE))


# Payers


def _take_payers(look: _Look, snapshot: Snapshot) -> None:
    promised = [pledge.payer for pledge in snapshot.pledges if pledge.payer]
    told = [*snapshot.payers, *promised, *(payment.payer for payment in snapshot.payments if payment.payer)]
    session = writing_session()
    for part in _by_slices(payer.remote_id for payer in told):
        rows = session.scalars(select(Payer).where(Payer.source == look.source, Payer.remote_id.in_(part)))
        look.payers |= {row.remote_id: row for row in rows}
    for remote in told:
        _take_payer(look, remote)
    session.flush()


def _take_payer(look: _Look, remote: RemotePayer) -> None:
    row = look.payers.get(remote.remote_id)
    if row is None:
        row = Payer(source=look.source, remote_id=remote.remote_id, created_at=look.now)
        look.payers[remote.remote_id] = row
        writing_session().add(row)
    row.kind = remote.kind
    row.name, row.email = remote.name[:200] or row.name or "", remote.email[:254] or row.email or ""


# Pledges


def _take_pledges(look: _Look, remotes: Sequence[RemotePledge]) -> None:
    _find_pledges(look, (remote.remote_id for remote in remotes))
    for remote in remotes:
        _take_pledge(look, remote)
    writing_session().flush()


def _find_pledges(look: _Look, remote_ids: Iterable[str]) -> None:
    for part in _by_slices(set(remote_ids) - look.pledges.keys()):
        query = select(Pledge).where(Pledge.source == look.source, Pledge.remote_id.in_(part))
        look.pledges |= {str(row.remote_id): row for row in writing_session().scalars(query)}


def _take_pledge(look: _Look, remote: RemotePledge) -> None:
    session = writing_session()
    row = look.pledges.get(remote.remote_id) or _own_pledge(look.source, remote.pledge_id, remote.claim)
    if row is None:
        row = Pledge(source=look.source, claim=random_id(), status="", created_at=look.now, revision=1)
        row.updated_at = remote.as_of
        session.add(row)
    elif row.remote_id is not None and remote.as_of < row.updated_at:
        return  # an older view of it
    look.pledges[remote.remote_id] = row
    before = row.status
    if _copy_pledge(look, row, remote):
        look.changed += 1
    session.flush()
    if row.status != before:
        change = PledgeChanged(pledge_id=row.id, party_id=row.party_id, before=before, status=row.status)
        audit.record(audit.SYSTEM, "pledge.changed", f"pledge:{row.id}", look.now, before=before, status=row.status)
        outbox.emit(change, look.now)
        _find_second_pledge(row, look.now)


def _own_pledge(source: str, pledge_id: int | None, claim: str) -> Pledge | None:
    """The row that an object without a remote id of ours yet says it belongs to."""
    query = select(Pledge).where(Pledge.source == source, Pledge.remote_id.is_(None))
    if pledge_id is not None:
        return writing_session().scalars(query.where(Pledge.id == pledge_id)).first()
    return writing_session().scalars(query.where(Pledge.claim == claim)).first() if claim else None


def _copy_pledge(look: _Look, row: Pledge, remote: RemotePledge) -> bool:
    payer = look.payers[remote.payer.remote_id] if remote.payer else None
    values = {
        "remote_id": remote.remote_id,
        "payer_id": payer.id if payer else row.payer_id,
        "party_id": row.party_id or (payer.party_id if payer else None),
        "amount_minor": remote.amount.minor,
        "currency": remote.amount.currency,
        "interval": remote.interval,
        "status": remote.status,
        "product": row.product or remote.product,
        "title": row.title or remote.title[:120],
        "item_id": remote.item_id,
        "started_at": remote.started_at or row.started_at,
        "paid_until": remote.paid_until,
        "next_charge_at": remote.next_charge_at,
        "ends_at": remote.ends_at,
        "resumes_at": remote.resumes_at,
        "action_url": remote.action_url,
        "failure": remote.failure[:200],
    }
    differs = any(getattr(row, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = remote.as_of
    _match_payer(look, payer, row.party_id, "metadata" if remote.pledge_id else "claim")
    return differs


def _match_payer(look: _Look, payer: Payer | None, party_id: int | None, how: str) -> None:
    if payer is not None and payer.party_id is None and party_id is not None:
        payer.party_id, payer.matched_how, payer.matched_at = party_id, how, look.now


def _find_second_pledge(row: Pledge, now: datetime) -> None:
    if row.party_id is None or row.status not in LIVE_PLEDGES:
        return
    live = select(func.count()).where(Pledge.party_id == row.party_id, Pledge.status.in_(LIVE_PLEDGES))
    if (writing_session().scalar(live) or 0) > 1:
        open_finding("two_pledges", f"party:{row.party_id}", {"pledge": row.id}, now)


# Payments


def _take_payments(look: _Look, remotes: Sequence[RemotePayment]) -> None:
    there: dict[str, Contribution] = {}
    for part in _by_slices(remote.remote_id for remote in remotes):
        query = select(Contribution).where(Contribution.source == look.source, Contribution.remote_id.in_(part))
        there |= {row.remote_id: row for row in writing_session().scalars(query)}
    _find_pledges(look, (remote.pledge_remote_id for remote in remotes))
    for remote in remotes:
        row = there.get(remote.remote_id)
        if row is None:
            row = there[remote.remote_id] = Contribution(
                source=look.source, remote_id=remote.remote_id, created_at=look.now, status="", refunded_minor=0
            )
            writing_session().add(row)
            look.fresh.append(row)
        if _copy_payment(look, row, remote):
            row.updated_at = look.now
            look.changed += 1
    writing_session().flush()
    look.touched |= {row.id: row for row in there.values()}


def _copy_payment(look: _Look, row: Contribution, remote: RemotePayment) -> bool:
    payer = look.payers[remote.payer.remote_id] if remote.payer else None
    pledge = look.pledges.get(remote.pledge_remote_id) or _own_pledge(look.source, remote.pledge_id, remote.claim)
    values = {
        "payer_id": payer.id if payer else row.payer_id,
        "pledge_id": pledge.id if pledge else row.pledge_id,
        "party_id": row.party_id or (pledge.party_id if pledge else None) or (payer.party_id if payer else None),
        "purpose": row.purpose or remote.purpose,
        "gross_minor": remote.gross.minor,
        "currency": remote.gross.currency,
        "charge_id": remote.charge_id or row.charge_id or "",
        "method": remote.method or row.method or "",
        "remote_status": remote.status,
        "paid_at": remote.paid_at,
        "settles_in": remote.settles_in,
        "fees": _minor(remote.fees) if remote.fees is not None else row.fees,
        "settled_at": remote.settled_at or row.settled_at,
        "failed_at": remote.failed_at,
        "failure": remote.failure[:200],
        "covers_from": remote.covers_from,
        "covers_to": remote.covers_to,
        "receipt_url": remote.receipt_url or row.receipt_url or "",
        "note": remote.note[:200] or row.note or "",
    }
    differs = any(getattr(row, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(row, name, value)
    _match_payer(look, payer, row.party_id, "metadata" if remote.pledge_id else "claim")
    return differs


def _minor(sums: Mapping[str, Money]) -> dict[str, int]:
    return {account: amount.minor for account, amount in sums.items()}


# Refunds and disputes


def _take_reversals(look: _Look, snapshot: Snapshot) -> None:
    told: list[RemoteRefund | RemoteDispute] = [*snapshot.refunds, *snapshot.disputes]
    paid = _payments_named(look, [remote.payment for remote in told])
    there: dict[str, Reversal] = {}
    for part in _by_slices(remote.remote_id for remote in told):
        query = select(Reversal).where(Reversal.source == look.source, Reversal.remote_id.in_(part))
        there |= {row.remote_id: row for row in writing_session().scalars(query)}
    for remote in told:
        contribution = paid.get(remote.payment)
        if contribution is None:
            open_finding("orphan", f"{look.source}:{remote.remote_id}", {"sum": str(remote.amount)}, look.now)
        else:
            _take_reversal(look, there, contribution, remote)
    writing_session().flush()


def _payments_named(look: _Look, names: Sequence[str]) -> dict[str, Contribution]:
    """Contributions by the name that a refund uses for them: their remote id or their charge's."""
    found: dict[str, Contribution] = {}
    for part in _by_slices(names):
        named = or_(Contribution.remote_id.in_(part), Contribution.charge_id.in_(part))
        for row in writing_session().scalars(select(Contribution).where(Contribution.source == look.source, named)):
            found[row.remote_id] = found[row.charge_id] = row
    return found


def _take_reversal(
    look: _Look, there: dict[str, Reversal], paid: Contribution, remote: RemoteRefund | RemoteDispute
) -> None:
    row = there.get(remote.remote_id)
    if row is None:
        row = there[remote.remote_id] = Reversal(
            source=look.source, remote_id=remote.remote_id, contribution_id=paid.id
        )
        writing_session().add(row)
    values = _reversal_values(remote)
    if any(getattr(row, name) != value for name, value in values.items()):
        look.changed += 1
    for name, value in values.items():
        setattr(row, name, value)
    look.touched[paid.id] = paid


def _reversal_values(remote: RemoteRefund | RemoteDispute) -> dict[str, object]:
    values: dict[str, object] = {
        "amount_minor": remote.amount.minor,
        "currency": remote.amount.currency,
        "status": remote.status,
        "at": remote.at,
        "closed_at": remote.closed_at,
    }
    if isinstance(remote, RemoteRefund):
        returned = {account: -fee.minor for account, fee in remote.fees_returned.items()}
        return {**values, "kind": "refund", "fees": returned, "withdrawn": True, "fee_back": False}
    fees = {remote.fee_account: remote.fee.minor} if remote.fee else {}
    return {**values, "kind": "dispute", "fees": fees, "withdrawn": remote.withdrawn, "fee_back": remote.fee_back}


# What follows for the contribution and the ledger


def mend_purpose(row: Contribution, purpose: str, by_id: int, now: datetime) -> None:
    """Books the payment under another heading: what stood is reversed, and booked again. Raises ValueError."""
    if purpose not in PURPOSES:
        raise ValueError(purpose)
    row.purpose = purpose
    look = _looking(row.source, now)
    look.by_id, look.touched = by_id, {row.id: row}
    _settle(look)
    audit.record(by_id, "contribution.purpose", f"contribution:{row.id}", now, purpose=purpose)


def _settle(look: _Look) -> None:
    backs, booked = _reversals_of(look.touched), _entries_of(look.touched)
    lines = lines_of([entry.ref for entries in booked.values() for entry in entries])
    bookings: list[tuple[Draft, Origin]] = []
    for row in look.touched.values():
        _settle_state(look, row, backs[row.id])
        bookings += _missing_bookings(look, row, backs[row.id], booked[row.id], lines)
    write_entries(bookings, look.now)


def _reversals_of(ids: Iterable[int]) -> dict[int, list[Reversal]]:
    backs: dict[int, list[Reversal]] = defaultdict(list)
    for part in _by_slices(ids):
        query = select(Reversal).where(Reversal.contribution_id.in_(part)).order_by(Reversal.remote_id)
        for back in writing_session().scalars(query):
            backs[back.contribution_id].append(back)
    return backs


def _entries_of(ids: Iterable[int]) -> dict[int, list[LedgerEntry]]:
    booked: dict[int, list[LedgerEntry]] = defaultdict(list)
    for part in _by_slices(ids):
        query = select(LedgerEntry).where(LedgerEntry.contribution_id.in_(part)).order_by(LedgerEntry.id)
        for entry in writing_session().scalars(query):
            booked[int(entry.contribution_id or 0)].append(entry)
    return booked


def _settle_state(look: _Look, row: Contribution, backs: Sequence[Reversal]) -> None:
    facts = [MoneyBack(b.kind, b.amount_minor, b.status, b.at, b.closed_at) for b in backs if b.withdrawn]
    before = row.status
    row.status = state_after(row.remote_status, row.gross_minor, facts)
    row.void_at = stops_counting_at(row.remote_status, row.failed_at, row.gross_minor, facts)
    refunds = [b.amount_minor for b in backs if b.kind == "refund" and b.status != "failed"]
    row.refunded_minor = min(sum(refunds), row.gross_minor)
    if row.status == "succeeded" and row.receipt_number is None and row.gross_minor:
        row.receipt_number = look.next_receipt()
    if row.status != before:
        _tell(look, row, before)
        _ask_the_treasurer(look, row)


def _tell(look: _Look, row: Contribution, before: str) -> None:
    if look.now - row.paid_at > NEWS and not before:
        return
    kind = ContributionReceived if row.status in ("pending", "succeeded") else ContributionFailed
    told = kind(contribution_id=row.id, party_id=row.party_id, pledge_id=row.pledge_id, status=row.status)
    outbox.emit(told, look.now)


def _ask_the_treasurer(look: _Look, row: Contribution) -> None:
    if row.status == "succeeded" and row.party_id is None and row.purpose != "donation":
        open_finding("unmatched", f"contribution:{row.id}", {}, look.now)
    if row.status in ("disputed", "lost"):
        open_finding("dispute", f"contribution:{row.id}", {}, look.now)


def _missing_bookings(
    look: _Look, row: Contribution, backs: Sequence[Reversal], booked: Sequence[LedgerEntry], lines: Lines
) -> list[tuple[Draft, Origin]]:
    """Drafts that are not booked yet. Entries that no longer hold are reversed on the way."""
    undone = {entry.reverses for entry in booked if entry.reverses}
    standing = {e.ref.replace(AGAIN, ""): e for e in booked if e.reverses is None and e.id not in undone}
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


def _undo(look: _Look, entry: LedgerEntry) -> None:
    reverse(entry, look.day(look.now), look.now, look.by_id)
    if look.by_id is None:
        open_finding("amount_differs", f"contribution:{entry.contribution_id}", {"entry": entry.ref}, look.now)


def _under_a_free_name(draft: Draft, taken: set[str]) -> Draft:
    ref = draft.ref
    while ref in taken:
        ref += AGAIN
    return Draft(ref, draft.kind, draft.day, draft.lines, draft.note)


def _drafts(look: _Look, row: Contribution, backs: Sequence[Reversal]) -> list[Draft]:
    if row.remote_status != "succeeded":
        return []
    facts = [_back(look, b) for b in backs if b.withdrawn]
    fees = _sums(row.fees, row.currency) if row.fees is not None else None
    ref, day = f"{row.source}:{row.remote_id}", look.day(row.paid_at)
    return payment_drafts(ref, row.purpose, row.settles_in, day, row.gross, fees, facts)


def _back(look: _Look, row: Reversal) -> Back:
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


def _take_movements(look: _Look, snapshot: Snapshot) -> None:
    for remote in snapshot.movements:
        ref, day = f"{look.source}:{remote.remote_id}", look.day(remote.at)
        draft = two_sided(ref, remote.kind, day, remote.asset, remote.account, remote.amount, remote.note)
        look.changed += len(book([draft], Origin(look.source), look.now))
