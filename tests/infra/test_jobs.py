"""Jobs commit with what asked for them, run once inside the database, and are never lost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from coopgov.core.event import Event
from coopgov.identity.models import Attempt
from coopgov.infra.db import db, write_transaction, writing_session
from coopgov.infra.jobs import (
    LEASE,
    MOST_ATTEMPTS,
    Clockwork,
    DatabaseTask,
    Handler,
    Job,
    OutsideTask,
    Permanent,
    enqueue,
    revive,
    work,
)
from coopgov.infra.outbox import EventRow, emit
from tests.conftest import NOW, Clock


@dataclass(frozen=True, kw_only=True)
class BellRang(Event):
    name: ClassVar[str] = "test.bell_rang"
    times: int


@pytest.fixture
def done() -> list[Any]:
    return []


@pytest.fixture
def busy(app: Flask, done: list[Any]) -> Iterator[Flask]:
    def fail(payload: dict[str, Any], now: datetime) -> None:
        writing_session().add(Attempt(key="half done", window=1, tries=1))
        writing_session().flush()
        raise payload.get("error") or ValueError("no luck")

    def hopeless(payload: dict[str, Any], now: datetime) -> None:
        raise Permanent("never")

    def perform(thing: Any, key: str) -> str:
        assert not db.session().in_transaction()
        done.append((thing, key))
        return "noted"

    work().add(
        DatabaseTask("test.do", lambda payload, now: done.append(payload["n"])),
        DatabaseTask("test.fail", fail),
        DatabaseTask("test.hopeless", hopeless),
        OutsideTask("test.tell", lambda p, now: p.get("n"), perform, lambda p, said, now: done.append(said)),
        Handler("test.hear", BellRang, lambda event, event_id, now: done.append((event, event_id))),
    )
    yield app


def ask(kind: str, key: str = "k", run_after: datetime = NOW, **payload: Any) -> None:
    with write_transaction():
        enqueue(kind, key, payload, run_after)


def job(key: str = "k") -> Job:
    db.session.expire_all()
    return db.session.scalars(select(Job).where(Job.key == key)).one()


def test_a_job_is_done_once(busy: Flask, catch_up: Callable[[], int], done: list[Any]) -> None:
    ask("test.do", n=1)
    assert (catch_up(), catch_up()) == (1, 0)
    assert done == [1]
    assert job().state == "done"


def test_the_same_key_is_asked_for_once(busy: Flask, catch_up: Callable[[], int], done: list[Any]) -> None:
    ask("test.do", n=1)
    ask("test.do", n=2)
    catch_up()
    assert done == [1]


def test_a_job_for_later_waits(busy: Flask, catch_up: Callable[[], int], done: list[Any], clock: Clock) -> None:
    ask("test.do", run_after=NOW + timedelta(hours=1), n=1)
    assert catch_up() == 0
    clock.forward(hours=1)
    assert catch_up() == 1


def test_a_job_of_a_transaction_that_failed_is_never_there(busy: Flask, catch_up: Callable[[], int]) -> None:
    with pytest.raises(ZeroDivisionError), write_transaction():
        enqueue("test.do", "k", {"n": 1}, NOW)
        _ = 1 / 0
    assert catch_up() == 0


def test_a_failed_task_leaves_nothing_and_is_tried_later(
    busy: Flask, catch_up: Callable[[], int], clock: Clock
) -> None:
    ask("test.fail")
    catch_up()
    assert (job().state, job().attempts) == ("queued", 1)
    assert "no luck" in job().last_error
    assert job().run_after == NOW + timedelta(seconds=30)
    assert db.session.get(Attempt, ("half done", 1)) is None
    assert catch_up() == 0


def test_a_job_that_always_fails_dies_and_can_be_revived(
    busy: Flask, catch_up: Callable[[], int], clock: Clock
) -> None:
    ask("test.fail")
    for _ in range(MOST_ATTEMPTS):
        catch_up()
        clock.forward(hours=7)
    assert job().state == "dead"
    with write_transaction():
        revive(job(), clock())
    assert job().state == "queued"
    assert catch_up() == 1


def test_a_permanent_failure_dies_at_once(busy: Flask, catch_up: Callable[[], int]) -> None:
    ask("test.hopeless")
    catch_up()
    assert job().state == "dead"


def test_a_kind_that_nobody_knows_dies_instead_of_stopping_the_others(
    busy: Flask, catch_up: Callable[[], int], done: list[Any]
) -> None:
    ask("test.unknown")
    ask("test.do", key="other", n=1)
    catch_up()
    assert job().state == "dead"
    assert done == [1]


def test_an_outside_task_runs_with_no_transaction_open_under_its_key(
    busy: Flask, catch_up: Callable[[], int], done: list[Any]
) -> None:
    ask("test.tell", n=5)
    catch_up()
    assert done == [(5, "k"), "noted"]


def test_an_outside_task_with_nothing_left_to_do_is_just_done(
    busy: Flask, catch_up: Callable[[], int], done: list[Any]
) -> None:
    ask("test.tell")
    catch_up()
    assert (done, job().state) == ([], "done")


def test_a_job_left_behind_by_a_dead_worker_is_taken_after_its_lease(
    busy: Flask, catch_up: Callable[[], int], done: list[Any], clock: Clock
) -> None:
    ask("test.tell", n=1)
    with write_transaction():
        left = job()
        left.state, left.leased_until, left.lease = "running", NOW + LEASE, "somebody"
    assert catch_up() == 0
    clock.forward(minutes=3)
    assert catch_up() == 1
    assert done == [(1, "k"), "noted"]


def test_an_event_commits_with_a_job_for_its_handler(busy: Flask, catch_up: Callable[[], int], done: list[Any]) -> None:
    with write_transaction():
        row = emit(BellRang(times=3), NOW)
    catch_up()
    assert done == [(BellRang(times=3), row.id)]
    assert db.session.get_one(EventRow, row.id).payload == {"times": 3}


def test_two_tasks_cannot_have_one_name(busy: Flask) -> None:
    with pytest.raises(ValueError, match=r"test\.do"):
        work().add(DatabaseTask("test.do", lambda p, n: None))


def test_a_clockwork_runs_when_it_is_due_and_one_bad_row_stops_no_other(
    busy: Flask, catch_up: Callable[[], int], done: list[Any], clock: Clock
) -> None:
    def act(number: int, now: datetime) -> None:
        writing_session()
        if number == 2:
            raise ValueError("bad row")
        done.append(number)

    work().add(Clockwork("test.clock", timedelta(minutes=10), lambda now: [1, 2, 3], act))
    catch_up()
    catch_up()
    assert done == [1, 3]
    clock.forward(minutes=10)
    catch_up()
    assert done == [1, 3, 1, 3]


def test_a_task_that_the_database_always_refuses_does_not_hold_up_the_others(
    busy: Flask, catch_up: Callable[[], int], done: list[Any]
) -> None:
    def refuse(payload: dict[str, Any], now: datetime) -> None:
        raise OperationalError("SELECT 1", {}, Exception("refused"))

    work().add(DatabaseTask("test.refused", refuse))
    ask("test.refused")
    ask("test.do", key="other", n=1)
    catch_up()
    assert done == [1]
    assert (job().state, job().attempts) == ("queued", 1)
