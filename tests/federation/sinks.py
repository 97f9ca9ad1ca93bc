"""Inboxes on loopback that take what is posted and answer as they are told, and what fills them.

One server answers on every address of 127.0.0.0/8, so that each inbox can have a host of its own.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from coopgov.federation.jobs.delivery import Courier
from coopgov.federation.models import Activity, Actor, Announcement, Delivery, Follower, Inbox, Peer, RemoteActor
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.services.actors import begin_actor
from coopgov.federation.services.deliveries import send_to_followers
from coopgov.infra.db import db, write_transaction
from tests.conftest import NOW

Reply = tuple[int, dict[str, str]]
HANG = 0  # a status that stands for no answer at all


@dataclass(frozen=True)
class Hit:
    """One post as it came."""

    inbox: str  # host and path
    activity: str
    type: str
    headers: dict[str, str]
    body: bytes
    at: float


class Sinks:
    """``replies`` say for an inbox (host and path, or host) how to answer the next posts; the last one stays."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.replies: dict[str, list[Reply]] = {}
        self.over, self._lock = threading.Event(), threading.Lock()
        self.pause = 0.0
        self.connections = 0
        sinks = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                sinks.connections += 1
                super().setup()

            def do_POST(self) -> None:
                sinks._take(self)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                """Nothing: whoever is killed hangs up."""

        self._server = Server(("0.0.0.0", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def inbox(self, host: str, path: str = "/inbox") -> str:
        """The address of an inbox on ``host``, such as 127.0.0.5."""
        return f"http://{host}:{self.port}{path}"

    def answer(self, where: str, *replies: int | Reply) -> None:
        """How the inbox (``127.0.0.5`` or ``127.0.0.5/inbox``) answers its next posts."""
        self.replies[where] = [(reply, {}) if isinstance(reply, int) else reply for reply in replies]

    def of(self, host: str) -> list[str]:
        """Types of the activities that came to a host, in that order."""
        return [hit.type for hit in self.hits if hit.inbox.split("/")[0] == host]

    def counts(self) -> Counter[str]:
        """How often each inbox was hit."""
        return Counter(hit.inbox for hit in self.hits)

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        told = json.loads(body)
        host = handler.headers["Host"].split(":")[0]
        inbox = host + handler.path
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.hits.append(Hit(inbox, told["id"], told["type"], headers, body, time.monotonic()))
            waiting = self.replies.get(inbox) or self.replies.get(host) or [(202, {})]
            status, extra = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if status == HANG:
            self.over.wait(30)
            handler.close_connection = True
            return
        if self.pause:
            time.sleep(self.pause)
        handler.send_response(status)
        for name, value in extra.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


@contextmanager
def sinks_open() -> Iterator[Sinks]:
    """Sinks until the end."""
    sinks = Sinks()
    try:
        yield sinks
    finally:
        sinks.close()


def our_actor() -> Actor:
    """The co-op's actor; begun when there is none yet."""
    if (known := the_actor()) is not None:
        return known
    with write_transaction():
        return begin_actor("Test Co-op", NOW)


def follower(inbox: str, shared: str = "") -> RemoteActor:
    """Somebody elsewhere who follows us and is reached at ``inbox``."""
    actor_id = our_actor().id
    with write_transaction() as session:
        number = session.scalar(select(func.count()).select_from(RemoteActor)) or 0
        host = inbox.split("/")[2].split(":")[0]
        remote = RemoteActor(
            uri=f"http://{host}/users/{number}", host=host, inbox=inbox, shared_inbox=shared, fetched_at=NOW
        )
        session.add(remote)
        session.flush()
        session.add(Follower(actor_id=actor_id, remote_actor_id=remote.id, follow_uri="", followed_at=NOW))
    return remote


def followers(inboxes: list[str]) -> None:
    """One follower for each of these inboxes."""
    actor_id = our_actor().id
    with write_transaction() as session:
        rows = [
            RemoteActor(uri=f"{inbox}/owner", host=inbox.split("/")[2].split(":")[0], inbox=inbox, fetched_at=NOW)
            for inbox in inboxes
        ]
        session.add_all(rows)
        session.flush()
        session.add_all(
            Follower(actor_id=actor_id, remote_actor_id=row.id, follow_uri="", followed_at=NOW) for row in rows
        )


def announcement(now: datetime = NOW) -> Announcement:
    """An announcement that nobody was told of yet."""
    actor_id = our_actor().id
    with write_transaction() as session:
        row = Announcement(
            actor_id=actor_id, kind="by_hand", title="Move", words="We move.", language="en", published_at=now
        )
        session.add(row)
    return row


def tell(
    of: Announcement | None,
    kind: str = "Create",
    now: datetime = NOW,
    way: Callable[[Activity, datetime], int] = send_to_followers,
) -> Activity:
    """An activity about the announcement, queued by ``way``: to all followers, if nothing else is said."""
    actor_id = our_actor().id
    with write_transaction() as session:
        activity = Activity(actor_id=actor_id, type=kind, announcement_id=of.id if of else None, at=now)
        session.add(activity)
        session.flush()
        way(activity, now)
    return activity


def deliver_all(app: Flask, clock: Callable[[], datetime], seconds: float = 30.0, **given: Any) -> None:
    """Turns a courier until nothing is due and nothing under way, or for so many seconds."""
    nudged, ends = threading.Event(), time.monotonic() + seconds
    db.session.rollback()
    with app.app_context():
        courier = Courier(clock, nudged.set, **given)
        courier.turn(clock())
        while not courier.is_idle and time.monotonic() < ends:
            nudged.wait(0.05)
            nudged.clear()
            courier.turn(clock())
        courier.close()


def states() -> Counter[str]:
    """How many deliveries are in each state."""
    db.session.rollback()
    return Counter(db.session.scalars(select(Delivery.state)))


def delivery_to(url: str, activity: Activity | None = None) -> Delivery:
    """The newest delivery to an inbox, or that of ``activity``."""
    db.session.rollback()
    query = select(Delivery).join(Inbox).where(Inbox.url == url).order_by(Delivery.id.desc())
    if activity is not None:
        query = query.where(Delivery.activity_id == activity.id)
    found = db.session.scalars(query.limit(1)).first()
    assert found is not None, f"nothing goes to {url}"
    return found


def server(host: str) -> Peer:
    """How the server with this host and port fares."""
    db.session.rollback()
    return db.session.get_one(Peer, host)
