"""Reads of membership."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.infra.check import Check
from coopgov.infra.db import db
from coopgov.membership.models import Membership, Tenure


def is_current(instant: datetime) -> ColumnElement[bool]:
    """Condition of memberships that run at ``instant``; the instant of admission counts, that of ceasing does not."""
    return and_(Membership.admitted_at <= instant, or_(Membership.ceased_at.is_(None), Membership.ceased_at > instant))


def member_number(party_id: int, instant: datetime) -> int | None:
    """The party's member number, or None when it is no member at ``instant``."""
    return db.session.scalar(select(Membership.number).where(Membership.party_id == party_id, is_current(instant)))


def members_at(instant: datetime) -> Sequence[tuple[int, int]]:
    """(party id, member number) of everybody who is a member at ``instant``, by number."""
    query = select(Membership.party_id, Membership.number).where(is_current(instant)).order_by(Membership.number)
    return [(party_id, number) for party_id, number in db.session.execute(query)]


def offices(party_id: int, instant: datetime) -> frozenset[str]:
    """Offices that the party holds at ``instant``."""
    query = select(Tenure.office).where(
        Tenure.party_id == party_id,
        Tenure.starts_at <= instant,
        or_(Tenure.ends_at.is_(None), Tenure.ends_at > instant),
    )
    return frozenset(db.session.scalars(query))


CHECKS: tuple[Check, ...] = ()
