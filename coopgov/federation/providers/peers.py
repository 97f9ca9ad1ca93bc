"""Who stands behind an id elsewhere: their own server is asked, signed with our key, and believed for its origin only.

The owner of a key is found by fetching the key and then the owner, who must name that key (GoToSocial's keys have
addresses of their own, so a key's id says nothing). Nothing but JSON with the types of ActivityPub is read, and no
``@context`` is fetched, ever.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urldefrag, urljoin

from coopgov.federation.rules.hosts import host_of, same_origin
from coopgov.federation.rules.reading import Unreadable, id_of, read_object, text_of, type_of
from coopgov.federation.rules.signatures import SigningKey, sign
from coopgov.infra.http import MOST_REDIRECTS, MOVED, Fetched, FetchFailed, FetchRefused, GuardedClient

PATIENCE_S = 8.0  # for all requests of one question together
TYPES = ("application/activity+json", "application/ld+json")
ACCEPT = 'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
PEOPLE = ("Application", "Group", "Organization", "Person", "Service")
LONGEST = 500  # characters of an address that we keep
LONGEST_PEM = 8_000
_NAME = re.compile(r"[\w.~-]{1,64}")


class PeerGone(Exception):
    """Their server says that there is nobody (404) or nobody any more (410, a tombstone)."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class PeerRefused(Exception):
    """What was found cannot be believed, or may not be asked for. ``reason`` is a word of infra.http.FetchRefused or

    ``status`` ``json`` ``redirect`` ``id`` ``type`` ``inbox`` ``owner`` ``unnamed`` (the owner does not name the key).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PeerDown(Exception):
    """Their server did not answer this time. ``reason`` is a word of infra.http.FetchFailed, or ``status``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class FoundActor:
    """Somebody, as their own server describes them. ``keys`` maps the ids of their keys to PEM, in their order."""

    uri: str
    host: str
    inbox: str
    shared_inbox: str
    handle: str
    keys: Mapping[str, str]

    @property
    def key_id(self) -> str:
        """Id of their first key; empty when they have none."""
        return next(iter(self.keys), "")

    @property
    def pem(self) -> str:
        """Their first key; empty when they have none."""
        return next(iter(self.keys.values()), "")


@dataclass(frozen=True, kw_only=True)
class FoundKey:
    """A public key and whose it is, said by both."""

    key_id: str
    pem: str
    owner: FoundActor


@dataclass(frozen=True)
class Asker:
    """Asks in the name of our actor: with ``key``, or unsigned while there is none. For one question: time runs."""

    client: GuardedClient
    key: SigningKey | None
    now: datetime
    ends: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)

    def document(self, url: str) -> tuple[str, dict[str, Any]]:
        """Where ``url`` led within its origin, and the object that is there."""
        target = urldefrag(url).url
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._answer(target)
            location = answer.headers.get("location", "")
            if answer.status not in MOVED or not location:
                return target, _object(answer)
            target = _within_origin(target, location)
        raise PeerRefused("redirects")

    def _answer(self, url: str) -> Fetched:
        """In the old dialect, which all know, and again in the new one for those who want nothing else."""
        if self.key is None:
            return self._send(url, {})
        answer = self._send(url, self._signed("cavage", self.key, url))
        return self._send(url, self._signed("rfc9421", self.key, url)) if answer.status == 401 else answer

    def _signed(self, dialect: str, key: SigningKey, url: str) -> dict[str, str]:
        try:
            return sign(dialect, key, "GET", url, None, "", self.now)
        except ValueError as error:
            raise PeerRefused("url") from error

    def _send(self, url: str, headers: dict[str, str]) -> Fetched:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise PeerDown("deadline")
        try:
            return self.client.within(left).ask(url, TYPES, {"Accept": ACCEPT, **headers})
        except FetchRefused as error:
            raise PeerRefused(error.reason) from error
        except FetchFailed as error:
            raise PeerDown(error.reason) from error


def fetch_actor(asker: Asker, uri: str) -> FoundActor:
    """Who ``uri`` is; the id is the address that answered. Raises PeerGone, PeerRefused, PeerDown."""
    at, document = asker.document(uri)
    return _actor(at, document)


def fetch_key(asker: Asker, key_id: str) -> FoundKey:
    """The key called ``key_id`` and its owner, who names it. Raises PeerGone, PeerRefused, PeerDown."""
    at, document = asker.document(key_id)
    if text_of(document, "id") == at and text_of(document, "inbox"):
        owner = _actor(at, document)
    else:
        owner = fetch_actor(asker, _owner_of(key_id, document))
    if not same_origin(owner.uri, key_id):  # the owner's address may have led elsewhere
        raise PeerRefused("owner")
    if key_id not in owner.keys:
        raise PeerRefused("unnamed")
    return FoundKey(key_id=key_id, pem=owner.keys[key_id], owner=owner)


def _owner_of(key_id: str, document: dict[str, Any]) -> str:
    """Whose the key says it is: the document is the key, or holds it (GoToSocial shows the owner, without the rest)."""
    for entry in (document, *_entries(document)):
        owner = id_of(entry.get("owner")) or id_of(entry.get("controller"))
        if text_of(entry, "id") == key_id and owner and same_origin(owner, key_id):
            return owner
    raise PeerRefused("owner")


def _actor(at: str, document: dict[str, Any]) -> FoundActor:
    if type_of(document) == "Tombstone":
        raise PeerGone(410)
    if text_of(document, "id") != at or len(at) > LONGEST:
        raise PeerRefused("id")
    if type_of(document) not in PEOPLE:
        raise PeerRefused("type")
    inbox, shared = text_of(document, "inbox"), text_of(document.get("endpoints"), "sharedInbox")
    if not _is_at(inbox, at):
        raise PeerRefused("inbox")
    return FoundActor(
        uri=at,
        host=host_of(at),
        inbox=inbox,
        shared_inbox=shared if _is_at(shared, at) else "",
        handle=_handle(document, host_of(at)),
        keys=_keys(document, at),
    )


def _is_at(inbox: str, uri: str) -> bool:
    """An inbox on somebody else's machine would make us knock there for whoever claims it."""
    return len(inbox) <= LONGEST and "#" not in inbox and same_origin(inbox, uri)


def _handle(document: dict[str, Any], host: str) -> str:
    name = text_of(document, "preferredUsername")
    return f"{name}@{host}" if _NAME.fullmatch(name) else ""


def _entries(document: dict[str, Any]) -> list[dict[str, Any]]:
    listed = document.get("publicKey")
    return [entry for entry in (listed if isinstance(listed, list) else [listed]) if isinstance(entry, dict)]


def _keys(document: dict[str, Any], uri: str) -> dict[str, str]:
    """The keys that the actor calls its own; those of others, or at other places, are none of its own."""
    found = {}
    for entry in _entries(document)[:10]:
        name, pem = text_of(entry, "id"), text_of(entry, "publicKeyPem")
        is_own = id_of(entry.get("owner")) in (uri, "") and len(name) <= LONGEST and same_origin(name, uri)
        if is_own and 0 < len(pem) <= LONGEST_PEM:
            found[name] = pem
    return found


def _object(answer: Fetched) -> dict[str, Any]:
    if answer.status in (404, 410):
        raise PeerGone(answer.status)
    if answer.status in (408, 425, 429) or answer.status >= 500:
        raise PeerDown("status")
    if answer.status != 200:
        raise PeerRefused("status")
    try:
        return read_object(answer.body)
    except Unreadable as error:
        raise PeerRefused("json") from error


def _within_origin(url: str, location: str) -> str:
    try:
        target = urldefrag(urljoin(url, location)).url
    except ValueError as error:
        raise PeerRefused("redirect") from error
    if not same_origin(target, url):
        raise PeerRefused("redirect")
    return target
