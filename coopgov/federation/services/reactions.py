"""Likes and shares of announcements by people elsewhere: counted once each, and taken back."""

from datetime import datetime

from sqlalchemy import delete, select

from coopgov.federation.models import Announcement, Reaction, RemoteActor
from coopgov.infra.db import writing_session


def react(number: int, kind: str, who: RemoteActor, activity_uri: str, now: datetime) -> None:
    """``who`` likes or shares announcement ``number``; nothing happens when they did before, or it is withdrawn."""
    session = writing_session()
    announcement = session.get(Announcement, number)
    if announcement is None or announcement.withdrawn_at is not None:
        return
    before = select(Reaction).where(
        Reaction.announcement_id == number, Reaction.remote_actor_id == who.id, Reaction.kind == kind
    )
    row = session.scalar(before)
    if row is None:
        row = Reaction(announcement_id=number, remote_actor_id=who.id, kind=kind, at=now)
        session.add(row)
    row.activity_uri = activity_uri
    session.flush()


def take_back(number: int, kind: str, who: RemoteActor) -> None:
    """``who`` does not like or share announcement ``number`` any more, if they did."""
    theirs = (Reaction.remote_actor_id == who.id, Reaction.announcement_id == number, Reaction.kind == kind)
    writing_session().execute(delete(Reaction).where(*theirs))


def take_back_by(activity_uri: str, who: RemoteActor) -> None:
    """As ``take_back``, when only the id of their Like or Announce is known."""
    theirs = (Reaction.remote_actor_id == who.id, Reaction.activity_uri == activity_uri)
    writing_session().execute(delete(Reaction).where(*theirs))
