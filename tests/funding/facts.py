"""Plain facts of a provider with valid defaults, and what the database holds, said without its own numbers."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import inspect, select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, Finding, LedgerEntry, Payer, Pledge, Posting, Reversal
from coopgov.funding.providers.base import (
    RemoteDispute,
    RemoteMovement,
    RemotePayer,
    RemotePayment,
    RemotePledge,
    RemoteRefund,
    Snapshot,
)
from coopgov.funding.rules.ledger import OPEN_COLLECTIVE, SPENT, STRIPE, STRIPE_FEES
from coopgov.funding.services.ingest import apply
from coopgov.infra.db import db, write_transaction

PAID = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
OF_NO_MATTER = {"id", "created_at", "updated_at", "receipt_number", "matched_at", "opened_at", "closed_at", "claim"}


def pounds(minor: int) -> Money:
    """So many pence."""
    return Money(minor, "GBP")


def payer(name: str = "ada", kind: str = "person") -> RemotePayer:
    return RemotePayer(remote_id=f"cus_{name}", name=name.title(), email=f"{name}@example.org", kind=kind)


def pledge(remote_id: str = "sub_1", amount: int = 300, **fields: Any) -> RemotePledge:
    """An active monthly subscription."""
    given = {"payer": payer(), "amount": pounds(amount), "interval": "month", "status": "active", "as_of": PAID}
    return RemotePledge(remote_id=remote_id, **(given | fields))


def payment(remote_id: str = "in_1", gross: int = 300, fee: int | None = 24, **fields: Any) -> RemotePayment:
    """A payment by card that arrived; ``fee`` None: not told yet."""
    given: dict[str, Any] = {
        "payer": payer(),
        "gross": pounds(gross),
        "status": "succeeded",
        "paid_at": PAID,
        "settles_in": STRIPE,
        "fees": None if fee is None else {STRIPE_FEES: pounds(fee)},
        "charge_id": remote_id.replace("in_", "ch_"),
    }
    return RemotePayment(remote_id=remote_id, **(given | fields))


def refund(remote_id: str = "re_1", amount: int = 300, of: str = "in_1", **fields: Any) -> RemoteRefund:
    """A refund that went through."""
    given = {"payment": of, "amount": pounds(amount), "status": "succeeded", "at": LATER}
    return RemoteRefund(remote_id=remote_id, **(given | fields))


def dispute(remote_id: str = "dp_1", amount: int = 300, of: str = "in_1", **fields: Any) -> RemoteDispute:
    """A dispute that is open, and took the money and a fee of £20 away."""
    given: dict[str, Any] = {
        "payment": of,
        "amount": pounds(amount),
        "fee": pounds(2000),
        "fee_account": STRIPE_FEES,
        "status": "open",
        "at": LATER,
    }
    return RemoteDispute(remote_id=remote_id, **(given | fields))


def movement(remote_id: str = "exp_1", amount: int = -5000, **fields: Any) -> RemoteMovement:
    """An expense of £50 paid from Open Collective."""
    given: dict[str, Any] = {"kind": "expense", "asset": OPEN_COLLECTIVE, "account": SPENT, "at": PAID}
    return RemoteMovement(remote_id=remote_id, amount=pounds(amount), **(given | fields))


LISTS = {
    RemotePayer: "payers",
    RemotePledge: "pledges",
    RemotePayment: "payments",
    RemoteRefund: "refunds",
    RemoteDispute: "disputes",
    RemoteMovement: "movements",
}


def snapshot(*facts: Any, source: str = "stripe", **fields: Any) -> Snapshot:
    """One look that showed ``facts``."""
    lists: dict[str, list[Any]] = {}
    for fact in facts:
        lists.setdefault(LISTS[type(fact)], []).append(fact)
    return Snapshot(source=source, **{name: tuple(found) for name, found in lists.items()}, **fields)


def take(now: datetime, *facts: Any, source: str = "stripe", **fields: Any) -> int:
    """Applies one look in a transaction of its own."""
    with write_transaction():
        return apply(snapshot(*facts, source=source, **fields), now)


# What is there


def entries() -> dict[str, dict[str, int]]:
    """Every entry by its reference: account → minor units (all in one currency)."""
    found: dict[str, dict[str, int]] = {}
    query = select(LedgerEntry.ref, Posting.account, Posting.amount_minor).join(Posting).order_by(Posting.id)
    for ref, account, minor in db.session.execute(query):
        found.setdefault(ref, {})[account] = minor
    return found


def balances() -> dict[tuple[str, str], int]:
    """What each account stands at in each currency; those at nothing are left out."""
    sums: Counter[tuple[str, str]] = Counter()
    for account, currency, minor in db.session.execute(select(Posting.account, Posting.currency, Posting.amount_minor)):
        sums[account, currency] += minor
    return {key: minor for key, minor in sums.items() if minor}


def unbalanced() -> list[str]:
    """References of entries that do not add up to nothing in each currency."""
    sums: Counter[tuple[str, str]] = Counter()
    query = select(LedgerEntry.ref, Posting.currency, Posting.amount_minor).join(Posting)
    for ref, currency, minor in db.session.execute(query):
        sums[ref, currency] += minor
    return [ref for (ref, _), minor in sums.items() if minor]


def fingerprints() -> set[str]:
    """A hash of every entry with its lines, whatever its number and whenever it was written."""
    lines: dict[tuple[str, str, date], list[str]] = {}
    query = select(LedgerEntry, Posting).join(Posting, Posting.entry_id == LedgerEntry.id)
    for entry, line in db.session.execute(query):
        key = entry.ref, entry.kind, entry.day
        lines.setdefault(key, []).append(f"{line.account} {line.amount_minor} {line.currency}")
    return {hashlib.sha256(repr((key, sorted(said))).encode()).hexdigest() for key, said in lines.items()}


def state() -> dict[str, Any]:
    """All rows of money, named by the provider's ids, with the ledger's fingerprints and the open findings."""
    db.session.flush()
    names = {model: _names(model) for model in (Payer, Pledge, Contribution)}
    foreign = {"payer_id": names[Payer], "pledge_id": names[Pledge], "contribution_id": names[Contribution]}
    found: dict[str, Any] = {model.__name__: _rows(model, foreign) for model in (Payer, Pledge, Contribution, Reversal)}
    found["ledger"] = fingerprints()
    found["findings"] = {
        (kind, _subject(subject, names[Contribution]))
        for kind, subject in db.session.execute(
            select(Finding.kind, Finding.subject).where(Finding.closed_at.is_(None))
        )
    }
    return found


def _names(model: Any) -> dict[int, str]:
    return {number: name for number, name in db.session.execute(select(model.id, model.remote_id))}


def _subject(subject: str, contributions: Mapping[int, str]) -> str:
    kind, _, number = subject.partition(":")
    return f"contribution:{contributions[int(number)]}" if kind == "contribution" else subject


def _rows(model: Any, foreign: Mapping[str, Mapping[int, str]]) -> dict[str, dict[str, Any]]:
    columns: Sequence[str] = [column.key for column in inspect(model).column_attrs]
    rows = db.session.scalars(select(model).order_by(model.id))
    return {
        row.remote_id or row.claim: {
            name: foreign[name].get(getattr(row, name)) if name in foreign else getattr(row, name)
            for name in columns
            if name not in OF_NO_MATTER
        }
        for row in rows
    }
