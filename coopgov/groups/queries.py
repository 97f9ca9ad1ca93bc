"""Reads of groups."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.groups.models import Seat
from coopgov.infra.check import Check
from coopgov.infra.db import db


def is_taken(instant: datetime) -> ColumnElement[bool]:
    """Condition of seats that are held at ``instant``; a wish to join is not a seat."""
    return and_(Seat.role != "asked", Seat.starts_at <= instant, or_(Seat.ends_at.is_(None), Seat.ends_at > instant))


def seats(party_id: int, instant: datetime) -> dict[int, str]:
    """Group id → role (member, convenor) of the party at ``instant``."""
    query = select(Seat.group_id, Seat.role).where(Seat.party_id == party_id, is_taken(instant))
    return dict(db.session.execute(query).tuples())


CHECKS: tuple[Check, ...] = ()
