"""Takes jobs that are due and does them, runs what the clock asks for, and keeps loops going beside that.

Any number may run; a kill loses nothing.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from coopgov.core.ids import random_id
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import (
    LEASE,
    MOST_ATTEMPTS,
    ClockRun,
    Clockwork,
    DatabaseTask,
    Job,
    Loop,
    OutsideTask,
    Permanent,
    back_off,
    is_due,
    work,
)
from coopgov.infra.waker import Waker, nudge_loops

BATCH = 50  # jobs looked up at once
PAUSE_S = 5.0  # between two looks at the clock, when nobody wakes us
log = logging.getLogger(__name__)


class Worker:
    """One thread of work. ``clock`` gives the time, so that tests can move it."""

    def __init__(self, app: Flask, waker: Waker, clock: Callable[[], datetime]) -> None:
        self._app, self._waker, self._clock = app, waker, clock
        self._stopping = threading.Event()

    def run(self) -> None:
        """Works until ``stop()``; a database that is busy or away is tried again after a pause."""
        while not self._stopping.is_set():
            try:
                self.catch_up()
            except OperationalError as error:
                log.warning("the database did not answer: %s", error.orig)
            if not self._stopping.is_set():
                self._waker.wait(PAUSE_S)
                nudge_loops(self._app)  # what another process committed may be for them
        self._waker.close()

    def stop(self) -> None:
        """Ends ``run()`` after the job under way."""
        self._stopping.set()
        self._waker.stop()

    def catch_up(self) -> int:
        """Does all that is due now, clockworks first; returns how many jobs were tried."""
        with self._app.app_context():
            for clockwork in work().clockworks:
                run_clockwork(clockwork, self._clock())
        tried = 0
        while not self._stopping.is_set() and (ids := self._due_jobs()):
            for job_id in ids:
                with self._app.app_context():
                    run_job(job_id, self._clock())
                tried += 1
        return tried

    def _due_jobs(self) -> list[int]:
        with self._app.app_context():
            query = select(Job.id).where(is_due(self._clock())).order_by(Job.run_after, Job.id).limit(BATCH)
            return list(db.session.scalars(query))


class LoopRunner:
    """One loop in its thread: turn after turn, however one of them fails."""

    def __init__(self, app: Flask, loop: Loop, clock: Callable[[], datetime]) -> None:
        self._app, self._loop, self._clock = app, loop, clock
        self._stopping, self._nudged = threading.Event(), threading.Event()

    def run(self) -> None:
        """Turns until ``stop()``."""
        with self._app.app_context():
            rounds = self._loop.begin(self._clock, self._nudged.set)
        while not self._stopping.is_set():
            pause = PAUSE_S
            try:
                with self._app.app_context():
                    pause = rounds.turn(self._clock())
            except OperationalError as error:
                log.warning("the database did not answer: %s", error.orig)
            except Exception:
                log.exception("loop %s failed", self._loop.name)
            self._nudged.wait(pause)
            self._nudged.clear()
        try:
            with self._app.app_context():
                rounds.close()
        except OperationalError as error:
            log.warning("the database did not answer: %s", error.orig)

    def nudge(self) -> None:
        """Has the next turn at once."""
        self._nudged.set()

    def stop(self) -> None:
        """Ends ``run()`` after the turn under way."""
        self._stopping.set()
        self._nudged.set()


class Crew:
    """All background work of one process: the worker and every loop, each in a thread of its own."""

    def __init__(self, app: Flask, clock: Callable[[], datetime]) -> None:
        with app.app_context():
            loops = work().loops
        worker = Worker(app, app.extensions["coopgov.waker"], clock)
        self._nudges: list[Callable[[], None]] = app.extensions["coopgov.nudges"]
        self._hands: list[Worker | LoopRunner] = [worker, *(LoopRunner(app, loop, clock) for loop in loops)]
        self._threads = [threading.Thread(target=hand.run, name="worker") for hand in self._hands]

    def start(self) -> None:
        """Begins the work."""
        self._nudges.extend(hand.nudge for hand in self._hands if isinstance(hand, LoopRunner))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the work, and returns when what was under way is done."""
        for hand in self._hands:
            hand.stop()
        for thread in self._threads:
            thread.join()
        self._nudges.clear()


def run_clockwork(clockwork: Clockwork, now: datetime) -> None:
    """Runs a clockwork if its time has come; each row it names is one transaction, and one failure stops no other."""
    with write_transaction() as session:
        last = session.get(ClockRun, clockwork.name)
        if last and now - last.ran_at < clockwork.every and now >= last.ran_at:
            return
        session.merge(ClockRun(name=clockwork.name, ran_at=now))
    for row_id in clockwork.due(now):
        try:
            with write_transaction():
                clockwork.act(row_id, now)
        except Exception:
            log.exception("clockwork %s failed on %s", clockwork.name, row_id)


def run_job(job_id: int, now: datetime) -> None:
    """Tries one job; whatever it raises ends as an attempt with a reason, never as a dead worker."""
    kind = db.session.scalar(select(Job.kind).where(Job.id == job_id))
    task = work().tasks.get(kind or "")
    try:
        if isinstance(task, DatabaseTask):
            _run_inside(task, job_id, now)
        elif isinstance(task, OutsideTask):
            _run_outside(task, job_id, now)
        else:
            raise Permanent(f"no task is called {kind}")
    except Exception as error:  # when the database itself is away, noting the failure says so
        log.warning("job %s (%s) failed: %s", job_id, kind, type(error).__name__, exc_info=True)
        _note_failure(job_id, error, now)


def _run_inside(task: DatabaseTask, job_id: int, now: datetime) -> None:
    with write_transaction() as session:
        job = session.scalars(select(Job).where(Job.id == job_id, is_due(now))).first()
        if job is not None:
            task.run(job.payload, now)
            _mark_done(job, now)


def _run_outside(task: OutsideTask, job_id: int, now: datetime) -> None:
    lease = _claim(job_id, now)
    if lease is None:
        return
    job = db.session.get_one(Job, job_id)
    payload, key = job.payload, job.key
    ready = task.prepare(payload, now)
    db.session.remove()  # no transaction is open while the world is spoken to
    result = task.perform(ready, key) if ready is not None else None
    with write_transaction() as session:
        held = session.scalars(select(Job).where(Job.id == job_id, Job.lease == lease)).first()
        if held is not None:
            if ready is None:
                task.drop(payload, now)
            else:
                task.finish(payload, result, now)
            _mark_done(held, now)


def _claim(job_id: int, now: datetime) -> str | None:
    lease = random_id()
    with write_transaction() as session:
        session.execute(
            update(Job)
            .where(Job.id == job_id, is_due(now))
            .values(state="running", lease=lease, leased_until=now + LEASE, attempts=Job.attempts + 1)
        )
        taken = session.scalar(select(Job.id).where(Job.id == job_id, Job.lease == lease))
    return lease if taken is not None else None


def _mark_done(job: Job, now: datetime) -> None:
    job.state, job.finished_at, job.last_error = "done", now, ""


def _note_failure(job_id: int, error: Exception, now: datetime) -> None:
    with write_transaction() as session:
        job = session.get_one(Job, job_id)
        if job.state == "queued":  # a database task failed; an outside task counted itself when it was claimed
            job.attempts += 1
        given_up = isinstance(error, Permanent) or job.attempts >= MOST_ATTEMPTS
        job.state = "dead" if given_up else "queued"
        job.run_after = now + (timedelta() if given_up else back_off(job.attempts))
        job.last_error = f"{type(error).__name__}: {error}"[:500]
