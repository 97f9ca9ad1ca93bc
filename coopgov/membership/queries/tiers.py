"""Reads of tiers: what members can choose to give."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.money import Money
from coopgov.infra.db import db
from coopgov.membership.models import Tier


def is_offered(instant: datetime) -> ColumnElement[bool]:
    """Condition of tiers that can be chosen at ``instant``; the first instant counts, the last does not."""
    return and_(Tier.offered_from <= instant, or_(Tier.offered_until.is_(None), Tier.offered_until > instant))


def tiers_offered(now: datetime) -> Sequence[Tier]:
    """The tiers that can be chosen now, in the treasurer's order."""
    return db.session.scalars(select(Tier).where(is_offered(now)).order_by(Tier.position, Tier.id)).all()


def all_tiers() -> Sequence[Tier]:
    """Every tier there ever was, the ones in use first."""
    return db.session.scalars(select(Tier).order_by(Tier.offered_until.is_not(None), Tier.position, Tier.id)).all()


def tier(tier_id: int) -> Tier | None:
    """The tier, offered or not."""
    return db.session.get(Tier, tier_id)


def tier_by_slug(slug: str) -> Tier | None:
    """The tier under this address."""
    return db.session.scalars(select(Tier).where(Tier.slug == slug)).first()


def tier_of(product: str) -> Tier | None:
    """The tier that a pledge's product (``tier:2``) names; None for another product, or for none."""
    kind, _, number = product.partition(":")
    return tier(int(number)) if kind == "tier" and number.isdecimal() else None


def lowest_monthly(now: datetime) -> Money | None:
    """The least that a member can give for a month; None while no tier is offered."""
    return min((row.minimum for row in tiers_offered(now)), key=lambda amount: amount.minor, default=None)
