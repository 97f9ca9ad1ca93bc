"""Copies of an SQLite database: taken while others write, proved on their own, put back in one step."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url

from coopgov.infra.archive import BackupError, Contents

PART = "database.sqlite3"


def dump(database_url: str, folder: Path) -> Contents:
    """Copies the database into ``folder`` as it is at one moment; writers are not kept waiting."""
    source = _file(database_url)
    if not source.is_file():
        raise BackupError(f"There is no database at {source}.")
    copy = folder / PART
    with _opened(source, "rw") as live, _opened(copy, "rwc") as target:
        live.backup(target)
        target.execute("pragma journal_mode = delete")  # one file, without the -wal beside it
    return prove(copy)


def prove(copy: Path) -> Contents:
    """What ``copy`` holds; raises BackupError unless SQLite finds it whole and every reference leads somewhere."""
    with _opened(copy, "ro") as database:
        if (found := database.execute("pragma integrity_check").fetchone()[0]) != "ok":
            raise BackupError(f"The database is damaged: {found}.")
        if broken := database.execute("pragma foreign_key_check").fetchone():
            raise BackupError(f"The database is damaged: a row of {broken[0]} refers to nothing.")
        return _contents(database)


def put_back(copy: Path, database_url: str, *, replace: bool) -> None:
    """Makes ``copy`` the database; raises BackupError when there is one in use, or with rows and not ``replace``."""
    target = _file(database_url)
    if not replace and not _is_empty(target):
        raise BackupError(f"There is a database at {target}: add --replace to overwrite it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    _take_out_of_use(target)
    beside = target.with_name(f".{target.name}.restored")
    try:
        shutil.copyfile(copy, beside)
        beside.chmod(0o600)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _take_out_of_use(target: Path) -> None:
    """Leaves ``target`` without a write-ahead log, which would be played onto the file that replaces it."""
    if target.exists():
        with suppress(_Damaged), _opened(target, "rw", 1) as database:  # a damaged one may be what is being mended
            database.execute("pragma journal_mode = delete")
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)


def _file(database_url: str) -> Path:
    name = make_url(database_url).database
    if not name or name == ":memory:":
        raise BackupError("A database in memory cannot be copied: set COOPGOV_DATABASE_URL to a file.")
    return Path(name)


class _Damaged(BackupError):
    """The file is no SQLite database, or not any more."""


@contextmanager
def _opened(path: Path, mode: str, patience_s: float = 10) -> Iterator[sqlite3.Connection]:
    address = f"{path.resolve().as_uri()}?mode={mode}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=patience_s)) as database:
            database.isolation_level = None
            yield database
    except sqlite3.OperationalError as error:
        raise BackupError(f"{path.name} cannot be used: {error}. Stop coopgov first.") from error
    except sqlite3.DatabaseError as error:
        raise _Damaged(f"{path.name} is damaged: {error}.") from error


def _is_empty(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return True
    try:
        with _opened(path, "ro") as database:
            return not _tables(database)
    except BackupError:
        return False


def _tables(database: sqlite3.Connection) -> list[str]:
    query = "select name from sqlite_master where type = 'table' and name not like 'sqlite#_%' escape '#' order by name"
    return [name for (name,) in database.execute(query)]


def _contents(database: sqlite3.Connection) -> Contents:
    tables = _tables(database)
    rows = {name: _count(database, name) for name in tables}
    revision = (
        database.execute("select version_num from alembic_version").fetchone() if "alembic_version" in rows else None
    )
    head = (
        database.execute("select number, seal from audit order by number desc").fetchone() if "audit" in rows else None
    )
    return Contents(
        revision=revision[0] if revision else "",
        rows=rows,
        audit_number=head[0] if head else 0,
        audit_seal=head[1] if head else "",
    )


def _count(database: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return int(database.execute(f'select count(*) from "{quoted}"').fetchone()[0])  # noqa: S608 - names from the schema
