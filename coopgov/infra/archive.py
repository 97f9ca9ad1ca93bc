"""The file that a backup is: a tar with a manifest that proves its parts."""

import hashlib
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any

VERSION = 1
MANIFEST = "manifest.json"
PART_NAMES = ("database.sqlite3", "database.dump")
MOST_MANIFEST_BYTES = 5_000_000
PIECE = 1 << 20


class BackupError(Exception):
    """Why a backup could not be made, believed or put back: a sentence for the person at the keyboard."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file in the archive."""

    sha256: str
    size: int  # bytes


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a database holds at the moment of the copy."""

    revision: str = ""  # of the schema; empty before the first migration
    rows: dict[str, int] = field(default_factory=dict)  # table → count
    audit_number: int = 0  # of the newest audit row; 0 without any
    audit_seal: str = ""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an archive says of itself. ``seal`` is the SHA-256 of everything else in it."""

    version: int
    created_at: str  # ISO 8601, UTC
    kind: str  # sqlite | postgresql
    contents: Contents
    parts: dict[str, Part]
    seal: str = ""


def sealed(manifest: Manifest) -> Manifest:
    """``manifest`` with the seal that fits it."""
    return replace(manifest, seal=hashlib.sha256(_text(replace(manifest, seal=""))).hexdigest())


def part_of(path: Path) -> Part:
    """Size and hash of a file."""
    with path.open("rb") as file:
        return Part(sha256=hashlib.file_digest(file, "sha256").hexdigest(), size=path.stat().st_size)


def pack(target: Path, manifest: Manifest, folder: Path) -> None:
    """Writes ``target`` with the parts in ``folder``, whole or not at all, readable by its owner only.

    Compressed when the name ends in ``.gz`` or ``.tgz``. Raises BackupError when the file is there already.
    """
    if target.exists():
        raise BackupError(f"{target} is there already: give another name.")
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _write(file, manifest, folder, compressed=target.suffix in (".gz", ".tgz"))
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _write(file: IO[bytes], manifest: Manifest, folder: Path, *, compressed: bool) -> None:
    with tarfile.open(fileobj=file, mode="w:gz" if compressed else "w") as tar:
        text = _text(manifest)
        tar.addfile(_entry(MANIFEST, len(text)), BytesIO(text))
        for part, facts in manifest.parts.items():
            with (folder / part).open("rb") as source:
                tar.addfile(_entry(part, facts.size), source)
    file.flush()
    os.fsync(file.fileno())


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def unpack(archive: Path, folder: Path) -> Manifest:
    """The manifest of ``archive``, its parts written to ``folder`` and compared with their hashes.

    Names in the archive are compared with the few that we write, never used as paths. Raises BackupError for
    anything that is not exactly as we wrote it.
    """
    with _open(archive) as tar:
        first = tar.next()
        if first is None or first.name != MANIFEST or not first.isreg() or first.size > MOST_MANIFEST_BYTES:
            raise BackupError("This is no backup of coopgov: it does not begin with a manifest.")
        manifest = _read_manifest(_stream(tar, first).read())
        waiting = dict(manifest.parts)
        while (member := tar.next()) is not None:
            expected = waiting.pop(member.name, None)
            if expected is None or not member.isreg() or member.size != expected.size:
                raise BackupError(f"The backup holds something that its manifest does not name: {member.name[:80]!r}.")
            _copy(_stream(tar, member), folder / member.name, expected)
    if waiting:
        raise BackupError(f"The backup is incomplete: {', '.join(waiting)} is missing.")
    return manifest


@contextmanager
def _open(archive: Path) -> Iterator[tarfile.TarFile]:
    if not archive.is_file():
        raise BackupError(f"There is no file {archive}.")
    try:
        with tarfile.open(archive, "r:*") as tar:
            yield tar
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise BackupError(f"The backup is damaged: {error}.") from error


def _stream(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    assert stream is not None  # regular files only get here
    return stream


def _copy(source: IO[bytes], target: Path, expected: Part) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        while piece := source.read(PIECE):
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != expected.sha256:
        raise BackupError(f"The backup is damaged: {target.name} is not what was written.")


def _text(manifest: Manifest) -> bytes:
    return json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()


def _read_manifest(text: bytes) -> Manifest:
    try:
        manifest = _from_plain(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupError("The manifest of the backup cannot be read.") from error
    if manifest.version != VERSION:
        raise BackupError(f"The backup has version {manifest.version}; this coopgov reads version {VERSION}.")
    if manifest != sealed(manifest) or _text(manifest) != text:
        raise BackupError("The manifest of the backup was changed after it was written.")
    if not set(manifest.parts) <= set(PART_NAMES):
        raise BackupError("The manifest names parts that coopgov does not write.")
    return manifest


def _from_plain(plain: dict[str, Any]) -> Manifest:
    parts = {name: Part(**part) for name, part in plain.pop("parts").items()}
    return Manifest(parts=parts, contents=Contents(**plain.pop("contents")), **plain)
