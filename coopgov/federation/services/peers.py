"""How each server takes what we send, written down as it shows."""

import random
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from coopgov.core.errors import NotFound
from coopgov.federation.models import Activity, Delivery, Inbox, Peer
from coopgov.federation.rules.delivering import NEVER, STALE_AFTER, Meaning, Result, asked_wait, is_to_park, wait_after
from coopgov.infra import audit
from coopgov.infra.db import UtcDateTime, writing_session

LONGEST_ERROR = 300  # characters kept of what a server said
_deliveries: Any = Delivery.__table__
_inboxes: Any = Inbox.__table__
_REST = (  # all that waits for a server waits until it is tried again
    update(_deliveries)
    .where(
        _deliveries.c.state == "queued",
        _deliveries.c.inbox_id.in_(select(_inboxes.c.id).where(_inboxes.c.host == bindparam("server"))),
    )
    .values(next_at=bindparam("until", type_=UtcDateTime))
)


def heard_from(authority: str, now: datetime) -> None:
    """Something with a good signature came from ``authority`` (host and port): what waits for it goes out now.

    A server that had been given up is told nothing that is no news any more. One that asked us for time, and is well
    otherwise, is still given it. Cheap for servers that are well. Needs a write transaction.
    """
    peer = writing_session().get(Peer, authority)
    if peer is not None and (peer.failing_since or peer.parked_at):
        _revive(peer, now)
        peer.failures, peer.failing_since = 0, None


def retry_now(host: str, by: int | str, now: datetime) -> None:
    """An officer's wish: the server is tried at once, and if it still fails, is given up again. Raises NotFound."""
    peer = writing_session().get(Peer, host)
    if peer is None:
        raise NotFound
    _revive(peer, now)
    audit.record(by, "peer.retried", f"peer:{host}"[:60], now)


def _revive(peer: Peer, now: datetime) -> None:
    session = writing_session()
    inboxes = select(Inbox.id).where(Inbox.host == peer.host)
    waiting = (Delivery.inbox_id.in_(inboxes), Delivery.state == "queued")
    if peer.parked_at is not None:
        old = select(Activity.id).where(Activity.type == "Create", Activity.at < now - STALE_AFTER)
        session.execute(
            update(Delivery)
            .where(*waiting, Delivery.activity_id.in_(old))
            .values(state="dropped", finished_at=now, last_error="older than seven days")
        )
    session.execute(update(Delivery).where(*waiting).values(next_at=now))
    peer.parked_at = peer.next_at = None
    session.info["jobs_added"] = True


def note_success(hosts: Collection[str], dialect: str, now: datetime) -> None:
    """These servers have taken something, signed in ``dialect``. Needs a write transaction."""
    well = {"failures": 0, "failing_since": None, "next_at": None, "parked_at": None, "last_error": ""}
    writing_session().execute(
        update(Peer).where(Peer.host.in_(hosts)).values(**well, dialect=dialect, last_ok_at=now),
        execution_options={"synchronize_session": False},
    )


def note_troubles(results: Iterable[Result], now: datetime, chance: random.Random) -> None:
    """What servers answered that did not take what they were sent, one result each: those in trouble are left alone for
    longer each time and in the end parked, those that ask for time get it. Needs a write transaction."""
    session = writing_session()
    told = {result.parcel.host: result for result in results}
    rests = []
    for peer in session.scalars(select(Peer).where(Peer.host.in_(told))).all():
        result = told[peer.host]
        peer.last_error = result.error[:LONGEST_ERROR]
        if result.meaning is Meaning.DOWN:
            _fail(peer, result, now, chance)
        elif result.meaning is Meaning.BUSY:
            peer.next_at = now + (asked_wait(result.retry_after, now) or wait_after(result.parcel.attempts + 1, chance))
        else:
            peer.failures, peer.failing_since, peer.next_at, peer.parked_at = 0, None, None, None
        if peer.next_at is not None:
            rests.append({"server": peer.host, "until": NEVER if peer.parked_at else peer.next_at})
    session.flush()
    if rests:
        session.connection().execute(_REST, rests)


def _fail(peer: Peer, result: Result, now: datetime, chance: random.Random) -> None:
    peer.failures += 1
    peer.failing_since = peer.failing_since or now
    peer.next_at = now + (asked_wait(result.retry_after, now) or wait_after(peer.failures, chance))
    if is_to_park(peer.failing_since, now):
        peer.parked_at = peer.parked_at or now
