"""The keys of secret votes: one file for each poll, in a folder that neither the database nor a backup holds.

While a poll is open its file is the only thing that opens the box; once it is destroyed, copies of the sealed box stay
sealed, wherever they are.
"""

import json
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

KEY_BYTES = 32
_NAME = "{}.keys"
_WAITING = "{}.new"
_FIELDS = ("box", "sign", "tie_secret")


@dataclass(frozen=True)
class PollKeys:
    """What opens a box, what signs for the poll, and what decides its ties; nothing of it shows when printed."""

    box: bytes = field(repr=False)
    sign: bytes = field(repr=False)
    tie_secret: str = field(repr=False)


class KeysMissing(LookupError):
    """The folder is well and the keys of this poll are not in it, or not whole: nothing opens its box any more."""


class Fault(StrEnum):
    """Why a folder cannot be trusted with keys: it is not there, others may look into it, we may not write."""

    ABSENT = "absent"
    SHARED = "shared"
    UNWRITABLE = "unwritable"


class FolderUnfit(Exception):
    """The folder of keys cannot be used now, which says nothing about what is in it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Keyring:
    """The keys of all polls that are not closed yet, in ``folder``; ``draw`` gives so many random bytes."""

    def __init__(self, folder: Path, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._folder = folder
        self._draw = draw

    def fault(self) -> Fault | None:
        """Why the folder cannot be used; None when it can."""
        if not self._folder.is_dir():
            return Fault.ABSENT
        if self._folder.stat().st_mode & 0o077:
            return Fault.SHARED
        return None if os.access(self._folder, os.R_OK | os.W_OK | os.X_OK) else Fault.UNWRITABLE

    def create(self, poll_id: int) -> PollKeys:
        """New keys for a poll that is about to open, on the disk when this returns; raises FolderUnfit.

        Call it with the write lock held: keys that are there already belong to an opening that never committed, and are
        destroyed.
        """
        self.destroy(poll_id)
        keys = PollKeys(self._draw(KEY_BYTES), self._draw(KEY_BYTES), self._draw(KEY_BYTES).hex())
        waiting = self._folder / _WAITING.format(poll_id)
        with _opened(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
            _write_through(file, _spelled(keys))
        waiting.rename(self._folder / _NAME.format(poll_id))
        self._settle()
        return keys

    def read(self, poll_id: int) -> PollKeys:
        """The keys of a poll that is open or being counted; raises KeysMissing, or FolderUnfit when nobody can tell."""
        self._require_fit()
        try:
            return _understood((self._folder / _NAME.format(poll_id)).read_bytes())
        except (FileNotFoundError, ValueError) as error:
            raise KeysMissing(poll_id) from error

    def destroy(self, poll_id: int) -> None:
        """Overwrites and removes the keys of this poll; harmless when there are none. Raises FolderUnfit."""
        self._require_fit()
        for name in (_NAME, _WAITING):
            path = self._folder / name.format(poll_id)
            if path.exists():
                _overwrite(path)
                path.unlink()
        self._settle()

    def left_over(self, running: Collection[int]) -> list[int]:
        """Ids of polls whose keys are here although they are not among the ``running``; raises FolderUnfit."""
        self._require_fit()
        suffixes = {Path(name).suffix for name in (_NAME, _WAITING)}
        files = (path for path in self._folder.iterdir() if path.suffix in suffixes and path.stem.isdecimal())
        return sorted({int(path.stem) for path in files} - set(running))

    def _require_fit(self) -> None:
        if fault := self.fault():
            raise FolderUnfit(fault)

    def _settle(self) -> None:
        """Waits until the names in the folder are on the disk as well."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _spelled(keys: PollKeys) -> bytes:
    texts = (keys.box.hex(), keys.sign.hex(), keys.tie_secret)
    return json.dumps(dict(zip(_FIELDS, texts, strict=True))).encode()


def _understood(written: bytes) -> PollKeys:
    found = json.loads(written)
    if not isinstance(found, dict) or sorted(found) != sorted(_FIELDS):
        raise ValueError("keys.fields")
    box, sign, tie_secret = (bytes.fromhex(str(found[name])) for name in _FIELDS)
    if {len(box), len(sign), len(tie_secret)} != {KEY_BYTES}:
        raise ValueError("keys.length")
    return PollKeys(box, sign, tie_secret.hex())


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor for our eyes only; a link in its place is not followed."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_through(descriptor: int, content: bytes) -> None:
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _overwrite(path: Path) -> None:
    with _opened(path, os.O_WRONLY) as file:
        _write_through(file, bytes(path.stat().st_size))
