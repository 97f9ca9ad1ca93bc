"""Asking Open Collective: one question, one answer, and a plain word for each way in which that may not work."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from coopgov.config import Settings
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.infra.http import Fetched, FetchFailed, FetchRefused, guarded_client

DEADLINE_S = 60.0
MOST_BYTES = 16_000_000  # 900 rows with their payers and orders are about a million
USUAL_WAIT, LONGEST_WAIT = timedelta(seconds=60), timedelta(minutes=10)


class ProviderBusy(ProviderDown):
    """It wants to be asked again after ``wait``."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("Open Collective asks to be asked less often.")
        self.wait = wait


class Poster(Protocol):
    """What the questions are sent with: the guarded client."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        """The answer to ``body``; raises FetchRefused, FetchFailed."""


@dataclass(frozen=True)
class Client:
    """Asks as the installation's settings say. ``clock``: seconds of the epoch, by which the other side counts."""

    settings: Settings
    poster: Poster
    clock: Callable[[], float] = time.time

    def ask(self, question: str, **variables: Any) -> dict[str, Any]:
        """The whole answer, ``data`` with or without ``errors``.

        Raises ProviderBusy, ProviderDown when it may work later, ProviderRefused when it cannot.
        """
        body = json.dumps({"query": question, "variables": {"slug": self.settings.opencollective_slug, **variables}})
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.settings.opencollective_token:
            headers["Personal-Token"] = self.settings.opencollective_token
        try:
            fetched = self.poster.post(self.settings.opencollective_api_url, body.encode(), headers)
        except FetchFailed as error:
            raise ProviderDown(f"Open Collective did not answer ({error.reason}).") from error
        except FetchRefused as error:
            raise ProviderRefused(f"Open Collective's address or answer is refused ({error.reason}).") from error
        return self._read(fetched)

    def _read(self, fetched: Fetched) -> dict[str, Any]:
        if fetched.status == 429:
            raise ProviderBusy(self._wait(fetched.headers))
        if fetched.status in (401, 403):
            raise ProviderRefused("Open Collective does not accept the token.")
        if fetched.status >= 500 or 300 <= fetched.status < 400:
            raise ProviderDown(f"Open Collective is in trouble (status {fetched.status}).")
        try:
            answer = json.loads(fetched.body)
        except ValueError as error:
            raise ProviderDown("Open Collective's answer is no JSON.") from error
        if not isinstance(answer, dict):
            raise ProviderDown("Open Collective's answer has another shape.")
        if fetched.status >= 400:
            raise ProviderRefused(f"Open Collective does not understand the question: {first_error(answer)}")
        return answer

    def _wait(self, headers: Mapping[str, str]) -> timedelta:
        """Until its window ends, as it says itself, or a minute."""
        asked = headers.get("retry-after") or ""
        reset = headers.get("x-ratelimit-reset") or ""
        try:
            seconds = float(asked) if asked else float(reset) - self.clock()
        except ValueError:
            return USUAL_WAIT
        if not 0 <= seconds < LONGEST_WAIT.total_seconds():
            return USUAL_WAIT
        return timedelta(seconds=seconds + 1)


def first_error(answer: Mapping[str, Any]) -> str:
    """What an answer's first error says, for the treasurer."""
    errors = answer.get("errors") or [{}]
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    return str(first.get("message") or "no reason given")[:200]


def connected(settings: Settings) -> Client:
    """The client that goes out into the world."""
    guarded = guarded_client(settings.allow_private_peers, deadline_s=DEADLINE_S, most_bytes=MOST_BYTES)
    return Client(settings, guarded)
