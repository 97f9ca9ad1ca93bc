"""What both dialects of signatures share: the request that came, the claim in it, the reasons not to believe it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import punctuation
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from coopgov.federation.rules.hosts import authority_of

CAVAGE, RFC9421 = "cavage", "rfc9421"
AHEAD = timedelta(hours=1)  # that a clock elsewhere may be fast
BEHIND = timedelta(hours=13)  # as Mastodon: 12 hours, and an hour for clocks
LONGEST_HEADER = 8_000
LONGEST_KEY_ID = 500


class BadSignature(Exception):
    """The request is not believed. ``reason``: missing, form, covered, host, digest, date, expired, algorithm, key_id,
    key or signature."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Incoming:
    """A request as it came: ``target`` is path and query as sent, ``base_url`` our public address without a slash at
    the end, ``headers`` by lower-case name."""

    method: str
    target: str
    base_url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """Our host, as the sender wrote it if it means ours: a proxy before us may have put in another."""
        ours, sent = authority_of(self.base_url), self.headers.get("host", "").strip()
        scheme = self.base_url.partition(":")[0]
        try:
            return sent if sent and authority_of(f"{scheme}://{sent}") == ours else ours
        except ValueError:
            return ours

    @property
    def authority(self) -> str:
        """The same in lower case, with a usual port only if the sender wrote it."""
        return self.host.lower()

    @property
    def has_body(self) -> bool:
        """Whether a digest is asked for."""
        return self.method.upper() not in ("GET", "HEAD")


@dataclass(frozen=True)
class Claim:
    """Everything about a signature is right but the signature itself. ``texts``: what may have been signed."""

    dialect: str
    key_id: str
    texts: tuple[bytes, ...]
    signature: bytes


@dataclass(frozen=True)
class SigningKey:
    """A key of ours, ready to sign, and its id."""

    key_id: str
    private: RSAPrivateKey


def target_of(url: str) -> str:
    """Path and query of ``url`` as they go over the wire: what is beyond ASCII escaped, no fragment."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if "?" in url.partition("#")[0] else ""
    return quote((parts.path or "/") + query, safe=punctuation)


def refuse_time(at: datetime, now: datetime) -> None:
    """Raises BadSignature("date") unless ``at`` is about now."""
    if not -BEHIND <= at - now <= AHEAD:
        raise BadSignature("date")


def check_key_id(key_id: str) -> str:
    """The key's id, an address that can be asked; raises BadSignature("key_id")."""
    try:
        authority_of(key_id)
    except ValueError as error:
        raise BadSignature("key_id") from error
    if len(key_id) > LONGEST_KEY_ID:
        raise BadSignature("key_id")
    return key_id
