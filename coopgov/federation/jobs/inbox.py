"""What waits for the worker about what others said: to act upon it, to ask who somebody is now, to tidy up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from coopgov.federation.models import RemoteActor
from coopgov.federation.providers.peers import Asker, FoundActor, PeerDown, PeerGone, PeerRefused, fetch_actor
from coopgov.federation.queries.others import asker, is_blocked_host
from coopgov.federation.rules.heard import Said
from coopgov.federation.services.inbox import RECEIVE, REFRESH, act_upon, ask_anew, tidy_inbox
from coopgov.federation.services.others import forget_actors, forget_strangers, note_actor
from coopgov.infra.db import db
from coopgov.infra.jobs import Clockwork, DatabaseTask, OutsideTask, Payload, back_off

MOST_TRIES = 5  # then the next thing that they say makes us ask again
Answer = FoundActor | PeerGone | PeerRefused | PeerDown


@dataclass(frozen=True)
class _Question:
    asker: Asker
    uri: str


def _receive(payload: Payload, now: datetime) -> None:
    act_upon(Said(**payload), now)


def _prepare(payload: Payload, now: datetime) -> _Question | None:
    who = db.session.get(RemoteActor, payload["actor"])
    if who is None or is_blocked_host(who.host):
        return None
    return _Question(asker(now), who.uri)


def _ask(question: _Question, _key: str) -> Answer:
    try:
        return fetch_actor(question.asker, question.uri)
    except (PeerGone, PeerRefused, PeerDown) as error:
        return error


def _note(payload: Payload, answer: Answer, now: datetime) -> None:
    """Who is gone as their own server says (410) is forgotten; not found (404) may be a mishap, if all else is well."""
    who = db.session.get(RemoteActor, payload["actor"])
    if who is None:
        return
    if isinstance(answer, FoundActor) and answer.uri == who.uri:
        note_actor(answer, now)
    elif isinstance(answer, PeerGone) and (answer.status == 410 or payload["is_lost"]):
        forget_actors([who.id])
    elif isinstance(answer, PeerDown) and payload["tries"] < MOST_TRIES:
        tries = payload["tries"] + 1
        ask_anew(who, now, tries, back_off(tries), is_lost=payload["is_lost"])


def _tidy(_id: int, now: datetime) -> None:
    tidy_inbox(now)
    forget_strangers(now)


TASKS = (DatabaseTask(RECEIVE, _receive), OutsideTask(REFRESH, _prepare, _ask, _note))
CLOCKWORKS = (Clockwork("federation.tidy_inbox", timedelta(days=1), lambda _now: [0], _tidy),)
