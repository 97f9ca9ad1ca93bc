"""Refunds and disputes as a provider tells them; one whose payment is not known yet is kept until it is."""

from collections.abc import Mapping, Sequence

from sqlalchemy import or_, select

from coopgov.funding.models import Contribution, Reversal
from coopgov.funding.providers.base import RemoteDispute, RemoteRefund, Snapshot
from coopgov.funding.rules.ledger import ACCOUNTS
from coopgov.funding.services.findings import close_about, open_finding
from coopgov.funding.services.look import Look, by_slices, is_name, set_all
from coopgov.infra.db import writing_session

REFUND_STATES, DISPUTE_STATES = ("pending", "succeeded", "failed"), ("open", "won", "lost")
CLOSED = ("failed", "won", "lost")
Told = RemoteRefund | RemoteDispute


def take_reversals(look: Look, snapshot: Snapshot) -> None:
    """Rows for the refunds and disputes of ``snapshot``, and those that waited for its payments; payments whose
    money moved are to be settled."""
    told: list[Told] = [*snapshot.refunds, *snapshot.disputes]
    _adopt(look)
    paid = _payments_named(look, [remote.payment for remote in told])
    there: dict[str, Reversal] = {}
    for part in by_slices(remote.remote_id for remote in told):
        query = select(Reversal).where(Reversal.source == look.source, Reversal.remote_id.in_(part))
        there |= {row.remote_id: row for row in writing_session().scalars(query)}
    for remote in told:
        _take_reversal(look, there, paid.get(remote.payment), remote)
    writing_session().flush()


def _adopt(look: Look) -> None:
    """Gives reversals that came before their payments to those that are new or changed in this look."""
    fresh = {name: row for row in look.touched.values() for name in (row.remote_id, row.charge_id) if name}
    for part in by_slices(fresh):
        orphans = select(Reversal).where(
            Reversal.source == look.source, Reversal.contribution_id.is_(None), Reversal.payment.in_(part)
        )
        for row in writing_session().scalars(orphans):
            if row.currency == fresh[row.payment].currency:
                row.contribution_id = fresh[row.payment].id
                _note_question(row, fresh[row.payment], look)
                close_about("orphan", f"{look.source}:{row.remote_id}", "", look.now)


def _payments_named(look: Look, names: Sequence[str]) -> dict[str, Contribution]:
    """Contributions by the name that a refund uses for them: their remote id or their charge's."""
    found: dict[str, Contribution] = {}
    for part in by_slices(names):
        named = or_(Contribution.remote_id.in_(part), Contribution.charge_id.in_(part))
        for row in writing_session().scalars(select(Contribution).where(Contribution.source == look.source, named)):
            found |= {name: row for name in (row.charge_id, row.remote_id) if name}
    return found


def _take_reversal(look: Look, there: dict[str, Reversal], paid: Contribution | None, remote: Told) -> None:
    if wrong := _wrong(remote, paid):
        look.put_aside(remote.remote_id, wrong)
        return
    row, values = there.get(remote.remote_id), _values(remote)
    if row is None:
        row = Reversal(source=look.source, remote_id=remote.remote_id, payment=remote.payment)
    elif _progress(values) < _progress({name: getattr(row, name) for name in values}):
        return  # an older view of it
    if paid is not None:
        values["contribution_id"] = paid.id
    if not set_all(row, values):
        return
    there[remote.remote_id] = row
    writing_session().add(row)
    look.changed += 1
    if paid is not None:
        look.touched[paid.id] = paid
        _note_question(row, paid, look)
    else:
        open_finding("orphan", f"{look.source}:{remote.remote_id}", {"sum": str(remote.amount)}, look.now)


def _note_question(row: Reversal, paid: Contribution, look: Look) -> None:
    """A bank asks, and no money moved: the treasurer may want to answer, until the bank has said how it ends.

    Where money moved, the payment's own state asks (``bookings``), and only a question of before is closed here.
    """
    if row.kind != "dispute" or (row.withdrawn and row.status != "won"):
        return
    if row.status == "open":
        open_finding("dispute", f"contribution:{paid.id}", {}, look.now)
    elif not _is_disputed_otherwise(row, paid):
        close_about("dispute", f"contribution:{paid.id}", row.status, look.now)


def _is_disputed_otherwise(row: Reversal, paid: Contribution) -> bool:
    others = select(Reversal.id).where(Reversal.contribution_id == paid.id, Reversal.remote_id != row.remote_id)
    return (
        writing_session().scalar(others.where(Reversal.kind == "dispute", Reversal.status != "won").limit(1))
        is not None
    )


def _wrong(remote: Told, paid: Contribution | None) -> str:
    fees, states = list(remote.fees_returned.items()), REFUND_STATES
    if isinstance(remote, RemoteDispute):
        fees, states = [*fees, (remote.fee_account, remote.fee)], DISPUTE_STATES
    currencies = {remote.amount.currency, *(fee.currency for _, fee in fees)}
    if paid is not None:
        currencies.add(paid.currency)
    faults = {
        "id": not (is_name(remote.remote_id) and is_name(remote.payment)),
        "account": not {account for account, _ in fees} <= ACCOUNTS.keys(),
        "status": remote.status not in states,
        "amount": remote.amount.minor <= 0,
        "currency": len(currencies) > 1,
    }
    return next((name for name, is_wrong in faults.items() if is_wrong), "")


def _values(remote: Told) -> dict[str, object]:
    values: dict[str, object] = {
        "amount_minor": remote.amount.minor,
        "currency": remote.amount.currency,
        "status": remote.status,
        "at": remote.at,
        "closed_at": remote.closed_at,
    }
    returned = {account: -fee.minor for account, fee in sorted(remote.fees_returned.items())}
    if isinstance(remote, RemoteRefund):
        kind = "correction" if remote.is_correction else "refund"
        return {**values, "kind": kind, "fees": returned, "withdrawn": True, "fee_back": False}
    fees = {**returned, **({remote.fee_account: remote.fee.minor} if remote.fee else {})}
    return {**values, "kind": "dispute", "fees": fees, "withdrawn": remote.withdrawn, "fee_back": remote.fee_back}


def _progress(values: Mapping[str, object]) -> tuple[bool, ...]:
    """How far it has come; a view that shows less is an older one. Money that left is not un-left, only returned."""
    state = values["status"]
    return (
        state in CLOSED,
        state != "pending",
        bool(values["withdrawn"]),
        bool(values["fee_back"]),
        bool(values["fees"]),
    )
