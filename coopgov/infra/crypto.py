"""Signed links, form tokens, secrets at rest. Keys stay in the settings; a purpose keeps tokens from being swapped."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer


class BadToken(Exception):
    """Forged, cut, or made for something else."""


class ExpiredToken(BadToken):
    """Genuine, and too old."""


class Signer:
    """Signs plain values per purpose with the newest of ``keys``; accepts signatures of all of them."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = keys

    def sign(self, purpose: str, payload: Any) -> str:
        """A token that is safe in an address and carries ``payload`` readably, with the time of signing."""
        return self._serializer(purpose).dumps(payload)

    def read(self, purpose: str, token: str, lasts: timedelta | None = None) -> Any:
        """The payload of a token made for ``purpose``; raises BadToken, or ExpiredToken when older than ``lasts``."""
        age = None if lasts is None else int(lasts.total_seconds())
        try:
            return self._serializer(purpose).loads(token, max_age=age)
        except SignatureExpired as error:
            raise ExpiredToken(purpose) from error
        except BadSignature as error:
            raise BadToken(purpose) from error

    def secret(self, purpose: str) -> str:
        """A secret for ``purpose`` that stays the same as long as the newest key does; safe in an address."""
        return _derived(self._keys[-1], purpose)

    def knows_secret(self, purpose: str, given: str) -> bool:
        """True for the secret of any of our keys; takes as long whatever is ``given``."""
        fits = [hmac.compare_digest(_derived(key, purpose).encode(), given.encode()) for key in self._keys]
        return any(fits)

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._keys, salt=f"coopgov/{purpose}")


class Sealer:
    """Encrypts what lies in the database and is nobody's business who only has a copy of that (Fernet).

    Seals with the newest of ``keys`` (as ``Settings.keys``: the newest last), opens what any of them sealed.
    """

    def __init__(self, keys: list[str], purpose: str) -> None:
        derived = (hmac.digest(key.encode(), f"coopgov/seal/{purpose}".encode(), hashlib.sha256) for key in keys)
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(key)) for key in derived][::-1])

    def seal(self, secret: bytes) -> str:
        """``secret`` in a form that only our keys open."""
        return self._fernet.encrypt(secret).decode()

    def open(self, sealed: str) -> bytes:
        """What was sealed; raises BadToken when none of our keys fits."""
        try:
            return self._fernet.decrypt(sealed.encode())
        except InvalidToken as error:
            raise BadToken("sealed") from error

    def again(self, sealed: str) -> str:
        """The same secret under the newest key; raises BadToken."""
        return self.seal(self.open(sealed))


def _derived(key: str, purpose: str) -> str:
    digest = hmac.digest(key.encode(), f"coopgov/secret/{purpose}".encode(), hashlib.sha256)
    return urlsafe_b64encode(digest).decode().rstrip("=")
