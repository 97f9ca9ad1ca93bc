"""Signed links and form tokens. The key never leaves the settings; a purpose keeps tokens from being swapped."""

from datetime import timedelta
from typing import Any

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

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._keys, salt=f"coopgov/{purpose}")
