"""How a worker hears that there is something to do before its next look at the clock."""

import select as selector
import threading
from importlib import import_module
from typing import Protocol

import psycopg
from flask import Flask, current_app
from sqlalchemy import event, text
from sqlalchemy.orm import Session

CHANNEL = "coopgov_jobs"


class Waker(Protocol):
    """Wakes are hints: a lost one costs at most the worker's pause, never a job."""

    def wake(self) -> None:
        """Says that a job was committed."""

    def wait(self, seconds: float) -> None:
        """Returns when somebody said so, or after ``seconds``."""

    def stop(self) -> None:
        """Ends the wait under way, for good; any thread may call it."""

    def close(self) -> None:
        """Gives back what waiting needed; the thread that waited calls it."""


class InProcessWaker:
    """For one process: a threading event."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wake(self) -> None:
        """Sets the event."""
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Waits for the event and takes it back."""
        self._event.wait(seconds)
        self._event.clear()

    def stop(self) -> None:
        """The same as a wake: the worker looks up and sees that it should stop."""
        self._event.set()

    def close(self) -> None:
        """Nothing was held."""


class PostgresWaker:
    """For several processes on one PostgreSQL: LISTEN and NOTIFY, where NOTIFY commits with the job."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://")
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._stopped = threading.Event()

    def wake(self) -> None:
        """Nothing: the notification went out with the commit."""

    def wait(self, seconds: float) -> None:
        """Waits on the listening connection; a broken one is forgotten and opened anew the next time."""
        try:
            connection = self._listening()
            selector.select([connection], [], [], seconds)
            for _ in connection.notifies(timeout=0):
                pass
        except psycopg.Error:
            self.close()
            self._stopped.wait(seconds)

    def stop(self) -> None:
        """Notifies itself, so that a wait ends at once."""
        self._stopped.set()
        if self._connection is not None:
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute(f"NOTIFY {CHANNEL}")

    def close(self) -> None:
        """Closes the listening connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listening(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is None:
            self._connection = psycopg.connect(self._url, autocommit=True)
            self._connection.execute(f"LISTEN {CHANNEL}")
        return self._connection


def install_waker(app: Flask, url: str, queue: str = "") -> Waker:
    """The waker that fits the database, or the one that ``queue`` names; told of every commit that added a job."""
    app.extensions |= {"coopgov.waker": _fitting(url, queue), "coopgov.nudges": []}
    waker: Waker = app.extensions["coopgov.waker"]
    return waker


def nudge_loops(app: Flask) -> None:
    """Tells this process's loops that there may be something for them."""
    for nudge in app.extensions["coopgov.nudges"]:
        nudge()


def _fitting(url: str, queue: str) -> Waker:
    if queue.startswith("redis"):
        huey: Waker = import_module("coopgov.infra.waker_huey").HueyWaker(queue)  # an extra: not everybody has it
        return huey
    return PostgresWaker(url) if url.startswith("postgresql") else InProcessWaker()


@event.listens_for(Session, "before_commit")
def _notify(session: Session) -> None:
    if session.info.get("jobs_added") and session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


@event.listens_for(Session, "after_commit")
def _wake(session: Session) -> None:
    if session.info.pop("jobs_added", False):
        current_app.extensions["coopgov.waker"].wake()
        nudge_loops(current_app)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("jobs_added", None)
