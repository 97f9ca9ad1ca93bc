"""A co-op that announces: its actor, followers elsewhere, and what was said and sent."""

from sqlalchemy import select

from coopgov.federation.models import Activity, Actor, Announcement, Delivery, Follower, Inbox, Reaction, RemoteActor
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.services.actors import begin_actor
from coopgov.infra.db import db, write_transaction
from tests.conftest import NOW


def actor() -> Actor:
    """The co-op's actor."""
    with write_transaction():
        return begin_actor("Test Co-op", NOW)


def follower(name: str = "ada", host: str = "social.example") -> RemoteActor:
    """Somebody on another server who follows the co-op; all of one server share an inbox."""
    followed = the_actor()
    assert followed is not None
    address = f"https://{host}/users/{name}"
    with write_transaction() as session:
        remote = RemoteActor(uri=address, host=host, inbox=f"{address}/inbox", shared_inbox=f"https://{host}/inbox")
        remote.handle, remote.fetched_at = f"{name}@{host}", NOW
        session.add(remote)
        session.flush()
        session.add(
            Follower(actor_id=followed.id, remote_actor_id=remote.id, follow_uri=f"{address}#follow", followed_at=NOW)
        )
    return remote


def reaction(kind: str, of: Announcement, by: RemoteActor) -> None:
    """A like or a share of an announcement."""
    with write_transaction() as session:
        session.add(
            Reaction(announcement_id=of.id, remote_actor_id=by.id, kind=kind, activity_uri=f"{by.uri}#{kind}", at=NOW)
        )


def announcements(*kinds: str) -> list[Announcement]:
    """All that was ever announced, or all of these kinds, oldest first."""
    db.session.rollback()
    every = db.session.scalars(select(Announcement).order_by(Announcement.id)).all()
    return [one for one in every if not kinds or one.kind in kinds]


def the_one(kind: str) -> Announcement:
    """The only announcement of this kind."""
    found = announcements(kind)
    assert len(found) == 1, [one.kind for one in announcements()]
    return found[0]


def said() -> list[str]:
    """Kinds of what stands, in the order in which it was said."""
    return [one.kind for one in announcements() if one.withdrawn_at is None]


def did() -> list[tuple[str, int | None]]:
    """Type and announcement of every activity, in their order."""
    db.session.rollback()
    query = select(Activity.type, Activity.announcement_id).order_by(Activity.id)
    return [(kind, number) for kind, number in db.session.execute(query)]


def sent() -> list[tuple[str, str, str]]:
    """Type of activity, inbox and state of every delivery, in the order in which they were queued."""
    db.session.rollback()
    query = (
        select(Activity.type, Inbox.url, Delivery.state)
        .join(Activity, Activity.id == Delivery.activity_id)
        .join(Inbox, Inbox.id == Delivery.inbox_id)
        .order_by(Delivery.id)
    )
    return [(kind, url, state) for kind, url, state in db.session.execute(query)]
