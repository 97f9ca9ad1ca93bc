"""What is still to be done: rows that commit with the change that asks for them, and the kinds of work there are.

Two kinds of task: a *database task* runs inside the transaction that marks its row done, so its effect happens once;
an *outside task* (SMTP, HTTP) is claimed with a lease, prepared from the database, performed with no transaction open,
and then marked done: after a crash in between it is performed again, under the same key.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import JSON, Index, String, Text, and_, func, insert, or_, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.event import Event
from coopgov.infra.db import Base, UtcDateTime, db, writing_session

LEASE = timedelta(minutes=2)  # longer than any outside task may take
MOST_ATTEMPTS = 12  # about a day and a half with the back-off below
LONGEST_WAIT = timedelta(hours=6)
Payload = dict[str, Any]


class Permanent(Exception):
    """Trying again cannot help: the job goes to the dead at once, where an officer sees it."""


class Job(Base):
    """One piece of work. ``state``: queued, running, done or dead; ``key`` makes asking twice harmless."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "state", "run_after"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(160), unique=True)
    payload: Mapped[Payload] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease: Mapped[str] = mapped_column(String(22), default="")
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClockRun(Base):
    """When a clockwork last ran, so that several workers share one clock."""

    __tablename__ = "clock_run"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class DatabaseTask:
    """Work whose whole effect is in the database; ``run(payload, now)`` gets an open write transaction."""

    kind: str
    run: Callable[[Payload, datetime], None]


def _nothing(_payload: Payload, _now: datetime) -> None:
    """Nothing has to be written down."""


@dataclass(frozen=True)
class OutsideTask:
    """Work on the world. ``prepare`` reads (None: nothing to do any more), ``perform`` acts with no transaction open
    under the job's key, ``finish`` writes down what it gave, ``drop`` that there was nothing to do any more."""

    kind: str
    prepare: Callable[[Payload, datetime], Any | None]
    perform: Callable[[Any, str], Any]
    finish: Callable[[Payload, Any, datetime], None]
    drop: Callable[[Payload, datetime], None] = _nothing


@dataclass(frozen=True)
class Handler:
    """A reaction to an event of a lower feature, as a database task; ``kind`` is ``feature.what``."""

    kind: str
    event: type[Event]
    run: Callable[[Any, int, datetime], None]  # the event, the id of its row, now


@dataclass(frozen=True)
class Clockwork:
    """Work that the clock asks for: ``due(now)`` names rows, ``act(id, now)`` treats one in its own transaction."""

    name: str
    every: timedelta
    due: Callable[[datetime], Sequence[int]]
    act: Callable[[int, datetime], None]


class Rounds(Protocol):
    """Work that never ends, turn by turn."""

    def turn(self, now: datetime) -> float:
        """Does what there is, in an application context; gives the seconds after which to look again, unless nudged."""

    def close(self) -> None:
        """Lets go of what it holds, in an application context; no turn follows."""


@dataclass(frozen=True)
class Loop:
    """Work that goes on beside the jobs in a thread of its own, because it is much or waits for many at once.

    ``begin(clock, nudge)`` makes what does it; any thread may call ``nudge`` to have the next turn at once.
    """

    name: str
    begin: Callable[[Callable[[], datetime], Callable[[], None]], Rounds]


@dataclass
class Work:
    """All that this installation can do in the background; `create_app` fills it, the same in web, CLI and worker."""

    tasks: dict[str, DatabaseTask | OutsideTask] = field(default_factory=dict)
    handlers: dict[str, list[Handler]] = field(default_factory=dict)
    clockworks: list[Clockwork] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)

    def listeners(self, event_name: str) -> list[Handler]:
        """Handlers of an event, in the order in which they were registered."""
        return self.handlers.get(event_name, [])

    def add(self, *items: DatabaseTask | OutsideTask | Handler | Clockwork | Loop) -> None:
        """Registers tasks, handlers, clockworks and loops; raises ValueError for a kind that is taken."""
        for item in items:
            if isinstance(item, Clockwork):
                self.clockworks.append(item)
            elif isinstance(item, Loop):
                self.loops.append(item)
            elif isinstance(item, Handler):
                self.handlers.setdefault(item.event.name, []).append(item)
                self._add_task(DatabaseTask(item.kind, _as_task(item)))
            else:
                self._add_task(item)

    def _add_task(self, task: DatabaseTask | OutsideTask) -> None:
        if task.kind in self.tasks:
            raise ValueError(f"two tasks are called {task.kind}")
        self.tasks[task.kind] = task


def _as_task(handler: Handler) -> Callable[[Payload, datetime], None]:
    def run(payload: Payload, now: datetime) -> None:
        fields, event_id = payload["fields"], payload["event"]
        handler.run(handler.event.from_payload(fields), event_id, now)

    return run


def work() -> Work:
    """The registry of the running application."""
    registry: Work = current_app.extensions["coopgov.work"]
    return registry


def enqueue(kind: str, key: str, payload: Payload, run_after: datetime) -> Job | None:
    """A job in the caller's write transaction; None when ``key`` was asked for before."""
    session = writing_session()
    if session.scalar(select(Job.id).where(Job.key == key)) is not None:
        return None
    job = Job(kind=kind, key=key, payload=payload, run_after=run_after, created_at=run_after)
    session.add(job)
    session.info["jobs_added"] = True
    return job


def enqueue_all(kind: str, jobs: Sequence[dict[str, Any]], run_after: datetime) -> None:
    """Many jobs at once, each a ``key`` nobody has asked for yet and its ``payload``, in the caller's transaction."""
    session = writing_session()
    rows = [{"kind": kind, **job, "run_after": run_after, "created_at": run_after} for job in jobs]
    session.execute(insert(Job), rows)
    session.info["jobs_added"] = True


def is_due(now: datetime) -> ColumnElement[bool]:
    """Condition of jobs that a worker may take at ``now``: waiting and ripe, or left behind by a dead worker."""
    return or_(and_(Job.state == "queued", Job.run_after <= now), and_(Job.state == "running", Job.leased_until < now))


def back_off(attempts: int) -> timedelta:
    """How long to wait after ``attempts`` failures: 30 s, doubling, at most LONGEST_WAIT."""
    return min(timedelta(seconds=30 << min(attempts - 1, 20)), LONGEST_WAIT)


def dead_jobs() -> Sequence[Job]:
    """Jobs that were given up, newest first."""
    return db.session.scalars(select(Job).where(Job.state == "dead").order_by(Job.id.desc()).limit(200)).all()


def job_counts() -> dict[str, int]:
    """How many jobs are in each state."""
    rows = db.session.execute(select(Job.state, func.count()).group_by(Job.state))
    return {state: number for state, number in rows}


def revive(job: Job, now: datetime) -> None:
    """Puts a dead job back into the queue, with all its attempts before it again."""
    if job.state == "dead":
        job.state, job.attempts, job.run_after = "queued", 0, now
        writing_session().info["jobs_added"] = True
