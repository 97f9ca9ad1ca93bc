"""Passwords at rest: Argon2id with the library's defaults, a few at a time, the same work for everybody."""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from coopgov.core.errors import Refused
from coopgov.core.ids import secret_token

AT_ONCE = 4  # each takes 64 MiB: a crowd at the door must not take the server's memory
WAIT_S = 5.0


class PasswordKeeper:
    """Makes and checks hashes. Only tests pass parameters: the defaults are RFC 9106's low-memory choice."""

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = AT_ONCE, wait_s: float = WAIT_S) -> None:
        self._hasher = hasher or PasswordHasher()
        self._places = threading.BoundedSemaphore(at_once)
        self._wait_s = wait_s

    def hash(self, password: str) -> str:
        """What to store for ``password``; raises Refused("try.busy") when too many are being hashed."""
        with self._place():
            return self._hasher.hash(_plain(password))

    def fits(self, stored: str | None, password: str) -> bool:
        """True when ``stored`` was made of ``password``. Takes as long when nothing is stored; raises as ``hash``."""
        decoy = self._decoy
        with self._place():
            try:
                self._hasher.verify(stored or decoy, _plain(password))
            except (Argon2Error, InvalidHashError):
                return False
        return stored is not None

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(secret_token())

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=self._wait_s):
            raise Refused("try.busy", wait_s=int(self._wait_s) or 1)
        try:
            yield
        finally:
            self._places.release()


def _plain(password: str) -> str:
    """The same characters, however the keyboard composed them (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
