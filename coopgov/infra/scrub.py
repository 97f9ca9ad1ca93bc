"""Leaves nothing behind of rows that were deleted: not in the database's files, as far as a database can see to it."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from coopgov.infra.db import LOCK_TIMEOUT_S

TRIES = 20
PATIENCE_MS = 250  # how long one try may keep writers waiting; readers never wait
PAUSE_S = 0.25  # in which they get on
_LOCK_NOT_AVAILABLE = "55P03"
_WRITES_SINCE_THEN = "pg_snapshot_xmin(pg_current_snapshot()) < CAST(CAST(:xid AS text) AS xid8)"
_READS_WHAT_WAS = (
    "EXISTS (SELECT 1 FROM pg_stat_activity WHERE (datname = current_database() OR datname IS NULL)"
    " AND pid <> pg_backend_pid() AND age(backend_xmin) >= age(CAST(CAST(CAST(:xid AS text) AS xid8) AS xid)))"
)
_IS_KEPT = text(f"SELECT {_WRITES_SINCE_THEN} OR {_READS_WHAT_WAS}")


def scrub(engine: Engine, table: str, *, tries: int = TRIES, wait: Callable[[float], None] = time.sleep) -> bool:
    """True once the live files hold nothing of what was deleted from ``table``; False while somebody still reads or
    writes what was there before, after so many ``tries``: call it again later. Harmless when repeated.

    The caller has no transaction open, not even one that reads. SQLite writes its whole file anew and empties the
    write-ahead log; PostgreSQL gives ``table`` a new file. What has left the live files before is out of reach: logs of
    PostgreSQL, standbys, copies, blocks that a disk keeps.
    """
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as pooled:
            connection = pooled.driver_connection
            assert isinstance(connection, sqlite3.Connection)
            return _written_anew(connection) and any(_log_emptied(connection, wait) for _ in range(tries))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        return _let_go(session, tries, wait) and _given_a_new_file(session, table)


def _written_anew(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("vacuum")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _log_emptied(connection: sqlite3.Connection, wait: Callable[[float], None]) -> bool:
    with _little_patience(connection):
        busy, _pages, _moved = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    if busy:
        wait(PAUSE_S)
    return not busy


@contextmanager
def _little_patience(connection: sqlite3.Connection) -> Iterator[None]:
    """While a checkpoint waits for readers it keeps writers out."""
    connection.execute(f"pragma busy_timeout={PATIENCE_MS}")
    try:
        yield
    finally:
        connection.execute(f"pragma busy_timeout={LOCK_TIMEOUT_S * 1000}")


def _let_go(session: Connection, tries: int, wait: Callable[[float], None]) -> bool:
    """Whether no transaction from before this moment is left: for those that read here, and for those that have written
    in any database of the server, VACUUM keeps what was deleted."""
    now = session.scalar(text("SELECT CAST(pg_current_xact_id() AS text)"))
    for _ in range(tries):
        if not session.scalar(_IS_KEPT, {"xid": now}):
            return True
        wait(PAUSE_S)
    return False


def _given_a_new_file(session: Connection, table: str) -> bool:
    name = session.dialect.identifier_preparer.quote_identifier(table)
    try:
        session.execute(text(f"VACUUM (FULL) {name}"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    return True
