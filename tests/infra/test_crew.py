"""Loops beside the worker: they turn when there is something, survive their own failures, and stop when told."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from flask import Flask
from sqlalchemy import select

from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import DatabaseTask, Job, Loop, enqueue, work
from coopgov.infra.worker import Crew
from tests.conftest import Clock


class Counting:
    """Counts its turns, and fails in the first."""

    def __init__(self, clock: Callable[[], datetime], nudge: Callable[[], None]) -> None:
        self.turns, self.is_closed, self.turned, self.nudge = 0, False, threading.Event(), nudge
        made.append(self)

    def turn(self, now: datetime) -> float:
        db.session.scalar(select(Job.id))
        self.turns += 1
        self.turned.set()
        if self.turns == 1:
            raise ValueError("the first one goes wrong")
        return 30.0

    def close(self) -> None:
        self.is_closed = True


made: list[Counting] = []


def until(is_so: Callable[[], object]) -> bool:
    ends = time.monotonic() + 10
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.01)
    return bool(is_so())


def test_a_crew_does_jobs_and_turns_loops_until_it_is_stopped(app: Flask, clock: Clock) -> None:
    work().loops[:] = [Loop("test.loop", Counting)]
    work().add(DatabaseTask("test.nothing", lambda _payload, _now: None))
    db.session.remove()
    made.clear()
    crew = Crew(app, clock)
    crew.start()
    try:
        assert until(lambda: made and made[0].turns == 1)
        made[0].nudge()
        assert until(lambda: made[0].turns == 2)
        with write_transaction():
            enqueue("test.nothing", "once", {}, clock())
        assert until(lambda: made[0].turns > 2), "a commit that asked for work nudges the loops"
        assert until(lambda: db.session.rollback() or db.session.scalar(select(Job.state)) == "done")
    finally:
        crew.stop()
    assert made[0].is_closed
