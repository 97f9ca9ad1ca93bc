"""A courier may be killed at any instant: every inbox is hit, and what it gets is always the same activity."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask import Flask

from coopgov.core.time import utc_now
from coopgov.infra.db import db
from tests.federation.sinks import Sinks, announcement, followers, states, tell

INBOXES, ANNOUNCEMENTS = 200, 5
KILLS = 5


def _courier(url: str, folder: Path, minutes_ahead: int) -> "subprocess.Popen[bytes]":
    arguments = [url, str(folder), str(minutes_ahead)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.federation.courier_process", *arguments], cwd=Path(__file__).parents[2]
    )


@pytest.mark.parametrize("inboxes", [INBOXES])
def test_a_thousand_deliveries_survive_five_kills(
    app: Flask, database_url: str, tmp_path: Path, sinks: Sinks, inboxes: int
) -> None:
    sinks.pause = 0.005
    followers([sinks.inbox(f"127.0.{n // 200 + 1}.{n % 200 + 1}") for n in range(inboxes)])
    notes = [tell(announcement(), now=utc_now()) for _ in range(ANNOUNCEMENTS)]
    ids = {f"http://localhost{note.path}" for note in notes}
    db.session.rollback()  # PostgreSQL ends a transaction in which nothing happens for long
    chance, wanted = random.Random(1), 0
    for kill in range(KILLS):
        courier = _courier(database_url, tmp_path, minutes_ahead=2 * kill)
        deadline = time.monotonic() + 60
        wanted = len(sinks.hits) + chance.randint(inboxes // 10, inboxes // 2)
        while len(sinks.hits) < wanted and courier.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        assert courier.poll() is None, "the courier ended before it could be killed"
        courier.kill()
        courier.wait()
    assert states()["done"] < inboxes * ANNOUNCEMENTS
    assert _courier(database_url, tmp_path, minutes_ahead=2 * KILLS).wait(240) == 0
    assert states() == {"done": inboxes * ANNOUNCEMENTS}
    hit = {(one.inbox, one.activity) for one in sinks.hits}
    assert len(hit) == inboxes * ANNOUNCEMENTS, "every inbox has every activity"
    assert {activity for _, activity in hit} == ids, "under the id that it always had"
    assert len({(one.activity, one.body) for one in sinks.hits}) == ANNOUNCEMENTS, "in the same words"
    order: dict[str, list[str]] = {}
    for one in sinks.hits:
        order.setdefault(one.inbox, []).append(one.activity)
    for inbox, came in order.items():
        firsts = list(dict.fromkeys(came))
        assert firsts == sorted(firsts, key=lambda a: int(a.rsplit("/", 1)[1])), f"{inbox} got them out of order"
