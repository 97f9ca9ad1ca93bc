"""A co-op with an actor, and another server on loopback that it may talk to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.federation.models import Activity, Actor, Announcement, Delivery, Follower, Inbox, Reaction, RemoteActor
from coopgov.federation.services.actors import begin_actor
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job, is_due
from coopgov.infra.worker import run_job
from tests.conftest import NOW, Browser, Clock
from tests.federation.peers import Json, Peer, Person, through
from tests.federation.sinks import Sinks, deliver_all, sinks_open

SITE = "http://localhost"
DOOR = f"{SITE}/ap/inbox"


@pytest.fixture
def other_settings() -> dict[str, object]:
    return {"allow_private_peers": True}


@pytest.fixture
def peer(clock: Clock) -> Iterator[Peer]:
    with Peer(clock=clock) as peer:
        yield peer


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    with sinks_open() as sinks:
        yield sinks


@pytest.fixture
def deliver(app: Flask, clock: Clock) -> Callable[..., None]:
    """Delivers all that is due at the clock's time."""
    return lambda **given: deliver_all(app, clock, **given)


@dataclass
class Scene:
    """The co-op and its actor, and short words for what tests do over and over."""

    app: Flask
    client: Browser
    clock: Clock
    peer: Peer
    actor: str  # its id

    def tell(self, person: Person, activity: Json | bytes, dialect: str = "cavage", **how: Any) -> int:
        """Somebody says something at our shared inbox; the status that they get."""
        return person.tell(through(self.client), how.pop("url", DOOR), activity, dialect, **how)

    def tells(self, person: Person, *activities: Json) -> None:
        """The same, accepted, and acted upon."""
        for activity in activities:
            assert self.tell(person, activity) == 202
        self.work()

    def work(self) -> None:
        """Every job that is due, and no clockwork; the test then reads anew."""
        db.session.rollback()
        while ids := list(db.session.scalars(select(Job.id).where(is_due(self.clock.now)).order_by(Job.id))):
            db.session.rollback()
            for job_id in ids:
                with self.app.app_context():
                    run_job(job_id, self.clock.now)
        assert db.session.scalars(select(Job.last_error).where(Job.last_error != "")).all() == []
        db.session.rollback()

    def announce(self, title: str = "A new proposal", **fields: Any) -> Announcement:
        """A post of the co-op's."""
        with write_transaction() as session:
            values = {"actor_id": 1, "kind": "by_hand", "title": title, "language": "en", "published_at": NOW} | fields
            row = Announcement(**values)
            session.add(row)
        return row

    def note(self, announcement: Announcement) -> str:
        return f"{SITE}/ap/notes/{announcement.id}"

    def followers(self) -> list[str]:
        query = select(RemoteActor.uri).join(Follower, Follower.remote_actor_id == RemoteActor.id)
        return list(db.session.scalars(query.order_by(RemoteActor.uri)))

    def reactions(self) -> list[tuple[int, str, str]]:
        """(announcement, kind, who), sorted."""
        query = select(Reaction.announcement_id, Reaction.kind, RemoteActor.uri).join(
            RemoteActor, RemoteActor.id == Reaction.remote_actor_id
        )
        return sorted((number, kind, uri) for number, kind, uri in db.session.execute(query))

    def accepted(self) -> list[tuple[str, str]]:
        """(id of the Follow, inbox) of every Accept on its way, oldest first."""
        query = (
            select(Activity, Inbox.url)
            .join(Delivery, Delivery.activity_id == Activity.id)
            .join(Inbox, Inbox.id == Delivery.inbox_id)
            .where(Activity.type == "Accept")
        )
        rows = db.session.execute(query.order_by(Activity.id)).all()
        return [(str((activity.object or {}).get("id")), url) for activity, url in rows]

    def jobs(self, kind: str = "federation.receive") -> int:
        return len(db.session.scalars(select(Job.id).where(Job.kind == kind)).all())


@pytest.fixture
def scene(app: Flask, client: Browser, clock: Clock, peer: Peer) -> Scene:
    with write_transaction():
        actor: Actor = begin_actor("Test Co-op", NOW)
    return Scene(app, client, clock, peer, SITE + actor.path)


@pytest.fixture
def together(scene: Scene) -> Callable[..., list[Any]]:
    """``together(f, n)``: what ``n`` threads get that call ``f`` at the same time."""
    import threading

    def run(call: Callable[[], Any], number: int) -> list[Any]:
        barrier, got = threading.Barrier(number), list[Any]()

        def one() -> None:
            barrier.wait()
            with scene.app.app_context():
                got.append(call())

        threads = [threading.Thread(target=one) for _ in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return got

    return run
