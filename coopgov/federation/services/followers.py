"""Who follows: taken without asking anybody, since all that followers get is public."""

from datetime import datetime

from sqlalchemy import delete, select

from coopgov.federation.models import Activity, Actor, Follower, RemoteActor
from coopgov.federation.services.deliveries import get_to_know, send_to
from coopgov.infra.db import writing_session


def follow(actor: Actor, who: RemoteActor, follow_uri: str, followed: str, now: datetime) -> None:
    """``who`` follows, once however often they say so; each time their own inbox is told that it is accepted.

    ``followed`` is the id of ``actor`` as they wrote it.
    """
    session = writing_session()
    row = _row(actor.id, who)
    if row is None:
        row = Follower(actor_id=actor.id, remote_actor_id=who.id, followed_at=now)
        session.add(row)
    row.follow_uri = follow_uri
    wish = {"id": follow_uri, "type": "Follow", "actor": who.uri, "object": followed}
    accept = Activity(actor_id=actor.id, type="Accept", object=wish, at=now)
    session.add(accept)
    session.flush()
    send_to(accept, who.inbox, now)
    get_to_know([who.best_inbox])


def unfollow(actor_id: int, who: RemoteActor) -> None:
    """``who`` does not follow any more, if they did."""
    row = _row(actor_id, who)
    if row is not None:
        writing_session().delete(row)


def unfollow_by(follow_uri: str, who: RemoteActor) -> None:
    """As ``unfollow``, when only the id of their Follow is known."""
    theirs = (Follower.remote_actor_id == who.id, Follower.follow_uri == follow_uri)
    writing_session().execute(delete(Follower).where(*theirs))


def _row(actor_id: int, who: RemoteActor) -> Follower | None:
    query = select(Follower).where(Follower.actor_id == actor_id, Follower.remote_actor_id == who.id)
    return writing_session().scalar(query)
