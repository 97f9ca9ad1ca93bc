"""How each server takes what we send, written down as it shows."""

import random
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update

from coopgov.core.errors import NotFound
from coopgov.federation.models import Activity, Delivery, Inbox, Peer
from coopgov.federation.rules.delivering import NEVER, STALE_AFTER, Result, asked_wait, is_to_park, wait_after
from coopgov.infra import audit
from coopgov.infra.db import writing_session

LONGEST_ERROR = 300  # characters kept of what a server said


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


def note_answer(host: str, error: str) -> None:
    """The server answered, though not with what we wished: it is there. Needs a write transaction."""
    peer = writing_session().get_one(Peer, host)
    peer.failures, peer.failing_since, peer.next_at, peer.parked_at = 0, None, None, None
    peer.last_error = error[:LONGEST_ERROR]


def note_busy(result: Result, now: datetime, chance: random.Random) -> None:
    """The server is well and asks for time: nothing goes there before it is over. Needs a write transaction."""
    peer = writing_session().get_one(Peer, result.parcel.host)
    wait = asked_wait(result.retry_after, now) or wait_after(result.parcel.attempts + 1, chance)
    peer.last_error = result.error[:LONGEST_ERROR]
    _rest(peer, now + wait)


def note_failure(result: Result, now: datetime, chance: random.Random) -> None:
    """The server is in trouble: it is left alone for longer each time, and in the end parked.

    Needs a write transaction.
    """
    peer = writing_session().get_one(Peer, result.parcel.host)
    peer.failures += 1
    peer.failing_since = peer.failing_since or now
    peer.last_error = result.error[:LONGEST_ERROR]
    if is_to_park(peer.failing_since, now):
        peer.parked_at = peer.parked_at or now
    _rest(peer, now + (asked_wait(result.retry_after, now) or wait_after(peer.failures, chance)))


def _rest(peer: Peer, until: datetime) -> None:
    """All that waits for the server waits until then, or as long as it is parked."""
    peer.next_at = until
    inboxes = select(Inbox.id).where(Inbox.host == peer.host)
    writing_session().execute(
        update(Delivery)
        .where(Delivery.inbox_id.in_(inboxes), Delivery.state == "queued")
        .values(next_at=NEVER if peer.parked_at else until),
        execution_options={"synchronize_session": False},
    )
