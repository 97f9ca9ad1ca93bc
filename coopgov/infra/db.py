"""The database handle and the one way to write.

A route, a CLI command or the worker opens ``write_transaction()``, once; services require an open one and never
commit. Reads use a plain session. SQLite writers take ``BEGIN IMMEDIATE`` (a read that grows into a write is answered
with SQLITE_BUSY); PostgreSQL writers take one advisory lock as their first statement under READ COMMITTED, so that
each later statement sees what the writer before committed. Both give one writer at a time.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, String, Text, event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from coopgov.tally.canonical import canonical

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
WRITE_LOCK = 7264  # any number, the same in every process of the installation
LOCK_TIMEOUT_S = 10
POOL = {"isolation_level": "READ COMMITTED", "pool_pre_ping": True, "pool_size": 10}
PG_OPTIONS = f"-c lock_timeout={LOCK_TIMEOUT_S}s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"


class Base(DeclarativeBase):
    """Parent of all tables; constraints are named so that migrations can drop them."""

    metadata = MetaData(naming_convention=NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant. SQLite drops zones, so it is stored as naive UTC there and given its zone back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC for the driver; raises ValueError for a naive value, whose instant nobody can know."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no instant")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored instant, aware in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CanonicalText(TypeDecorator[Any]):
    """A plain value as its canonical JSON text: equal values are equal texts, which can be compared and grouped.

    Lists come back as tuples. Raises ValueError for what has no canonical form (tally/canonical.py).
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The text for the driver."""
        return None if value is None else canonical(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value, its lists as tuples."""
        return None if value is None else frozen(json.loads(value))


def frozen(value: Any) -> Any:
    """A plain value with its lists as tuples, all the way down."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


class small_letters(FunctionElement[str]):
    """A text in small letters, of every script, for searches: PostgreSQL's lower() as far as the database's locale
    knows letters, Python's on SQLite, whose own knows A to Z alone."""

    type = String()
    inherit_cache = True


@compiles(small_letters)
def _small_on_postgres(element: FunctionElement[str], compiler: SQLCompiler, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(small_letters, "sqlite")
def _small_on_sqlite(element: FunctionElement[str], compiler: SQLCompiler, **options: Any) -> str:
    return f"small_letters({compiler.process(element.clauses, **options)})"


db = SQLAlchemy(model_class=Base, disable_autonaming=True)


def engine_options(url: str) -> dict[str, Any]:
    """How to open ``url``: pool and time-outs for PostgreSQL, none for SQLite (its settings follow on connect).

    Errors name no values: they are logged, and a value may be somebody's address or words.
    """
    pool = {**POOL, "connect_args": {"options": PG_OPTIONS}} if url.startswith("postgresql") else {}
    return {**pool, "hide_parameters": True}


@event.listens_for(Engine, "connect")
def _sqlite_settings(connection: DBAPIConnection, _: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # _sqlite_begin below says BEGIN; the driver never does
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",  # ballots and money must survive a power cut
        "foreign_keys=on",
        "recursive_triggers=on",  # or REPLACE would get around the triggers of fact tables
        f"busy_timeout={LOCK_TIMEOUT_S * 1000}",
        "cache_size=-16000",
        "secure_delete=on",  # what is deleted is overwritten; no cost that could be measured
    ):
        connection.execute(f"pragma {pragma}")
    connection.create_function("small_letters", 1, lambda text: text and text.lower(), deterministic=True)


@event.listens_for(Engine, "begin")
def _sqlite_begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN")


@contextmanager
def write_transaction() -> Iterator[Session]:
    """One short write, alone: ends the read before it, takes the one write lock, commits or rolls back.

    Rows read before are read again under the lock. Raises RuntimeError when nested, or when something was changed
    before it opened; OperationalError when the lock is not free within LOCK_TIMEOUT_S.
    """
    session = db.session()
    _refuse_unclean(session)
    session.rollback()
    session.info["writing"] = "body"
    try:
        connection = session.connection(execution_options={"write": True})
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(WRITE_LOCK)))
        yield session
        session.info["writing"] = "end"
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("writing", None)
        session.info.pop("audit_head", None)


def _refuse_unclean(session: Session) -> None:
    if session.info.get("writing"):
        raise RuntimeError("a write transaction is already open")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("changes made before the transaction would be lost")


def writing_session() -> Session:
    """The session of the caller's open write transaction; raises RuntimeError without one."""
    session = db.session()
    if session.info.get("writing") != "body":
        raise RuntimeError("this needs a write transaction")
    return session


@event.listens_for(Session, "before_flush")
def _only_in_a_write_transaction(session: Session, *_: object) -> None:
    if not session.info.get("writing"):
        raise RuntimeError("a change outside write_transaction()")


@event.listens_for(Session, "before_commit")
def _commit_only_at_its_end(session: Session) -> None:
    if session.info.get("writing") == "body":
        raise RuntimeError("commit inside write_transaction() would give its lock away")


@event.listens_for(Session, "do_orm_execute")
def _bulk_changes_too(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and not state.session.info.get("writing"):
        raise RuntimeError("a change outside write_transaction()")
