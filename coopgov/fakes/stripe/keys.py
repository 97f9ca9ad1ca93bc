"""Idempotency keys: the same question gets the answer that was given, another question under the same key a refusal."""

import threading
from dataclasses import dataclass
from typing import Any

from coopgov.fakes.stripe.errors import StripeRefusal

KEPT = {200, 402, 500}  # once the call was under way; what never was (400, 401, 404, 409, 429, 503) may be asked again


@dataclass(frozen=True)
class Kept:
    """An answer as it was given."""

    fingerprint: str
    status: int
    body: str


class Keys:
    """Answers by key, and the keys of requests that are being answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self.kept: dict[str, Kept] = {}

    def begin(self, key: str, fingerprint: str) -> Kept | None:
        """The answer kept under ``key``, or None: then the key is under way until ``finish``.

        Raises StripeRefusal: 400 when the key was used for something else, 409 while it is under way.
        """
        with self._lock:
            if key in self._under_way:
                words = f"There is currently another in-progress request using this Stripe-Idempotent-Key: {key}"
                raise StripeRefusal(words, status=409, code="idempotency_key_in_use")
            kept = self.kept.get(key)
            if kept and kept.fingerprint != fingerprint:
                words = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                raise StripeRefusal(words, kind="idempotency_error")
            if kept is None:
                self._under_way.add(key)
            return kept

    def finish(self, key: str, kept: Kept) -> None:
        """The request under ``key`` is answered."""
        with self._lock:
            self._under_way.discard(key)
            if kept.status in KEPT:
                self.kept[key] = kept

    def dump(self) -> dict[str, list[str | int]]:
        """The kept answers as JSON can hold them."""
        with self._lock:
            return {key: [kept.fingerprint, kept.status, kept.body] for key, kept in self.kept.items()}

    def load(self, state: dict[str, list[Any]]) -> None:
        """Keeps these answers and no others."""
        with self._lock:
            self.kept = {key: Kept(*facts) for key, facts in state.items()}
