"""A worker may be killed at any instant: nothing is lost, nothing happens twice in the database."""

import random
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import func, select

from coopgov.core.time import utc_now
from coopgov.identity.models import Attempt
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job, enqueue
from coopgov.infra.mail import Letter, Mail, post
from tests.infra.test_letters import Sink, free_port

EACH = 100  # jobs of each of the two kinds
KILLS = 5
LATER = 2_000_000_000  # a window that the daily sweep of old attempts leaves alone


def _ask_for_work() -> None:
    now = utc_now() - timedelta(minutes=1)
    with write_transaction() as session:
        for n in range(EACH):
            session.add(Attempt(key=f"effect {n}", window=LATER, tries=0))
            enqueue("test.count_up", f"count:{n}", {"key": f"effect {n}", "window": LATER}, now)
            letter = Letter(
                kind="email-changed",
                address=f"person{n}@example.org",
                language="en",
                facts={},
            )
            post(letter, f"mail {n}", now)


def _done() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Job.state == "done")) or 0


def _worker(url: str, folder: Path, port: int, minutes_ahead: int) -> "subprocess.Popen[bytes]":
    arguments = [url, str(folder), f"smtp://127.0.0.1:{port}", str(minutes_ahead)]
    return subprocess.Popen([sys.executable, "-m", "tests.worker_process", *arguments], cwd=Path(__file__).parents[1])


@pytest.fixture
def sink() -> Any:
    sink = Sink()
    sink.port = free_port()  # type: ignore[attr-defined]
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    yield sink
    controller.stop()


def test_two_hundred_jobs_survive_five_kills(app: Flask, database_url: str, tmp_path: Path, sink: Any) -> None:
    _ask_for_work()
    chance = random.Random(1)
    for kill in range(KILLS):
        worker = _worker(database_url, tmp_path, sink.port, minutes_ahead=3 * kill)
        before, deadline = _done(), time.monotonic() + 30
        wanted = before + chance.randint(10, 25)
        while _done() < wanted and worker.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert worker.poll() is None, "the worker ended before it could be killed"
        worker.kill()
        worker.wait()
    assert _done() < 2 * EACH
    assert _worker(database_url, tmp_path, sink.port, minutes_ahead=3 * KILLS).wait(120) == 0
    assert _done() == 2 * EACH
    assert set(db.session.scalars(select(Attempt.tries))) == {1}
    assert _message_ids(sink) == dict(db.session.execute(select(Mail.address, Mail.message_id)).all())


def _message_ids(sink: Sink) -> dict[str, str]:
    """The one Message-ID of every recipient, however often the mail came."""
    seen = Counter((m["To"], m["Message-ID"]) for m in map(message_from_bytes, sink.got))
    ids = dict(seen.keys())
    assert len(ids) == len(seen), "a mail came under two Message-IDs"
    return ids
