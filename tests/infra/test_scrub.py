"""What was deleted can be read nowhere in the live files, once nobody reads it any more."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from coopgov.infra.db import LOCK_TIMEOUT_S, engine_options
from coopgov.infra.scrub import TRIES, scrub

PLANTED = "planted-with-care-"
ROWS = 200
PATIENT = 20 * TRIES  # where other workers of the same test run write in databases of their own
TABLE = "CREATE TABLE box (handle text PRIMARY KEY, sealed text)"


class Waits:
    """Counts how often it was asked to wait, and does not."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.times, self._then = 0, then

    def __call__(self, _seconds: float) -> None:
        self.times += 1
        self._then()


def fill(engine: Engine) -> None:
    with engine.connect().execution_options(write=True) as connection:
        connection.execute(text(TABLE))
        for n in range(ROWS):
            row = {"handle": f"{PLANTED}{n}", "sealed": f"{PLANTED}{n} " * 40}
            connection.execute(text("INSERT INTO box VALUES (:handle, :sealed)"), row)
        connection.execute(text("INSERT INTO box VALUES ('kept', 'kept')"))
        connection.commit()


def empty(engine: Engine) -> None:
    with engine.connect().execution_options(write=True) as connection:
        connection.execute(text("DELETE FROM box WHERE handle <> 'kept'"))
        connection.commit()


def kept(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT handle FROM box")))


# SQLite


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'box.db'}", hide_parameters=True)
    fill(made)
    yield made
    made.dispose()


@pytest.fixture
def reader(engine: Engine) -> Iterator[sqlite3.Connection]:
    """Somebody who reads the box as it was when it was full, until they commit."""
    with closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as connection:
        connection.execute("begin")
        assert connection.execute("select count(*) from box").fetchone() == (ROWS + 1,)
        yield connection


def traces(engine: Engine) -> dict[str, int]:
    """How often what was planted stands in each file of the database."""
    path = Path(str(engine.url.database))
    return {
        p.name: found for p in path.parent.glob(f"{path.name}*") if (found := p.read_bytes().count(PLANTED.encode()))
    }


def test_before_it_is_emptied_the_files_are_full_of_it(engine: Engine) -> None:
    assert sum(traces(engine).values()) > ROWS


def test_nothing_of_what_was_deleted_is_left(engine: Engine) -> None:
    empty(engine)
    assert traces(engine)
    assert scrub(engine, "box")
    assert traces(engine) == {}
    assert kept(engine) == ["kept"]


def test_what_another_program_deleted_without_overwriting_goes_as_well(engine: Engine) -> None:
    with closing(sqlite3.connect(str(engine.url.database))) as other:
        other.execute("pragma secure_delete=off")
        other.execute("delete from box where handle <> 'kept'")
        other.commit()
    assert scrub(engine, "box")
    assert traces(engine) == {}


def test_while_somebody_reads_what_was_it_gives_up_and_says_so(engine: Engine, reader: sqlite3.Connection) -> None:
    empty(engine)
    waits = Waits()
    assert not scrub(engine, "box", tries=2, wait=waits)
    assert waits.times == 2
    assert traces(engine)
    reader.execute("commit")
    assert scrub(engine, "box")
    assert traces(engine) == {}


def test_it_goes_on_as_soon_as_the_reader_is_done(engine: Engine, reader: sqlite3.Connection) -> None:
    empty(engine)
    assert scrub(engine, "box", wait=Waits(lambda: reader.execute("commit") if reader.in_transaction else None))
    assert traces(engine) == {}


def test_a_writer_who_holds_the_database_is_waited_for_later(engine: Engine) -> None:
    empty(engine)
    with closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as writer:
        writer.execute("begin immediate")
        with closing(engine.raw_connection()) as pooled:
            pooled.driver_connection.execute("pragma busy_timeout=50")  # type: ignore[union-attr]
        assert not scrub(engine, "box")
        writer.execute("commit")
    assert scrub(engine, "box")


def test_it_may_be_repeated(engine: Engine) -> None:
    empty(engine)
    assert [scrub(engine, "box") for _ in range(3)] == [True] * 3
    assert kept(engine) == ["kept"]


def test_the_connection_is_as_patient_as_before(engine: Engine) -> None:
    scrub(engine, "box")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("pragma busy_timeout").scalar() == LOCK_TIMEOUT_S * 1000


def test_every_connection_overwrites_what_it_deletes(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.exec_driver_sql("pragma secure_delete").scalar() == 1


# PostgreSQL


@pytest.fixture
def postgres(empty_postgres_url: str) -> Iterator[Engine]:
    made = create_engine(empty_postgres_url, **engine_options(empty_postgres_url))
    fill(made)
    yield made
    made.dispose()


def in_its_file(engine: Engine) -> int:
    """How often what was planted stands in the table's file, once it is on the disk."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        content = connection.scalar(text("SELECT pg_read_binary_file(pg_relation_filepath('box'))"))
        return bytes(content or b"").count(PLANTED.encode())


def test_the_table_gets_a_file_without_what_was_deleted(postgres: Engine) -> None:
    empty(postgres)
    assert in_its_file(postgres) > ROWS
    assert scrub(postgres, "box", tries=PATIENT)
    assert in_its_file(postgres) == 0
    assert kept(postgres) == ["kept"]
    assert scrub(postgres, "box", tries=PATIENT)


def test_while_a_transaction_sees_what_was_the_table_waits(postgres: Engine) -> None:
    with postgres.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        assert reader.scalar(text("SELECT count(*) FROM box")) == ROWS + 1
        reader.execute(text("SELECT 1"))
        empty(postgres)
        waits = Waits()
        assert not scrub(postgres, "box", tries=3, wait=waits)
        assert waits.times == 3
        assert in_its_file(postgres) > ROWS
        reader.rollback()
    assert scrub(postgres, "box", tries=PATIENT)
    assert in_its_file(postgres) == 0


@pytest.mark.parametrize("database", ["postgres", ""])
def test_while_somebody_writes_who_began_before_the_table_waits(postgres: Engine, database: str) -> None:
    elsewhere = create_engine(postgres.url.set(database=database or postgres.url.database))
    with elsewhere.connect() as writer:
        writer.execute(text("SELECT pg_current_xact_id()"))  # from now on it can write, and reads nothing
        empty(postgres)
        waits = Waits()
        assert not scrub(postgres, "box", tries=3, wait=waits)
        assert waits.times == 3
        assert in_its_file(postgres) > ROWS
        writer.rollback()
    elsewhere.dispose()
    assert scrub(postgres, "box", tries=PATIENT)
    assert in_its_file(postgres) == 0


def test_a_table_that_is_locked_is_left_for_later(postgres: Engine) -> None:
    empty(postgres)
    url = postgres.url.update_query_dict({"options": "-c lock_timeout=50ms"})
    hasty = create_engine(url)
    with postgres.connect() as holder:
        holder.execute(text("LOCK TABLE box IN ACCESS SHARE MODE"))
        assert not scrub(hasty, "box", tries=1, wait=Waits())
        holder.rollback()
    assert scrub(hasty, "box", tries=PATIENT)
    hasty.dispose()
