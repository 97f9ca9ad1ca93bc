"""Reads of announcements: which ones stand, and over what there is silence."""

from collections.abc import Sequence

from sqlalchemy import select

from coopgov.federation.models import Announcement, Silence
from coopgov.infra.db import db


def standing(kind: str, subject: str) -> Announcement | None:
    """The announcement of this kind about ``subject`` that has not been withdrawn."""
    query = select(Announcement).where(
        Announcement.kind == kind, Announcement.subject == subject, Announcement.withdrawn_at.is_(None)
    )
    return db.session.scalar(query)


def standing_about(subject: str) -> Sequence[Announcement]:
    """All announcements about ``subject`` that have not been withdrawn, oldest first."""
    query = select(Announcement).where(Announcement.subject == subject, Announcement.withdrawn_at.is_(None))
    return db.session.scalars(query.order_by(Announcement.id)).all()


def was_announced(subject: str) -> bool:
    """Whether anything was ever announced about ``subject``, withdrawn or not."""
    return db.session.scalar(select(Announcement.id).where(Announcement.subject == subject).limit(1)) is not None


def silence_over(subject: str) -> Silence | None:
    """Who said that nothing is announced about ``subject``, and when; None when nobody did."""
    return db.session.get(Silence, subject)
