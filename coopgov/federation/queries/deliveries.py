"""Reads of deliveries: what is due, who is reached where, how far announcements have got."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, func, or_, select

from coopgov.federation.models import Activity, Announcement, Delivery, Follower, Inbox, RemoteActor
from coopgov.federation.queries.announcements import Progress
from coopgov.infra.db import db


def is_anything_due(now: datetime) -> bool:
    """True when a courier may find something: a delivery that waits, or that a dead courier left behind."""
    waiting = exists().where(Delivery.state == "queued", Delivery.next_at <= now)
    left = exists().where(Delivery.state == "running", Delivery.leased_until < now)
    return bool(db.session.scalar(select(waiting | left)))


def reached_at(inbox_id: int, after: int, limit: int) -> Sequence[RemoteActor]:
    """Followers whom this inbox is for, by id from behind ``after``."""
    url = select(Inbox.url).where(Inbox.id == inbox_id).scalar_subquery()
    return db.session.scalars(
        select(RemoteActor)
        .where(or_(RemoteActor.inbox == url, RemoteActor.shared_inbox == url), RemoteActor.id > after)
        .where(exists().where(Follower.remote_actor_id == RemoteActor.id))
        .order_by(RemoteActor.id)
        .limit(limit)
    ).all()


def newest_announcements(limit: int) -> list[tuple[Announcement, Progress]]:
    """The newest announcements, and how far what was last said of each has got."""
    rows = db.session.scalars(select(Announcement).order_by(Announcement.id.desc()).limit(limit)).all()
    newest = (
        select(func.max(Activity.id))
        .where(Activity.announcement_id.in_([row.id for row in rows]))
        .group_by(Activity.announcement_id)
    )
    counted = db.session.execute(
        select(Activity.announcement_id, Delivery.state, func.count())
        .join(Delivery, Delivery.activity_id == Activity.id)
        .where(Activity.id.in_(newest))
        .group_by(Activity.announcement_id, Delivery.state)
    )
    counts: dict[int, dict[str, int]] = {row.id: {} for row in rows}
    for number, state, amount in counted:
        counts[number or 0][state] = amount
    return [(row, Progress.of(counts[row.id])) for row in rows]


def waiting_count() -> int:
    """Deliveries that are on their way."""
    on_the_way = Delivery.state.in_(("queued", "running"))
    return db.session.scalar(select(func.count()).select_from(Delivery).where(on_the_way)) or 0
