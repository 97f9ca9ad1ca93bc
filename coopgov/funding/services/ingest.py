"""What a look at a provider showed, written down: the same facts, in any order and any number of times, give the same
rows and the same ledger."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from coopgov.core.ids import random_id
from coopgov.funding.events import PledgeChanged
from coopgov.funding.models import Contribution, Finding, Payer, Pledge
from coopgov.funding.providers.base import (
    RemoteDispute,
    RemoteMovement,
    RemotePayer,
    RemotePayment,
    RemotePledge,
    RemoteRefund,
    Snapshot,
)
from coopgov.funding.rules.payments import LIVE_PLEDGES, PURPOSES
from coopgov.funding.services.balances import weigh
from coopgov.funding.services.bookings import book_movements, settle
from coopgov.funding.services.findings import close_about, close_finding, open_finding, was_answered
from coopgov.funding.services.look import Look, by_slices, looking, set_all, wrong_in_pledge
from coopgov.funding.services.payments import claim_waiting, find_pledges, own_pledge, recognise, take_payments
from coopgov.funding.services.reversals import take_reversals
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session

Named = RemotePledge | RemotePayment | RemoteRefund | RemoteDispute | RemoteMovement
_PLACE = re.compile(r"^[a-z]+:(group:|order:)?")  # before the provider's id, in what a finding is about


def apply(snapshot: Snapshot, now: datetime) -> int:
    """Writes down all of ``snapshot`` in the caller's transaction; returns how many rows are new or different.

    Payments find their member by our own pledge id or claim code, or by a payer who is known from another one; the
    rest waits as findings, as does whatever cannot be read. What a provider tells before the thing that it belongs
    to (a refund before its payment, a payment before its pledge) is kept and finds it later. Keep snapshots small
    (some hundreds of objects): the transaction holds the one write lock.
    """
    session = writing_session()
    look = looking(snapshot.source, now)
    _take_payers(look, snapshot)
    _take_pledges(look, snapshot.pledges)
    take_payments(look, snapshot.payments)
    claim_waiting(look)
    take_reversals(look, snapshot)
    settle(look)
    book_movements(look, snapshot.movements)
    _close_readable(look, snapshot)
    for problem in snapshot.problems:
        if not was_answered(problem.kind, problem.subject):  # or each night would ask again
            open_finding(problem.kind, problem.subject, problem.facts, now)
    if look.changed:
        audit.record(audit.SYSTEM, "money.read", f"source:{look.source}", now, changed=look.changed)
    session.flush()
    weigh(look.source, snapshot.balances, now)
    return look.changed


def _close_readable(look: Look, snapshot: Snapshot) -> None:
    """What could not be read before and can be now waits no longer."""
    told: list[Named] = [*snapshot.pledges, *snapshot.payments, *snapshot.refunds]
    told += [*snapshot.disputes, *snapshot.movements]
    seen = {fact.remote_id for fact in told} - look.aside
    query = select(Finding).where(Finding.kind == "unreadable", Finding.closed_at.is_(None))
    for row in writing_session().scalars(query.where(Finding.subject.startswith(f"{look.source}:"))).all():
        if _PLACE.sub("", row.subject) in seen:
            close_finding(row, None, "", look.now)


def mend_purpose(row: Contribution, purpose: str, by_id: int, now: datetime) -> None:
    """Books the payment under another heading: what stood is reversed, and booked again. Raises ValueError."""
    if purpose not in PURPOSES:
        raise ValueError(purpose)
    row.purpose = purpose
    look = looking(row.source, now)
    look.by_id, look.touched = by_id, {row.id: row}
    settle(look)
    audit.record(by_id, "contribution.purpose", f"contribution:{row.id}", now, purpose=purpose)


# Payers


def _take_payers(look: Look, snapshot: Snapshot) -> None:
    promised = [pledge.payer for pledge in snapshot.pledges if pledge.payer]
    told = [*snapshot.payers, *promised, *(payment.payer for payment in snapshot.payments if payment.payer)]
    session = writing_session()
    for part in by_slices(payer.remote_id for payer in told):
        rows = session.scalars(select(Payer).where(Payer.source == look.source, Payer.remote_id.in_(part)))
        look.payers |= {row.remote_id: row for row in rows}
    for remote in told:
        _take_payer(look, remote)
    session.flush()


def _take_payer(look: Look, remote: RemotePayer) -> None:
    row = look.payers.get(remote.remote_id)
    if row is None:
        row = Payer(source=look.source, remote_id=remote.remote_id, created_at=look.now, name="", email="")
        look.payers[remote.remote_id] = row
        writing_session().add(row)
    told = {"name": remote.name[:200] or row.name, "email": remote.email[:254] or row.email}
    set_all(row, {"kind": remote.kind, **told})


# Pledges


def _take_pledges(look: Look, remotes: Sequence[RemotePledge]) -> None:
    find_pledges(look, (remote.remote_id for remote in remotes))
    moves = [move for remote in remotes if (move := _take_pledge(look, remote))]
    writing_session().flush()
    for row, before, status in moves:
        audit.record(audit.SYSTEM, "pledge.changed", f"pledge:{row.id}", look.now, before=before, status=status)
    changes = [
        PledgeChanged(pledge_id=row.id, party_id=row.party_id, before=before, status=status)
        for row, before, status in moves
    ]
    outbox.emit_all(changes, look.now)
    for row, _, _ in moves:
        _find_second_pledge(row, look.now)


def _take_pledge(look: Look, remote: RemotePledge) -> tuple[Pledge, str, str] | None:
    """The row with its status before and after; None when that did not change."""
    if wrong := wrong_in_pledge(remote):
        look.put_aside(remote.remote_id, wrong)
        return None
    row = look.pledges.get(remote.remote_id) or own_pledge(look.source, remote.pledge_id, remote.claim)
    if row is None:
        row = Pledge(source=look.source, claim=random_id(), status="", product="", title="", created_at=look.now)
    elif row.remote_id is not None and remote.as_of < row.updated_at:
        return None  # an older view of it
    look.pledges[remote.remote_id] = row
    before = row.status
    if set_all(row, _pledge_values(look, row, remote)):
        look.changed += 1
        look.mended.add(remote.remote_id)
    row.updated_at = remote.as_of
    writing_session().add(row)
    recognise(look, remote.payer, row.party_id, "metadata" if remote.pledge_id else "claim")
    return (row, before, row.status) if row.status != before else None


def _pledge_values(look: Look, row: Pledge, remote: RemotePledge) -> dict[str, object]:
    payer = look.payers[remote.payer.remote_id] if remote.payer else None
    return {
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


def _find_second_pledge(row: Pledge, now: datetime) -> None:
    """Opens a finding while somebody has two live pledges, and closes it when that is over."""
    if row.party_id is None:
        return
    live = select(func.count()).where(Pledge.party_id == row.party_id, Pledge.status.in_(LIVE_PLEDGES))
    if (writing_session().scalar(live) or 0) < 2:
        close_about("two_pledges", f"party:{row.party_id}", "", now)
    elif row.status in LIVE_PLEDGES:
        open_finding("two_pledges", f"party:{row.party_id}", {"pledge": row.id}, now)
