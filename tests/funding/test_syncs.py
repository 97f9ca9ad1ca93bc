"""Runs of a source: begun once, gone on with, ended with a word to whoever listens."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from coopgov.funding.models import Sync
from coopgov.funding.queries.syncs import ages, last_reading, readings, runs
from coopgov.funding.services import sync
from coopgov.funding.services.sync import Step
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from tests.conftest import NOW

LATER = NOW + timedelta(minutes=5)


def begun(source: str = "stripe") -> int:
    with write_transaction():
        return sync.begin(source, {"at": 0}, NOW).id


def advanced(run_id: int, before: int, after: int, **fields: int) -> bool:
    step = Step(before={"at": before}, after={"at": after}, **({"done": 10, "changed": 2} | fields))
    with write_transaction():
        return sync.advance(run_id, step, LATER)


def row(run_id: int) -> Sync:
    db.session.rollback()
    return db.session.get_one(Sync, run_id)


def test_a_run_counts_what_it_read_and_how_far_it_is(app: Flask) -> None:
    run_id = begun()
    assert advanced(run_id, 0, 10, total=25)
    assert advanced(run_id, 10, 20)
    run = row(run_id)
    assert (run.cursor, run.done, run.changed, run.total, run.seen_at) == ({"at": 20}, 20, 4, 25, LATER)


def test_a_run_that_was_left_behind_is_gone_on_with(app: Flask) -> None:
    run_id = begun()
    advanced(run_id, 0, 10)
    assert begun() == run_id
    assert row(run_id).cursor == {"at": 10}


def test_each_source_has_a_run_of_its_own(app: Flask) -> None:
    assert begun("stripe") != begun("opencollective")


def test_two_processes_at_one_run_move_it_once(app: Flask) -> None:
    run_id = begun()
    assert advanced(run_id, 0, 10)
    assert not advanced(run_id, 0, 10)
    assert row(run_id).done == 10


def test_a_total_is_never_less_than_what_was_read(app: Flask) -> None:
    run_id = begun()
    advanced(run_id, 0, 10, total=12)
    advanced(run_id, 10, 20)
    assert row(run_id).total == 20


def test_finishing_tells_that_the_source_was_read_once(app: Flask) -> None:
    run_id = begun()
    for _ in range(2):
        with write_transaction():
            sync.finish(run_id, LATER)
    found = last_reading("stripe")
    assert found is not None
    assert found.id == run_id
    assert found.finished_at == LATER
    assert db.session.scalar(select(func.count()).where(EventRow.name == "funding.source_read")) == 1
    assert not advanced(run_id, 0, 10)


def test_a_failed_run_is_no_reading_and_the_next_one_is_new(app: Flask) -> None:
    run_id = begun()
    with write_transaction():
        sync.fail(run_id, "The provider did not answer.", LATER)
    assert last_reading("stripe") is None
    [age] = ages(["stripe"])
    assert (age.read_at, age.is_running, age.failure) == (None, False, "The provider did not answer.")
    assert begun() != run_id


def test_readings_come_newest_first(app: Flask) -> None:
    ids = []
    for minutes in (1, 2):
        ids.append(begun())
        with write_transaction():
            sync.finish(ids[-1], NOW + timedelta(minutes=minutes))
    assert [run.id for run in readings("stripe")] == ids[::-1]
    under_way = begun()
    assert [run.id for run in runs("stripe")] == [under_way, *ids[::-1]]
    [age] = ages(["stripe"])
    assert age.is_running
    assert age.read_at == NOW + timedelta(minutes=2)
