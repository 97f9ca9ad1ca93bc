"""The border to Stripe's own package: loaded when first needed, spoken through our guarded client, plain data out.

Measured against stripe 16.1 (API 2026-10-28.endive): ``StripeClient`` retries nothing unless told, and objects are no
mappings any more. The package is a second's work to load, so nothing else imports it.
"""

import importlib
import json
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import httpx

from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.infra.http import Fetched, FetchFailed, FetchRefused, GuardedClient, guarded_client

RETRIES = 2
MOST_BYTES = 8_000_000  # a page of a hundred invoices with their payments is about one
TOLERANCE_S = 300
Plain = dict[str, Any]  # one of Stripe's objects as JSON
_SECRETS = re.compile(r"\b(?:sk|rk|pk|whsec)_[\w*]+")


class Missing(ProviderRefused):
    """There is no such object in this account."""


class KeyReused(ProviderRefused):
    """Our idempotency key was used before, for something else."""


class BadSignature(Exception):
    """The message is not Stripe's, or too old, or no message at all."""


@lru_cache(maxsize=1)
def sdk() -> Any:
    """Stripe's package."""
    module = importlib.import_module("stripe")
    module.enable_telemetry = False  # type: ignore[attr-defined]
    return module


@lru_cache(maxsize=8)
def client(key: str, api_base: str, allow_private: bool) -> Any:
    """A ``StripeClient`` with the package's own API version; ``api_base`` "" is Stripe's."""
    bases = {"base_addresses": {"api": api_base.rstrip("/")}} if api_base else {}
    way_out = guarded_client(allow_private, most_bytes=MOST_BYTES, tls=_tls())
    return sdk().StripeClient(key, http_client=_http_client()(way_out), max_network_retries=RETRIES, **bases)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@lru_cache(maxsize=1)
def _http_client() -> Any:
    stripe = sdk()

    class Guarded(stripe.HTTPClient):  # type: ignore[misc, name-defined]
        """Stripe's requests through our one way out."""

        name = "coopgov"

        def __init__(self, way_out: GuardedClient) -> None:
            super().__init__()
            self._way_out = way_out

        def request(
            self, method: str, url: str, headers: dict[str, str] | None, post_data: Any = None, **_: Any
        ) -> tuple[str, int, Any]:
            try:
                answer = self._send(method, url, headers or {}, post_data)
            except FetchFailed as error:
                raise stripe.APIConnectionError(error.reason, should_retry=True) from error
            except FetchRefused as error:
                raise stripe.APIConnectionError(error.reason) from error
            return answer.body.decode(errors="replace"), answer.status, answer.headers

        def _send(self, method: str, url: str, headers: dict[str, str], post_data: Any) -> Fetched:
            if method.upper() == "GET":
                return self._way_out.get(url, ("application/json",), headers)
            if method.upper() == "DELETE":
                return self._way_out.delete(url, headers)
            body = post_data.encode() if isinstance(post_data, str) else post_data
            return self._way_out.post(url, body or b"", headers)

        def close(self) -> None:
            """Nothing is kept open."""

    return Guarded


def plainly(call: Callable[..., Any], *given: Any, key: str = "", **params: Any) -> Plain:
    """What ``call`` of the SDK answers, as plain data. ``given``: ids in its address; ``key``: idempotency key.

    Raises ProviderDown, ProviderRefused, Missing, KeyReused.
    """
    with _told_plainly():
        found = call(*given, params, {"idempotency_key": key} if key else {})
        plain: Plain = found.to_dict()
        return plain


def pages(call: Callable[..., Any], limit: int = 100, **params: Any) -> Iterator[Plain]:
    """Every object that a list has, newest first, page after page."""
    after: dict[str, str] = {}
    while True:
        page = plainly(call, limit=limit, **params, **after)
        yield from page["data"]
        if not page["has_more"] or not page["data"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}


@contextmanager
def _told_plainly() -> Iterator[None]:
    stripe = sdk()
    try:
        yield
    except stripe.APIConnectionError as error:
        raise ProviderDown(f"Stripe did not answer ({_words(error)})") from None
    except stripe.IdempotencyError as error:
        raise KeyReused(_words(error)) from None
    except stripe.StripeError as error:
        status = error.http_status or 0
        if status < 400 or status in (409, 429) or status >= 500:  # below: an answer that is none
            raise ProviderDown(f"Stripe is in trouble ({status})") from None
        is_missing = error.code == "resource_missing" or status == 404
        raise (Missing if is_missing else ProviderRefused)(_words(error)) from None


def _words(error: Any) -> str:
    """Stripe's words without anything that looks like a key."""
    return _SECRETS.sub("…", str(error.user_message or type(error).__name__))[:300]


def message_of(body: bytes, signature: str, secrets: list[str]) -> Plain:
    """Stripe's message in a signed request, checked with any of ``secrets``; raises BadSignature.

    The SDK takes signatures of the last five minutes and of any time to come: the latter are refused here.
    """
    stripe = sdk()
    for secret in secrets:
        try:
            stripe.Webhook.construct_event(body, signature, secret, TOLERANCE_S)
            found = json.loads(body)
        except (stripe.SignatureVerificationError, ValueError, AttributeError, TypeError):
            continue
        if _is_message(found) and _signed_at(signature) <= time.time() + TOLERANCE_S:
            message: Plain = found
            return message
    raise BadSignature


def _is_message(found: Any) -> bool:
    names = (found.get("id"), found.get("type")) if isinstance(found, dict) else ()
    return bool(names) and all(isinstance(name, str) and 0 < len(name) <= 80 for name in names)


def _signed_at(signature: str) -> int:
    return int(next(part[2:] for part in signature.split(",") if part.startswith("t=")))
