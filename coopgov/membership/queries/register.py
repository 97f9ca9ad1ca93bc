"""Reads of membership."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.identity.models import Party
from coopgov.infra.check import Check
from coopgov.infra.db import db
from coopgov.membership.models import Invitation, Membership, Tenure


@dataclass(frozen=True)
class Spell:
    """One uninterrupted membership: from ``admitted_at`` up to, and without, ``ceased_at``."""

    admitted_at: datetime
    ceased_at: datetime | None
    number: int


def is_current(instant: datetime) -> ColumnElement[bool]:
    """Condition of memberships that run at ``instant``; the instant of admission counts, that of ceasing does not."""
    return and_(Membership.admitted_at <= instant, or_(Membership.ceased_at.is_(None), Membership.ceased_at > instant))


def is_held(instant: datetime) -> ColumnElement[bool]:
    """Condition of tenures that run at ``instant``; the first instant counts, the last does not."""
    return and_(Tenure.starts_at <= instant, or_(Tenure.ends_at.is_(None), Tenure.ends_at > instant))


def member_number(party_id: int, instant: datetime) -> int | None:
    """The party's member number, or None when it is no member at ``instant``."""
    return db.session.scalar(select(Membership.number).where(Membership.party_id == party_id, is_current(instant)))


def party_of_number(number: int, instant: datetime) -> int | None:
    """Whose member number this is at ``instant``."""
    return db.session.scalar(select(Membership.party_id).where(Membership.number == number, is_current(instant)))


def members_at(instant: datetime) -> Sequence[tuple[int, int]]:
    """(party id, member number) of everybody who is a member at ``instant``, by number."""
    query = select(Membership.party_id, Membership.number).where(is_current(instant)).order_by(Membership.number)
    return [(party_id, number) for party_id, number in db.session.execute(query)]


def members_now(now: datetime) -> int:
    """How many members there are."""
    return db.session.scalar(select(func.count()).select_from(Membership).where(is_current(now))) or 0


def member_names(now: datetime) -> list[tuple[int, str]]:
    """(party id, name) of everybody who is a member, by name: for mentions and for lists to pick from."""
    query = select(Party.id, Party.name).join(Membership, Membership.party_id == Party.id).where(is_current(now))
    return [(party_id, name) for party_id, name in db.session.execute(query.order_by(Party.name, Party.id))]


def membership_spells(party_id: int) -> list[Spell]:
    """All memberships of the party, the first one first; ended ones too."""
    query = select(Membership).where(Membership.party_id == party_id).order_by(Membership.admitted_at, Membership.id)
    return [Spell(row.admitted_at, row.ceased_at, row.number) for row in db.session.scalars(query)]


def open_membership(party_id: int) -> Membership | None:
    """The party's membership that has not ceased."""
    query = select(Membership).where(Membership.party_id == party_id, Membership.ceased_at.is_(None))
    return db.session.scalars(query).first()


def highest_number() -> int:
    """The highest member number that was ever given; 0 before the first."""
    return db.session.scalar(select(func.max(Membership.number))) or 0


def offices(party_id: int, instant: datetime) -> frozenset[str]:
    """Offices that the party holds at ``instant``."""
    return frozenset(db.session.scalars(select(Tenure.office).where(Tenure.party_id == party_id, is_held(instant))))


def holders(office: str, instant: datetime) -> Sequence[int]:
    """Party ids of those who hold the office at ``instant``, the longest first."""
    query = select(Tenure.party_id).where(Tenure.office == office, is_held(instant))
    return db.session.scalars(query.order_by(Tenure.starts_at, Tenure.id)).all()


def tenures_of(party_id: int, instant: datetime) -> Sequence[Tenure]:
    """The tenures of the party that run at ``instant``."""
    return db.session.scalars(select(Tenure).where(Tenure.party_id == party_id, is_held(instant))).all()


def tenures_at(instant: datetime) -> Sequence[Tenure]:
    """Every tenure that runs at ``instant``, the first to begin first."""
    query = select(Tenure).where(is_held(instant)).order_by(Tenure.starts_at, Tenure.id)
    return db.session.scalars(query).all()


def tenure(tenure_id: int) -> Tenure | None:
    """The tenure, whether it runs or not."""
    return db.session.get(Tenure, tenure_id)


def invitation(invitation_id: str) -> Invitation | None:
    """The invitation, in whatever state."""
    return db.session.get(Invitation, invitation_id)


def waiting_invitations(email_key: str) -> Sequence[Invitation]:
    """Invitations to this address (folded) that were neither accepted nor withdrawn; they may be too old."""
    query = select(Invitation).where(
        Invitation.email_key == email_key, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
    )
    return db.session.scalars(query).all()


def _twice_members() -> list[str]:
    open_now = select(Membership.party_id).where(Membership.ceased_at.is_(None))
    twice = open_now.group_by(Membership.party_id).having(func.count() > 1)
    return [f"party {party_id} has more than one open membership" for party_id in db.session.scalars(twice)]


def _numbers_given_twice() -> list[str]:
    twice = select(Membership.number).group_by(Membership.number).having(func.count() > 1)
    return [f"member number {number} was given more than once" for number in db.session.scalars(twice)]


def _officers_who_are_no_members() -> list[str]:
    member = select(Membership.id).where(Membership.party_id == Tenure.party_id, Membership.ceased_at.is_(None))
    strangers = select(Tenure.id).where(Tenure.ends_at.is_(None), ~member.exists())
    return [f"tenure {tenure_id} is held by somebody who is no member" for tenure_id in db.session.scalars(strangers)]


CHECKS: tuple[Check, ...] = (
    Check("one open membership per party", _twice_members),
    Check("member numbers are unique", _numbers_given_twice),
    Check("officers are members", _officers_who_are_no_members),
)
