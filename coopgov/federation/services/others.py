"""What we write down of people elsewhere, and how we forget them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from coopgov.federation.models import Follower, Reaction, RemoteActor, RemoteKey
from coopgov.federation.providers.peers import FoundActor, FoundKey
from coopgov.federation.queries.others import remote_actor
from coopgov.infra.db import writing_session

STRANGERS_LAST = timedelta(days=2)  # of whom nothing is here but a key, which can be fetched again
AT_ONCE = 500
UNSEEN = {"synchronize_session": False}


def note_actor(found: FoundActor, now: datetime) -> RemoteActor:
    """The row of ``found`` as it is now. Keys that they do not name any more are forgotten: one may have been lost."""
    session = writing_session()
    row = remote_actor(found.uri) or RemoteActor(uri=found.uri)
    row.host, row.inbox, row.shared_inbox, row.handle = found.host, found.inbox, found.shared_inbox, found.handle
    row.fetched_at = now
    session.add(row)
    session.flush()
    for key in session.scalars(select(RemoteKey).where(RemoteKey.remote_actor_id == row.id)).all():
        if key.key_id in found.keys:
            key.pem, key.fetched_at = found.keys[key.key_id], now
        else:
            session.delete(key)
    session.flush()
    return row


def note_key(found: FoundKey, now: datetime) -> None:
    """The key and its owner, as just fetched."""
    session = writing_session()
    owner = note_actor(found.owner, now)
    row = session.scalar(select(RemoteKey).where(RemoteKey.key_id == found.key_id)) or RemoteKey(key_id=found.key_id)
    row.remote_actor_id, row.pem, row.fetched_at, row.tried_at = owner.id, found.pem, now, now
    session.add(row)
    session.flush()


def note_failed_try(key_id: str, now: datetime, *, is_void: bool) -> None:
    """The key was asked for in vain; ``is_void``: its owner does not name it, so it is nobody's."""
    session = writing_session()
    row = session.scalar(select(RemoteKey).where(RemoteKey.key_id == key_id))
    if row is not None and is_void:
        session.delete(row)
    elif row is not None:
        row.tried_at = now


def forget_actors(ids: Sequence[int]) -> None:
    """All of these people: that they follow, what they liked and shared, their keys."""
    session = writing_session()
    session.flush()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        for table in (Follower, Reaction, RemoteKey):
            session.execute(delete(table).where(table.remote_actor_id.in_(some)), execution_options=UNSEEN)
        session.execute(delete(RemoteActor).where(RemoteActor.id.in_(some)), execution_options=UNSEEN)
    session.expire_all()


def forget_strangers(now: datetime) -> None:
    """People who neither follow nor like nor share anything, STRANGERS_LAST after we last heard who they are."""
    session = writing_session()
    old = select(RemoteActor.id).where(
        RemoteActor.fetched_at < now - STRANGERS_LAST,
        RemoteActor.id.not_in(select(Follower.remote_actor_id)),
        RemoteActor.id.not_in(select(Reaction.remote_actor_id)),
    )
    while ids := session.scalars(old.limit(AT_ONCE)).all():
        forget_actors(ids)
