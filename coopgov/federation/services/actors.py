"""Our actor: made once, with keys that are sealed, and can be changed without anybody noticing but by their ids."""

from datetime import datetime

from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.core.text import slug_of
from coopgov.federation.models import Activity, Actor, ActorKey
from coopgov.federation.queries.actors import sealer
from coopgov.federation.rules.keys import new_pair
from coopgov.federation.services.deliveries import send_to_followers
from coopgov.infra import audit
from coopgov.infra.coop import coop_version
from coopgov.infra.db import writing_session
from coopgov.infra.settings import current_settings

LONGEST_HANDLE = 30


def begin_actor(coop_name: str, now: datetime) -> Actor:
    """The co-op's actor with its first key; the one that is there already when it is asked for again."""
    session = writing_session()
    known = session.scalars(select(Actor).where(Actor.subject == "coop")).first()
    if known is not None:
        return known
    settings = current_settings()
    handle = settings.actor_handle.lower() or handle_from(coop_name)
    actor = Actor(subject="coop", handle=handle, origin=settings.base_url.rstrip("/"), created_at=now)
    actor.told_version = coop_version()
    session.add(actor)
    session.flush()
    add_key(actor, now)
    audit.record(audit.SYSTEM, "actor.begun", f"actor:{actor.id}", now)
    return actor


def handle_from(name: str) -> str:
    """A handle made of the co-op's name: ``harbour_social``; ``coop`` when nothing of it can be written so.

    >>> handle_from("Harbour Social"), handle_from("合作社")
    ('harbour_social', 'coop')
    """
    return slug_of(name).replace("-", "_")[:LONGEST_HANDLE].strip("_") or "coop"


def add_key(actor: Actor, now: datetime) -> ActorKey:
    """A new key for the actor, the next in number; whatever signed until now is retired, and kept."""
    session = writing_session()
    private, public = new_pair()
    newest = session.scalars(
        select(ActorKey).where(ActorKey.actor_id == actor.id).order_by(ActorKey.number.desc())
    ).first()
    if newest is not None:
        newest.retired_at = now
    key = ActorKey(actor_id=actor.id, number=newest.number + 1 if newest else 1, created_at=now)
    key.public_pem, key.sealed = public, sealer().seal(private)
    session.add(key)
    session.flush()
    return key


def rotate_key(by: int | str, now: datetime) -> ActorKey:
    """A new key for the co-op's actor, which all followers' servers are told of under the old one: they know that.

    Raises Refused("announcement.no_actor") before there is an actor.
    """
    actor = _the_actor()
    key = add_key(actor, now)
    _tell_of_itself(actor, now, key.number - 1)
    audit.record(by, "actor_key.rotated", f"actor:{actor.id}", now, key=key.number)
    return key


def tell_profile(version: int, now: datetime) -> None:
    """Tells followers that the co-op's name or purpose has changed, once for each version of them."""
    actor = _the_actor()
    if actor.told_version != version:
        actor.told_version = version
        _tell_of_itself(actor, now, None)
        audit.record(audit.SYSTEM, "actor.told", f"actor:{actor.id}", now, version=version)


def _the_actor() -> Actor:
    actor = writing_session().scalars(select(Actor).where(Actor.subject == "coop")).first()
    if actor is None:
        raise Refused("announcement.no_actor")
    return actor


def _tell_of_itself(actor: Actor, now: datetime, key_number: int | None) -> None:
    session = writing_session()
    update = Activity(actor_id=actor.id, type="Update", announcement_id=None, key_number=key_number, at=now)
    session.add(update)
    session.flush()
    send_to_followers(update, now)


def reseal(now: datetime) -> int:
    """Seals all private keys again with the newest secret of the settings; gives how many. Raises BadToken."""
    session, seal = writing_session(), sealer()
    rows = session.scalars(select(ActorKey)).all()
    for row in rows:
        row.sealed = seal.again(row.sealed)
    audit.record("cli", "actor_keys.resealed", "coop:1", now, keys=len(rows))
    return len(rows)
