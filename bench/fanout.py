#!/usr/bin/env python3
"""How many deliveries a processor second brings: one announcement to many inboxes on loopback, database work included.

  python bench/fanout.py [--inboxes 1000] [--rounds 3] [--hosts many|one] [--url postgresql+psycopg://…] [--fedify]
                         [--profile] [--json]

The inboxes answer from a process of their own: each on an address and port of its own (many), as servers of the
fediverse do, or all on one. Each round publishes one activity and waits until every inbox has it. Told are: how long
publishing took, deliveries per second that passed, and per processor second of this process. Without --url the
database is a new SQLite file. With --fedify the other server of the tests (npm ci --ignore-scripts in
tests/federation/fedify) sends a post to as many inboxes in the same run, without queue and database.
"""

import argparse
import asyncio
import cProfile
import json
import multiprocessing
import platform
import pstats
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from sqlalchemy import func, insert, select

from coopgov.app import create_app
from coopgov.config import Settings
from coopgov.core.time import utc_now
from coopgov.federation.jobs.delivery import Courier
from coopgov.federation.models import Activity, Actor, Announcement, Delivery, Follower, RemoteActor
from coopgov.federation.services.actors import begin_actor
from coopgov.federation.services.deliveries import get_to_know, send_to_followers
from coopgov.infra.coop import found_coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.migrate import migrate

KEY = "a key for measuring that is long enough to be one"
PORT = 19_317
ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class InboxServer(asyncio.Protocol):
    """Takes everything at once and remembers which path was hit how often."""

    hits: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            start = head.find(b"content-length:") + 15
            whole = end + 4 + int(head[start : head.find(b"\r\n", start) if head.find(b"\r\n", start) > 0 else end])
            if len(self.buffer) < whole:
                return
            self.hits[head.split(b" ", 2)[1].decode()] += 1
            self.buffer = self.buffer[whole:]
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


def addresses(inboxes: int, hosts: str) -> list[str]:
    """Where the inboxes answer: addresses of 127.0.0.0/8, one each or one for all."""
    if hosts == "one":
        return ["127.0.0.1"]
    return [f"127.0.{n // 250 + 1}.{n % 250 + 1}" for n in range(inboxes)]


def serve(inboxes: int, hosts: str, tell: Connection) -> None:
    """Answers until it is told to stop."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for address in addresses(inboxes, hosts):
            await loop.create_server(InboxServer, address, PORT)
        tell.send("ready")
        await loop.run_in_executor(None, tell.recv)
        tell.send(dict(InboxServer.hits))

    asyncio.run(run())


def follow(actor: Actor, inboxes: int, hosts: str, now: datetime) -> None:
    """One follower at each inbox."""
    where = addresses(inboxes, hosts)
    rows = []
    for n in range(inboxes):
        base = f"http://{where[n % len(where)]}:{PORT}"
        inbox = f"{base}/users/{n}/inbox"
        rows.append({"uri": f"{base}/users/{n}", "host": where[n % len(where)], "inbox": inbox, "fetched_at": now})
    with write_transaction() as session:
        session.execute(insert(RemoteActor), rows)
        for number in session.scalars(select(RemoteActor.id)):
            session.add(Follower(actor_id=actor.id, remote_actor_id=number, follow_uri="", followed_at=now))
        get_to_know(row["inbox"] for row in rows)


def publish(actor_id: int, now: datetime) -> float:
    """Publishes one announcement; gives the seconds it took."""
    began = time.perf_counter()
    with write_transaction() as session:
        words = {"title": "Move to our own server", "words": "Voting is open until Sunday.", "language": "en"}
        row = Announcement(actor_id=actor_id, kind="by_hand", path="/p/1-move", published_at=now, **words)
        session.add(row)
        session.flush()
        activity = Activity(actor_id=actor_id, type="Create", announcement_id=row.id, at=now)
        session.add(activity)
        send_to_followers(activity, now)
    return time.perf_counter() - began


def deliver(courier: Courier, nudged: threading.Event) -> None:
    """Turns until nothing waits."""
    while True:
        pause = courier.turn(utc_now())
        waits = db.session.scalar(select(func.count()).where(Delivery.state.in_(("queued", "running"))))
        db.session.remove()
        if not waits:
            return
        nudged.wait(pause)
        nudged.clear()


def measure(asked: argparse.Namespace, folder: str) -> list[dict[str, float]]:
    """Each round's figures; the first has new servers, new connections and nothing kept."""
    url = asked.url or f"sqlite:///{Path(folder) / 'bench.db'}"
    base = {"data_dir": folder, "secret_key": KEY, "base_url": "http://localhost:8000"}
    app = create_app(Settings(database_url=url, allow_private_peers=True, **base))
    found = []
    with app.app_context():
        migrate(db.engine)
        now = datetime.now(UTC)
        with write_transaction():
            found_coop("Bench", "en", "Europe/London", now)
            actor = begin_actor("Bench", now)
        actor_id = actor.id
        follow(actor, asked.inboxes, asked.hosts, now)
        nudged = threading.Event()
        courier = Courier(utc_now, nudged.set)
        for _ in range(asked.rounds):
            began, busy = time.perf_counter(), time.process_time()
            publishing = publish(actor_id, utc_now())
            deliver(courier, nudged)
            passed, used = time.perf_counter() - began, time.process_time() - busy
            rates = {"per_second": asked.inboxes / passed, "per_processor_second": asked.inboxes / used}
            found.append({"publishing_ms": publishing * 1000, **rates})
        courier.close()
        db.session.remove()
        db.engine.dispose()
    return found


def measure_fedify(asked: argparse.Namespace) -> list[dict[str, float]]:
    """What Fedify did in as many rounds; the figures are its own."""
    home = Path(__file__).parents[1] / "tests/federation/fedify"
    machine = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
    node = home / f"node_modules/node-linux-{machine}/bin/node"
    peer = [str(node), "peer.mjs", "draft-cavage-http-signatures-12"]
    with subprocess.Popen(peer, cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        base = json.loads(process.stdout.readline())["base"]
        found = []
        for _ in range(asked.rounds):
            query = f"n={asked.inboxes}&hosts={asked.hosts}&port={PORT}"
            with urllib.request.urlopen(f"{base}/test/fan-out?{query}", timeout=300) as answer:
                took = json.load(answer)
            rates = {
                "per_second": asked.inboxes / took["wall_s"],
                "per_processor_second": asked.inboxes / took["cpu_s"],
            }
            found.append(rates)
        process.stdin.close()
    return found


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inboxes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hosts", choices=["many", "one"], default="many")
    parser.add_argument("--url", default="")
    parser.add_argument("--fedify", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(asked.inboxes, asked.hosts, theirs), daemon=True)
    server.start()
    assert ours.recv() == "ready"
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        if asked.profile:
            profile.enable()
        rounds = measure(asked, folder)
        profile.disable()
    fedify = measure_fedify(asked) if asked.fedify else []
    ours.send("stop")
    told: dict[str, int] = ours.recv()
    hits = {path: number for path, number in told.items() if not path.startswith("/fedify/")}
    assert len(hits) == asked.inboxes, "an inbox got nothing"
    assert set(hits.values()) == {asked.rounds}, "an inbox got something twice, or not at all"
    show(asked, rounds, fedify)
    if asked.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)


def show(asked: argparse.Namespace, rounds: list[dict[str, float]], fedify: list[dict[str, float]]) -> None:
    """The figures, for people or machines."""
    whole, theirs = ([{name: round(v, 1) for name, v in one.items()} for one in part] for part in (rounds, fedify))
    if asked.json:
        print(json.dumps({"inboxes": asked.inboxes, "hosts": asked.hosts, "rounds": whole, "fedify": theirs}))
        return
    print(f"{asked.inboxes} inboxes on {asked.hosts} hosts")
    for number, one in enumerate(whole, 1):
        print(
            f"round {number}: published in {one['publishing_ms']:6.1f} ms, {one['per_second']:7.1f} a second, "
            f"{one['per_processor_second']:7.1f} a processor second"
        )
    for number, one in enumerate(theirs, 1):
        print(
            f"Fedify {number}: {one['per_second']:7.1f} a second, {one['per_processor_second']:7.1f} a processor second"
        )
    if theirs:
        ratio = max(o["per_processor_second"] for o in rounds) / max(o["per_processor_second"] for o in fedify)
        print(f"ratio of the best rounds per processor second: {ratio:.2f}")


if __name__ == "__main__":
    main()
