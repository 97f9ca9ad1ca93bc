"""Deliveries handed out to a courier, and what came of them written down: many at once, one transaction each."""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from coopgov.federation.models import Activity, Announcement, Delivery, Inbox, Peer
from coopgov.federation.queries.announcements import untellable
from coopgov.federation.queries.peers import blocked_hosts
from coopgov.federation.rules.delivering import MOST_ATTEMPTS, MOST_UNREAD, UNREAD_FOR, Meaning, Parcel, Result
from coopgov.federation.services import peers
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import enqueue

LEASE = timedelta(seconds=30)  # of a courier that does not renew it: it was killed
HELD_FOR = timedelta(minutes=5)  # when the fault is ours
RECHECK = "federation.recheck"
MOST_OF_A_HOST = 64  # parcels that a courier holds for one server
_QUIETLY = {"synchronize_session": False}
_table: Any = Delivery.__table__


def claim(now: datetime, lease: str, limit: int, held: Counter[str], *, probes: bool = False) -> list[Parcel]:
    """At most ``limit`` parcels whose turn has come, for the courier that calls itself ``lease`` and holds ``held``
    (host → parcels) already.

    From each inbox the oldest unfinished delivery only; from servers that no other courier serves, and that are well;
    with ``probes`` from those that failed the last time, one each. What is not to go out any more is dropped.
    Needs a write transaction.
    """
    session = writing_session()
    _take_back_from_the_dead(now)
    enough = 0 if probes else MOST_OF_A_HOST // 2  # not filled up one by one, or a big server would use every claim
    full = [host for host, number in held.items() if number > enough]
    waiting = (
        select(Delivery, Inbox, Peer, Activity, Announcement)
        .join(Inbox, Inbox.id == Delivery.inbox_id)
        .join(Peer, Peer.host == Inbox.host)
        .join(Activity, Activity.id == Delivery.activity_id)
        .join(Announcement, Announcement.id == Activity.announcement_id, isouter=True)
        .where(_is_due(now), _is_first(), Peer.failures > 0 if probes else Peer.failures == 0)
        .where(Peer.parked_at.is_(None), or_(Peer.next_at.is_(None), Peer.next_at <= now))
        .where(Inbox.host.not_in(_served_by_others(lease)), Inbox.host.not_in(full))
        .order_by(Delivery.next_at, Delivery.id)
        .limit(limit + 2 * MOST_OF_A_HOST)  # some to choose from, when one server has much
    )
    columns = (
        *(Delivery.id, Delivery.inbox_id, Inbox.url, Inbox.host, Peer.dialect, Delivery.activity_id),
        *(Announcement.version, Activity.actor_id, Activity.key_number, Delivery.attempts, Activity.type),
        Activity.announcement_id,
    )
    rows: Sequence[Any] = session.execute(waiting.with_only_columns(*columns)).all()
    rows = _without_the_dropped(rows, now)
    parcels = _fair_share(rows, limit, Counter(held), 1 if probes else MOST_OF_A_HOST, probes)
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_([parcel.delivery_id for parcel in parcels]))
        .values(state="running", lease=lease, leased_until=now + LEASE),
        execution_options=_QUIETLY,
    )
    return parcels


def _is_due(now: datetime) -> ColumnElement[bool]:
    return (Delivery.state == "queued") & (Delivery.next_at <= now)


def _is_first() -> ColumnElement[bool]:
    """Nothing older waits for the same inbox: a Delete never passes its Create."""
    older = aliased(Delivery)
    unfinished = older.state.in_(("queued", "running"))
    return ~exists().where(older.inbox_id == Delivery.inbox_id, unfinished, older.id < Delivery.id)


def _served_by_others(lease: str) -> Any:
    theirs = (Delivery.state == "running") & (Delivery.lease != lease)
    return select(Inbox.host).join(Delivery, Delivery.inbox_id == Inbox.id).where(theirs)


def _take_back_from_the_dead(now: datetime) -> None:
    """What a killed courier held may have arrived: it counts as tried, and goes out again."""
    writing_session().execute(
        update(Delivery)
        .where(Delivery.state == "running", Delivery.leased_until < now)
        .values(state="queued", lease="", attempts=Delivery.attempts + 1, next_at=now),
        execution_options=_QUIETLY,
    )


def _without_the_dropped(rows: Sequence[Any], now: datetime) -> list[Any]:
    """``rows`` without those that must not leave: to blocked domains, and of what the public may not read any more,
    withdrawn already or about to be (but for the Delete)."""
    blocked = set(blocked_hosts())
    private = untellable({row.announcement_id for row in rows if row.announcement_id})
    dropped = [
        row.id for row in rows if row.host in blocked or (row.announcement_id in private and row.type != "Delete")
    ]
    if dropped:
        writing_session().execute(
            update(Delivery).where(Delivery.id.in_(dropped)).values(state="dropped", finished_at=now),
            execution_options=_QUIETLY,
        )
    return [row for row in rows if row.id not in set(dropped)]


def _fair_share(rows: Iterable[Any], limit: int, held: Counter[str], most: int, probes: bool) -> list[Parcel]:
    parcels: list[Parcel] = []
    for row in rows:
        if len(parcels) == limit:
            break
        if held[row.host] < most:
            held[row.host] += 1
            parcels.append(
                Parcel(
                    delivery_id=row.id,
                    inbox_id=row.inbox_id,
                    url=row.url,
                    host=row.host,
                    dialect=row.dialect,
                    activity_id=row.activity_id,
                    version=row.version or 0,
                    actor_id=row.actor_id,
                    key_number=row.key_number,
                    attempts=row.attempts,
                    is_probe=probes,
                )
            )
    return parcels


def renew(lease: str, now: datetime) -> None:
    """The courier is alive and still has what it holds. Needs a write transaction."""
    mine = (Delivery.state == "running", Delivery.lease == lease)
    writing_session().execute(
        update(Delivery).where(*mine).values(leased_until=now + LEASE), execution_options=_QUIETLY
    )


def settle(results: Collection[Result], lease: str, now: datetime, chance: random.Random) -> None:
    """Writes down what came of parcels, in the order in which it did, and how their servers fare.

    What the courier no longer holds (it was taken for dead meanwhile) is left as it is. Needs a write transaction.
    """
    done = [result.parcel.delivery_id for result in results if result.meaning is Meaning.DONE]
    session = writing_session()
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(done), Delivery.lease == lease)
        .values(state="done", attempts=Delivery.attempts + 1, finished_at=now, lease="", last_error=""),
        execution_options=_QUIETLY,
    )
    others = [_row(result, now) for result in results if result.meaning is not Meaning.DONE]
    if others:
        values: dict[str, Any] = {
            name: bindparam(f"new_{name}") for name in ("state", "attempts", "next_at", "finished_at", "last_error")
        }
        one = update(_table).where(_table.c.id == bindparam("row"), _table.c.lease == lease).values(lease="", **values)
        session.connection().execute(one, others)
    _note_peers(results, now, chance)
    for result in results:
        if result.meaning is Meaning.GONE:
            key = f"{RECHECK}:{result.parcel.inbox_id}:{now:%Y-%m-%d}"
            enqueue(RECHECK, key, {"inbox": result.parcel.inbox_id}, now)


def _row(result: Result, now: datetime) -> dict[str, Any]:
    """The new row of a delivery that did not go well; its server's rest is set afterwards."""
    attempts = result.parcel.attempts + (result.meaning is not Meaning.UNTRIED)
    again = result.meaning in (Meaning.DOWN, Meaning.BUSY, Meaning.HELD, Meaning.UNTRIED, Meaning.UNREAD)
    most = MOST_UNREAD if result.meaning is Meaning.UNREAD else MOST_ATTEMPTS
    state = "queued" if again and attempts < most else "failed"
    rest = {Meaning.HELD: HELD_FOR, Meaning.UNREAD: UNREAD_FOR * attempts}
    return {
        "row": result.parcel.delivery_id,
        "new_state": state,
        "new_attempts": attempts,
        "new_next_at": now + rest.get(result.meaning, timedelta()),
        "new_finished_at": now if state == "failed" else None,
        "new_last_error": result.error[:300],
    }


def _note_peers(results: Iterable[Result], now: datetime, chance: random.Random) -> None:
    """Each server as it last showed itself."""
    last = {r.parcel.host: r for r in results if r.meaning not in (Meaning.HELD, Meaning.UNTRIED)}
    for dialect in {r.dialect for r in last.values() if r.meaning is Meaning.DONE}:
        took = [host for host, r in last.items() if r.meaning is Meaning.DONE and r.dialect == dialect]
        peers.note_success(took, dialect, now)
    peers.note_troubles([r for r in last.values() if r.meaning is not Meaning.DONE], now, chance)
