"""Reads of tiers: what members can choose to give."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.money import Money
from coopgov.infra.db import db
from coopgov.membership.models import Tier


def is_offered(now: datetime) -> ColumnElement[bool]:
    """Condition of tiers that can be chosen at ``now``; the first instant counts, the last does not."""
    return and_(Tier.offered_from <= now, or_(Tier.offered_until.is_(None), Tier.offered_until > now))


def tiers_offered(now: datetime) -> Sequence[Tier]:
    """The tiers that can be chosen at ``now``, in the order of the co-op."""
    return db.session.scalars(select(Tier).where(is_offered(now)).order_by(Tier.position, Tier.id)).all()


def lowest_monthly(now: datetime) -> Money | None:
    """The least that one can give for a month; None while no tier is offered."""
    query = select(Tier.currency, func.min(Tier.min_minor)).where(is_offered(now)).group_by(Tier.currency)
    row = db.session.execute(query.order_by(func.min(Tier.min_minor)).limit(1)).first()
    return Money(row[1], row[0]) if row else None
