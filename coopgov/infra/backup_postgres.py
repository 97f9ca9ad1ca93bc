"""Copies of a PostgreSQL database, by its own tools: pg_dump, pg_restore, psql."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from coopgov.infra.archive import BackupError, Contents

PART = "database.dump"
AFRESH = "drop schema public cascade; create schema public"
_COPY = re.compile(rb'COPY public\.("?)(.+?)\1 \(.*\) FROM stdin;\n')


def dump(database_url: str, folder: Path, tools: Path | None = None) -> Contents:
    """Dumps the database into ``folder``; rows are counted in the same snapshot. ``tools``: folder of the programs."""
    url = make_url(database_url)
    with _connected(url, "REPEATABLE READ") as connection:
        snapshot = connection.scalar(text("select pg_export_snapshot()"))
        contents = _contents(connection)
        _run(
            ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"],
            [f"--file={folder / PART}", f"--dbname={_address(url)}"],
            url,
            tools,
        )
    return contents


def prove(copy: Path, contents: Contents, tools: Path | None = None) -> Contents:
    """``contents`` with the rows that the dump really holds, counted without a server."""
    script = copy.with_suffix(".data.sql")
    _run(["pg_restore", "--data-only", f"--file={script}", str(copy)], [], None, tools)
    with script.open("rb") as lines:
        found = _rows_in(lines)
    script.unlink()
    return Contents(
        revision=contents.revision,
        rows=found,
        audit_number=contents.audit_number,
        audit_seal=contents.audit_seal,
    )


def put_back(copy: Path, database_url: str, *, replace: bool, tools: Path | None = None) -> None:
    """Loads the dump in one transaction, so that the former rows stay if it fails.

    Raises BackupError when there are tables and not ``replace``.
    """
    url = make_url(database_url)
    with _connected(url, "READ COMMITTED") as connection:
        if inspect(connection).get_table_names() and not replace:
            raise BackupError(f"There are tables in {url.database}: add --replace to overwrite them.")
    script = copy.with_suffix(".sql")
    _run(["pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(copy)], [], None, tools)
    quiet = ["psql", "--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    _run(quiet, [f"--command={AFRESH}", f"--file={script}", f"--dbname={_address(url)}"], url, tools)


def _rows_in(lines: Iterator[bytes]) -> dict[str, int]:
    """Rows per table in a script of COPY blocks, where one line is one row."""
    rows: dict[str, int] = {}
    table = ""
    for line in lines:
        if table and line == b"\\.\n":
            table = ""
        elif table:
            rows[table] += 1
        elif begins := _COPY.fullmatch(line):
            table = begins[2].decode()
            rows[table] = 0
    return rows


@contextmanager
def _connected(url: URL, isolation: Literal["READ COMMITTED", "REPEATABLE READ"]) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool, isolation_level=isolation)
    with engine.connect() as connection:
        yield connection


def _contents(connection: Connection) -> Contents:
    tables = sorted(inspect(connection).get_table_names(schema="public"))
    quote = connection.dialect.identifier_preparer.quote_identifier
    rows = {name: connection.scalar(text(f"select count(*) from public.{quote(name)}")) or 0 for name in tables}  # noqa: S608
    revision = connection.scalar(text("select version_num from alembic_version")) if "alembic_version" in rows else None
    newest = text("select number, seal from audit order by number desc limit 1")
    head = connection.execute(newest).first() if "audit" in rows else None
    return Contents(
        revision=revision or "",
        rows=rows,
        audit_number=head[0] if head else 0,
        audit_seal=head[1] if head else "",
    )


def _address(url: URL) -> str:
    """``url`` as the PostgreSQL programs know it, without the password, which other users could read in ``ps``."""
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return plain.render_as_string(hide_password=False)


def _run(command: list[str], arguments: list[str], url: URL | None, tools: Path | None) -> None:
    """Runs one of PostgreSQL's programs; raises BackupError with the first error that it tells when it fails."""
    program = shutil.which(command[0], path=str(tools) if tools else None)
    if program is None:
        raise BackupError(f"{command[0]} is missing: install PostgreSQL's programs (Debian: postgresql-client).")
    password = {"PGPASSWORD": str(url.password)} if url is not None and url.password else {}
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [program, *command[1:], *arguments], env={**os.environ, **password}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error:" in line.lower()] or done.stderr.splitlines()
        raise BackupError(f"{command[0]} failed: {said[0] if said else 'it gave no reason'}")
