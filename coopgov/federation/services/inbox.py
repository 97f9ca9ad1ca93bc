"""What others say to us, once it is sure who says it: kept once, acted upon by a job."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from coopgov.federation.models import Actor, Received, RemoteActor
from coopgov.federation.queries.actors import actor_by_id
from coopgov.federation.queries.others import is_blocked_host, remote_actor, servers_of, was_received, was_undone
from coopgov.federation.rules.heard import REACTIONS, Said, number_in
from coopgov.federation.services.followers import follow, unfollow, unfollow_by
from coopgov.federation.services.others import forget_actors
from coopgov.federation.services.peers import heard_from
from coopgov.federation.services.reactions import react, take_back, take_back_by
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Job, enqueue
from coopgov.infra.settings import site_url

RECEIVE, REFRESH = "federation.receive", "federation.refresh"
REMEMBERED = timedelta(days=60)  # far longer than a signature holds, so that nothing can be said twice
JOBS_LAST = timedelta(days=7)
REFRESH_EVERY_S = 300


def keep(said: Said, now: datetime) -> None:
    """The activity, and a job that acts upon it, unless it came before."""
    session = writing_session()
    if was_received(said.uri):
        return
    row = Received(uri=said.uri, signer=said.actor, type=said.type, object_uri=said.object_uri, at=now)
    session.add(row)
    session.flush()
    enqueue(RECEIVE, f"{RECEIVE}:{row.id}", asdict(said), now)


def revive(who: RemoteActor, now: datetime) -> None:
    """They are there again: what waits for their server goes out."""
    for server in servers_of(who):
        heard_from(server, now)


def act_upon(said: Said, now: datetime) -> None:
    """Does what follows from ``said``; nothing when its actor has been blocked or forgotten since."""
    who = remote_actor(said.actor)
    if who is not None and not is_blocked_host(who.host):
        ACTS[said.type](who, said, now)


def _follow(who: RemoteActor, said: Said, now: datetime) -> None:
    actor = _actor_called(said.object_uri)
    if actor is not None and not was_undone(said.uri, who.uri):
        follow(actor, who, said.uri, said.object_uri, now)


def _react(who: RemoteActor, said: Said, now: datetime) -> None:
    number = number_in(said.object_uri, site_url("/ap/notes/"))
    if number is not None and not was_undone(said.uri, who.uri):
        react(number, REACTIONS[said.type], who, said.uri, now)


def _undo(who: RemoteActor, said: Said, _now: datetime) -> None:
    """By what the undone activity was about, since its id is often left out or made anew; by the id for want of it."""
    if said.inner_type == "Follow" and said.inner_object:
        if actor := _actor_called(said.inner_object):
            unfollow(actor.id, who)
    elif said.inner_type in REACTIONS and said.inner_object:
        if number := number_in(said.inner_object, site_url("/ap/notes/")):
            take_back(number, REACTIONS[said.inner_type], who)
    elif said.object_uri:
        unfollow_by(said.object_uri, who)
        take_back_by(said.object_uri, who)


def _block(who: RemoteActor, said: Said, _now: datetime) -> None:
    if actor := _actor_called(said.object_uri):
        unfollow(actor.id, who)


def _delete(who: RemoteActor, _said: Said, _now: datetime) -> None:
    forget_actors([who.id])


def _update(who: RemoteActor, _said: Said, now: datetime) -> None:
    ask_anew(who, now)


ACTS: dict[str, Callable[[RemoteActor, Said, datetime], None]] = {
    "Follow": _follow,
    "Like": _react,
    "Announce": _react,
    "Undo": _undo,
    "Block": _block,
    "Delete": _delete,
    "Update": _update,
}


def _actor_called(uri: str) -> Actor | None:
    number = number_in(uri, site_url("/ap/actors/"))
    return actor_by_id(number) if number else None


def ask_anew(
    who: RemoteActor, now: datetime, tries: int = 0, wait: timedelta = timedelta(), *, is_lost: bool = False
) -> None:
    """A job asks their server who they are; at most once every REFRESH_EVERY_S, the last wish always after it.

    ``is_lost``: their inbox is not there any more, so that they are gone when they cannot be found either.
    """
    at = now + wait
    turn = int(at.timestamp()) // REFRESH_EVERY_S
    payload = {"actor": who.id, "tries": tries, "is_lost": is_lost}
    if enqueue(REFRESH, f"{REFRESH}:{who.id}:{turn}", payload, at) is None:
        later = datetime.fromtimestamp((turn + 1) * REFRESH_EVERY_S, UTC)
        enqueue(REFRESH, f"{REFRESH}:{who.id}:{turn + 1}", payload, later)


def tidy_inbox(now: datetime) -> None:
    """Forgets old activities, and the jobs of this feature's inbox that are long done."""
    session = writing_session()
    session.execute(delete(Received).where(Received.at < now - REMEMBERED))
    done = (Job.kind.in_((RECEIVE, REFRESH)), Job.state == "done", Job.finished_at < now - JOBS_LAST)
    session.execute(delete(Job).where(Job.id.in_(select(Job.id).where(*done))))
