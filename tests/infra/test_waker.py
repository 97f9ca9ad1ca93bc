"""Wakes are hints: they shorten the wait, and losing one loses nothing."""

import threading
import time
from collections.abc import Iterator

import fakeredis
import pytest
from flask import Flask

from coopgov.core.time import utc_now
from coopgov.infra import waker_huey
from coopgov.infra.db import write_transaction
from coopgov.infra.jobs import enqueue
from coopgov.infra.waker import Waker
from coopgov.infra.waker_huey import HueyWaker


def waits(waker: Waker, seconds: float) -> float:
    """How long a wait lasts."""
    start = time.monotonic()
    waker.wait(seconds)
    return time.monotonic() - start


@pytest.fixture
def waker(app: Flask) -> Iterator[Waker]:
    waker: Waker = app.extensions["coopgov.waker"]
    yield waker
    waker.close()


def test_a_commit_with_a_job_ends_the_wait(waker: Waker) -> None:
    waits(waker, 0)  # PostgreSQL listens from now on
    with write_transaction():
        enqueue("mail.send", "k", {"mail": 0}, utc_now())
    assert waits(waker, 10) < 5


def test_a_commit_without_a_job_does_not(waker: Waker) -> None:
    waits(waker, 0)
    with write_transaction():
        pass
    assert waits(waker, 0.3) >= 0.25


def test_a_stop_ends_the_wait(waker: Waker) -> None:
    waits(waker, 0)
    threading.Timer(0.2, waker.stop).start()
    assert waits(waker, 10) < 5


@pytest.fixture
def huey(monkeypatch: pytest.MonkeyPatch) -> Iterator[HueyWaker]:
    server = fakeredis.FakeServer()
    monkeypatch.setattr(
        waker_huey,
        "RedisHuey",
        lambda name, url, **options: _RedisHuey(
            name, connection_pool=fakeredis.FakeRedis(server=server).connection_pool, **options
        ),
    )
    waker = HueyWaker("redis://nowhere")
    yield waker
    waker.close()


_RedisHuey = waker_huey.RedisHuey


def test_huey_carries_a_wake_to_one_worker(huey: HueyWaker) -> None:
    huey.wake()
    assert waits(huey, 10) < 5
    assert waits(huey, 0.3) >= 0.25


def test_huey_stops(huey: HueyWaker) -> None:
    huey.stop()
    assert waits(huey, 10) < 1
