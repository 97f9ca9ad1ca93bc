"""Reads of the terms of joining, and of those who wait until somebody can join again."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from sqlalchemy import func, select, true

from coopgov.infra.db import db
from coopgov.membership.models import JoiningTerms, Tier, WaitingListEntry


class Stamp(NamedTuple):
    """What the page that takes applications depends on."""

    is_open: bool
    versions: Hashable


def joining_terms() -> JoiningTerms | None:
    """How people apply; None until the membership secretary has written it down, which means that nobody can."""
    return db.session.get(JoiningTerms, 1)


def open_terms() -> JoiningTerms | None:
    """The terms while people can apply, else None."""
    terms = joining_terms()
    return terms if terms and terms.is_open else None


def is_open() -> bool:
    """True while people can apply."""
    return bool(db.session.scalar(select(JoiningTerms.is_open).where(JoiningTerms.id == 1)))


def joining_stamp() -> Stamp:
    """Changes whenever the terms or a tier do, in one statement."""
    open_now = select(JoiningTerms.is_open).where(JoiningTerms.id == 1).scalar_subquery()
    version = select(func.coalesce(func.max(JoiningTerms.version), 0)).scalar_subquery()
    one = select(open_now.label("is_open"), version.label("version")).subquery()
    shown = (Tier.id, Tier.name, Tier.min_minor, Tier.currency, Tier.position, Tier.offered_until)
    query = select(one, *shown).outerjoin_from(one, Tier, true()).order_by(Tier.id)
    rows = db.session.execute(query).all()
    return Stamp(bool(rows[0].is_open), tuple(tuple(row[1:]) for row in rows))


def waiting_ids(limit: int) -> Sequence[int]:
    """Ids of those on the waiting list, the first one first."""
    return db.session.scalars(select(WaitingListEntry.id).order_by(WaitingListEntry.id).limit(limit)).all()


def waiting_number() -> int:
    """How many are on the waiting list."""
    return db.session.scalar(select(func.count()).select_from(WaitingListEntry)) or 0


def waiting_entry(email_key: str) -> WaitingListEntry | None:
    """The entry of this address (folded)."""
    return db.session.scalars(select(WaitingListEntry).where(WaitingListEntry.email_key == email_key)).first()
