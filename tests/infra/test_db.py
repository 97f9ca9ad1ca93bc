"""One writer, alone, and nothing outside it: on both databases."""

import sqlite3
import threading
from contextlib import closing

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from coopgov.identity.models import Attempt
from coopgov.infra import audit
from coopgov.infra.db import _sqlite_settings, db, write_transaction, writing_session
from coopgov.infra.facts import missing_triggers
from coopgov.infra.migrate import differences
from tests.conftest import NOW


def tries(key: str = "k") -> int:
    return db.session.scalar(select(Attempt.tries).where(Attempt.key == key)) or 0


def add(key: str) -> None:
    with write_transaction() as session:
        session.add(Attempt(key=key, window=1, tries=1))


def test_a_write_works_after_a_read(app: Flask) -> None:
    assert tries() == 0
    add("k")
    assert tries() == 1


def test_a_second_transaction_inside_one_is_refused_and_undoes_the_first(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="already open"), write_transaction() as session:
        session.add(Attempt(key="k", window=1, tries=1))
        session.flush()
        add("other")
    assert (tries("k"), tries("other")) == (0, 0)


def test_a_change_made_before_the_transaction_is_refused(app: Flask) -> None:
    db.session.add(Attempt(key="k", window=1, tries=1))
    with pytest.raises(RuntimeError, match="before the transaction"):
        add("other")
    db.session.rollback()


def test_a_change_outside_is_refused(app: Flask) -> None:
    db.session.add(Attempt(key="k", window=1, tries=1))
    with pytest.raises(RuntimeError, match="outside"):
        db.session.flush()
    db.session.rollback()


def test_a_bulk_change_outside_is_refused(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="outside"):
        db.session.execute(update(Attempt).values(tries=2))
    db.session.rollback()


def test_a_commit_inside_is_refused(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="give its lock away"), write_transaction() as session:
        session.add(Attempt(key="k", window=1, tries=1))
        session.commit()
    assert tries() == 0


def test_a_service_without_a_transaction_is_refused(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="needs a write transaction"):
        writing_session()


def test_the_constraint_is_the_last_word_and_leaves_nothing(app: Flask) -> None:
    add("k")
    with pytest.raises(IntegrityError):
        add("k")
    add("after")
    assert tries("after") == 1


def test_four_writers_lose_no_update_and_make_one_audit_chain(app: Flask) -> None:
    add("k")
    errors: list[BaseException] = []

    def work() -> None:
        with app.app_context():
            try:
                for _ in range(50):
                    tries()
                    with write_transaction() as session:
                        session.get_one(Attempt, ("k", 1)).tries += 1
                        audit.record("system", "tried", "attempt:k", NOW)
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert tries() == 201
    assert audit.head()[0] == 200
    assert audit.broken_at() is None


def test_an_object_read_before_is_read_again_under_the_lock(app: Flask) -> None:
    add("k")
    row = db.session.get_one(Attempt, ("k", 1))

    def other() -> None:
        with app.app_context(), write_transaction() as session:
            session.get_one(Attempt, ("k", 1)).tries = 7

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    with write_transaction():
        assert row.tries == 7


def test_a_reader_does_not_wait_for_a_writer(app: Flask) -> None:
    add("k")
    seen: list[int] = []

    def read() -> None:
        with app.app_context():
            seen.append(tries())

    with write_transaction() as session:
        session.get_one(Attempt, ("k", 1)).tries = 9
        session.flush()
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(5)
        assert seen == [1]


@pytest.mark.parametrize("change", ["UPDATE audit SET act = 'x'", "DELETE FROM audit"])
def test_a_fact_cannot_be_changed_or_deleted(app: Flask, change: str) -> None:
    with write_transaction():
        audit.record("system", "began", "coop:1", NOW)
    with pytest.raises(DBAPIError, match="facts and never change"), write_transaction() as session:
        session.execute(text(change))


def test_replacing_a_fact_is_refused_too(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite has REPLACE")
    with write_transaction():
        audit.record("system", "began", "coop:1", NOW)
    with pytest.raises(DBAPIError, match="facts and never change"), write_transaction() as session:
        session.execute(text("REPLACE INTO audit SELECT number, at, actor, 'x', object, details, seal FROM audit"))


def test_the_migrated_schema_is_the_models_and_guarded(app: Flask) -> None:
    with db.engine.connect() as connection:
        assert differences(connection) == []
        assert missing_triggers(connection) == []


def test_an_edited_and_a_missing_audit_row_are_found(app: Flask) -> None:
    with write_transaction():
        for _ in range(5):
            audit.record("system", "began", "coop:1", NOW)
    assert audit.broken_at() is None
    with write_transaction() as session:
        _without_triggers(session, "UPDATE audit SET actor = 'mallory' WHERE number = 4")
    assert audit.broken_at() == 4
    with write_transaction() as session:
        _without_triggers(session, "DELETE FROM audit WHERE number = 2")
    assert audit.broken_at() == 2


def _without_triggers(session: object, statement: str) -> None:
    execute = session.execute  # type: ignore[attr-defined]
    if db.engine.dialect.name == "sqlite":
        for name in ("audit_no_update", "audit_no_delete"):
            execute(text(f"DROP TRIGGER IF EXISTS {name}"))
    else:
        execute(text("SET LOCAL session_replication_role = replica"))
    execute(text(statement))


def test_times_come_back_as_utc(app: Flask) -> None:
    with write_transaction():
        audit.record("system", "began", "coop:1", NOW)
    row = db.session.scalars(select(audit.AuditRow)).one()
    assert row.at == NOW
    assert row.at.tzinfo is not None
    assert db.session.scalar(select(func.count()).where(audit.AuditRow.at <= NOW)) == 1


def test_sqlite_waits_for_the_disk_before_it_says_that_something_is_saved() -> None:
    """In production; in tests it does not, as there is no power cut to survive."""
    with closing(sqlite3.connect(":memory:")) as connection:
        _sqlite_settings(connection, None)
        assert connection.execute("pragma synchronous").fetchone() == (2,)
        assert connection.execute("pragma foreign_keys").fetchone() == (1,)
