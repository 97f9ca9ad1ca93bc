"""Reads of notifications."""

from sqlalchemy import func, select

from coopgov.infra.db import db
from coopgov.notifications.models import Notice


def unread_count(party_id: int) -> int:
    """How many notices the party has not read."""
    query = select(func.count()).where(Notice.party_id == party_id, Notice.read_at.is_(None))
    return db.session.scalar(query) or 0
