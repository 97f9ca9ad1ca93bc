"""Whose signature it is, by a key that we have, else by one that we fetch, with no transaction open meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app

from coopgov.federation.providers.askings import AGAIN_AFTER, AskedLately, Askings, AskLater
from coopgov.federation.providers.peers import FoundKey, PeerDown, PeerGone, PeerRefused, fetch_key
from coopgov.federation.queries.others import (
    KnownKey,
    are_in_trouble,
    asker,
    known_key,
    remote_actor,
    servers_of,
    was_received,
)
from coopgov.federation.rules.heard import Said, matters
from coopgov.federation.rules.hosts import authority_of
from coopgov.federation.rules.signatures import BadSignature, Claim, verify
from coopgov.federation.services.inbox import ask_anew, keep, revive
from coopgov.federation.services.others import note_failed_try, note_key
from coopgov.infra.db import db, write_transaction
from coopgov.infra.settings import site_url

OLD = timedelta(days=1)  # a key that we fetched before that is asked for again, by a job


class Turned(Exception):
    """Not taken, with an answer of this status; ``wait_s`` is for Retry-After."""

    def __init__(self, status: int, reason: str, wait_s: int = 0) -> None:
        super().__init__(reason)
        self.status, self.reason, self.wait_s = status, reason, wait_s


@dataclass(frozen=True)
class Heard:
    """What came in: what it says, and whose signature it claims to bear."""

    said: Said
    claim: Claim


def hear_out(heard: Heard, now: datetime) -> None:
    """Takes what was said if its actor signed it; raises Turned otherwise."""
    known = known_key(heard.claim.key_id)
    if known is not None and _fits(heard.claim, known.pem):
        _refuse_others(heard.said, known.owner)
        _take(heard.said, now, is_old=now - known.fetched_at > OLD)
        return
    if known is not None and now - known.tried_at < AGAIN_AFTER:
        raise Turned(401, "signature: it does not fit the key")
    found = _fetched(heard, known, now)
    with write_transaction():
        note_key(found, now)
    if not _fits(heard.claim, found.pem):
        raise Turned(401, "signature: it does not fit the key")
    _refuse_others(heard.said, found.owner.uri)
    _take(heard.said, now)


def _fits(claim: Claim, pem: str) -> bool:
    try:
        verify(claim, pem)
    except BadSignature:
        return False
    return True


def _refuse_others(said: Said, owner: str) -> None:
    if said.actor != owner:
        raise Turned(401, "signature: the key is not the actor's")


def _take(said: Said, now: datetime, *, is_old: bool = False) -> None:
    """Nothing is written when nothing follows from it: most of what comes to a shared inbox is not for us."""
    who = remote_actor(said.actor)
    if who is None:  # forgotten a moment ago
        return
    is_news = matters(said, site_url()) and not was_received(said.uri)
    is_back = are_in_trouble(servers_of(who))
    if not (is_news or is_back):
        return
    with write_transaction():
        if is_news:
            keep(said, now)
        if is_back:
            revive(who, now)
        if is_old and is_news:
            ask_anew(who, now)


# Asking elsewhere


def _fetched(heard: Heard, known: KnownKey | None, now: datetime) -> FoundKey:
    key_id = heard.claim.key_id
    asking = asker(now)
    db.session.remove()  # nothing is held while we wait for somebody else's machine
    try:
        return _askings().ask(key_id, authority_of(key_id), now, lambda: fetch_key(asking, key_id))
    except AskedLately as error:
        raise Turned(401, "signature: the key could not be had a moment ago") from error
    except AskLater as error:
        status, reason = (429, "too many keys there could not be had") if error.is_theirs else (503, "busy")
        raise Turned(status, reason, max(1, int(error.wait.total_seconds()))) from error
    except (PeerGone, PeerRefused, PeerDown) as error:
        _note_failure(heard, known, error, now)
        raise Turned(401, f"signature: the key could not be had ({error})") from error


def _askings() -> "Askings[FoundKey]":
    askings: Askings[FoundKey] = current_app.extensions.setdefault("coopgov.federation.askings", Askings())
    return askings


def _note_failure(heard: Heard, known: KnownKey | None, error: Exception, now: datetime) -> None:
    """A known key that failed is not asked for again at once. Who is gone as they say is asked after by a job, which
    believes their server and not the message."""
    who = remote_actor(heard.said.actor)
    is_leaving = isinstance(error, PeerGone) and heard.said.type == "Delete" and who is not None
    if known is None and not is_leaving:
        return
    with write_transaction():
        if known is not None:
            is_void = isinstance(error, PeerRefused) and error.reason == "unnamed"
            note_failed_try(known.key_id, now, is_void=is_void)
        if is_leaving and who is not None:
            ask_anew(who, now)
