"""Backup, check and restore of an installation's records. The secret key is never in an archive: keep it apart."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from coopgov.infra import backup_postgres, backup_sqlite
from coopgov.infra.archive import VERSION, BackupError, Contents, Manifest, pack, part_of, sealed, unpack

PARTS = {"sqlite": backup_sqlite.PART, "postgresql": backup_postgres.PART}


def backup(database_url: str, data_dir: Path, target: Path, now: datetime, *, tools: Path | None = None) -> Manifest:
    """Writes ``target`` (``.tar``, or ``.tar.gz``) with a copy of the database as it is at one moment.

    Others may write meanwhile. ``data_dir`` holds the copy while it is packed; ``tools`` is the folder of PostgreSQL's
    programs, the PATH by default. Raises BackupError.
    """
    kind = _kind(database_url)
    with TemporaryDirectory(dir=data_dir, prefix=".backup-") as scratch:
        folder = Path(scratch)
        contents = _dump(kind, database_url, folder, tools)
        manifest = sealed(
            Manifest(
                version=VERSION,
                created_at=now.astimezone(UTC).isoformat(),
                kind=kind,
                contents=contents,
                parts={PARTS[kind]: part_of(folder / PARTS[kind])},
            )
        )
        pack(target, manifest, folder)
    return manifest


def check(archive: Path, *, tools: Path | None = None) -> Manifest:
    """The manifest of ``archive`` once it is proved: hashes, the database's own checks, and the count of every table.

    Raises BackupError for whatever is not as it was written.
    """
    with TemporaryDirectory(prefix="coopgov-check-") as scratch:
        return _proved(archive, Path(scratch), tools)


def restore(
    archive: Path, data_dir: Path, database_url: str, *, replace: bool = False, tools: Path | None = None
) -> Manifest:
    """Puts the database of ``archive`` back after proving it; the former one stays until the new one is whole.

    Raises BackupError for a bad archive, another kind of database, one that is in use, or one that holds tables
    unless ``replace``.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=data_dir, prefix=".restore-") as scratch:
        manifest = _proved(archive, Path(scratch), tools)
        if manifest.kind != _kind(database_url):
            raise BackupError(f"The backup is of {manifest.kind}, COOPGOV_DATABASE_URL names {_kind(database_url)}.")
        copy = Path(scratch) / PARTS[manifest.kind]
        if manifest.kind == "sqlite":
            backup_sqlite.put_back(copy, database_url, replace=replace)
        else:
            backup_postgres.put_back(copy, database_url, replace=replace, tools=tools)
    return manifest


def _kind(database_url: str) -> str:
    kind = database_url.split(":")[0].split("+")[0]
    if kind not in PARTS:
        raise BackupError(f"Only SQLite and PostgreSQL can be copied, not {kind!r}.")
    return kind


def _dump(kind: str, database_url: str, folder: Path, tools: Path | None) -> Contents:
    if kind == "sqlite":
        return backup_sqlite.dump(database_url, folder)
    return backup_postgres.dump(database_url, folder, tools)


def _proved(archive: Path, folder: Path, tools: Path | None) -> Manifest:
    manifest = unpack(archive, folder)
    if list(manifest.parts) != [PARTS.get(manifest.kind)]:
        raise BackupError("The backup does not hold the database that its manifest names.")
    copy = folder / PARTS[manifest.kind]
    if manifest.kind == "sqlite":
        found = backup_sqlite.prove(copy)
    else:
        found = backup_postgres.prove(copy, manifest.contents, tools)
    if found != manifest.contents:
        raise BackupError("The backup does not hold the rows that its manifest counts.")
    return manifest
