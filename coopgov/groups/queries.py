"""Reads of groups. A seat counts while its holder is a member of the co-op."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.errors import NotFound
from coopgov.groups.models import Group, Seat
from coopgov.identity.models import Party
from coopgov.infra.check import Check
from coopgov.infra.db import db
from coopgov.membership.models import Membership
from coopgov.membership.queries.register import is_current


@dataclass(frozen=True)
class GroupLine:
    """A group in a list; ``members`` is how many sit in it."""

    id: int
    slug: str
    name: str
    summary: str
    joining: str
    members: int


@dataclass(frozen=True)
class Seated:
    """A person with a seat, or (role ``asked``) with the wish for one; ``public_name`` is their choice, see Party."""

    party_id: int
    name: str
    public_name: str
    role: str
    since: datetime


@dataclass(frozen=True)
class Spell:
    """A time without a gap in a group; ``ends_at`` None: it runs."""

    starts_at: datetime
    ends_at: datetime | None


def is_taken(instant: datetime) -> ColumnElement[bool]:
    """Condition of seats that are held at ``instant``; a wish to join is not a seat."""
    return and_(Seat.role != "asked", Seat.starts_at <= instant, or_(Seat.ends_at.is_(None), Seat.ends_at > instant))


def seats(party_id: int, instant: datetime) -> dict[int, str]:
    """Group id → role (member, convenor) of the party at ``instant``; empty for who is no member of the co-op."""
    query = _sitters(Seat.group_id, Seat.role, instant=instant).where(Seat.party_id == party_id)
    return {group_id: role for group_id, role in db.session.execute(query)}


def all_groups() -> Sequence[Group]:
    """Every group, by name."""
    return db.session.scalars(select(Group).order_by(func.lower(Group.name), Group.id)).all()


def group_lines(instant: datetime) -> Sequence[GroupLine]:
    """Every group with the number of its members at ``instant``, by name."""
    sizes = _sitters(Seat.group_id, func.count().label("members"), instant=instant).group_by(Seat.group_id).subquery()
    query = (
        select(Group.id, Group.slug, Group.name, Group.summary, Group.joining, func.coalesce(sizes.c.members, 0))
        .outerjoin(sizes, sizes.c.group_id == Group.id)
        .order_by(func.lower(Group.name), Group.id)
    )
    return [GroupLine(*row) for row in db.session.execute(query)]


def group_names() -> list[tuple[int, str]]:
    """(id, name) of every group, by name: for people to choose from."""
    query = select(Group.id, Group.name).order_by(func.lower(Group.name), Group.id)
    return [(group_id, name) for group_id, name in db.session.execute(query)]


def groups_stamp() -> tuple[int, int]:
    """Changes whenever the list of groups, or what one of them shows, does."""
    number, versions = db.session.execute(select(func.count(), func.sum(Group.version))).one()
    return number, versions or 0


def group_by_slug(slug: str) -> Group:
    """The group at ``/g/slug``; raises NotFound."""
    group = db.session.scalar(select(Group).where(Group.slug == slug))
    if group is None:
        raise NotFound
    return group


def group_by_id(group_id: int) -> Group:
    """The group; raises NotFound."""
    group = db.session.get(Group, group_id)
    if group is None:
        raise NotFound
    return group


def sitters_at(group_id: int, instant: datetime) -> set[int]:
    """Party ids of those who sat in the group at ``instant`` and were members of the co-op then."""
    return set(db.session.scalars(_sitters(Seat.party_id, instant=instant).where(Seat.group_id == group_id)))


def convenor_ids(group_id: int, instant: datetime) -> set[int]:
    """Party ids of the group's convenors at ``instant``; empty when the place is vacant."""
    query = _sitters(Seat.party_id, instant=instant).where(Seat.group_id == group_id, Seat.role == "convenor")
    return set(db.session.scalars(query))


def member_count(group_id: int, instant: datetime) -> int:
    """How many sit in the group at ``instant``."""
    return db.session.scalar(_sitters(func.count(), instant=instant).where(Seat.group_id == group_id)) or 0


def convenors(group_id: int, instant: datetime) -> Sequence[Seated]:
    """Who convenes the group at ``instant``, longest first."""
    return _people(group_id, instant, Seat.role == "convenor", is_taken(instant))


def roster(group_id: int, instant: datetime, limit: int, offset: int = 0) -> Sequence[Seated]:
    """Those with a seat at ``instant``: convenors first, then by the time they joined."""
    return _people(group_id, instant, is_taken(instant), limit=limit, offset=offset)


def askers(group_id: int, instant: datetime) -> Sequence[Seated]:
    """Members who wait for a convenor's word, longest first."""
    return _people(group_id, instant, Seat.role == "asked", Seat.ends_at.is_(None))


def asks_to_join(group_id: int, party_id: int) -> bool:
    """True while the party's wish to join waits for an answer."""
    seat = open_seat(group_id, party_id)
    return seat is not None and seat.role == "asked"


def open_seat(group_id: int, party_id: int) -> Seat | None:
    """The party's seat, or wish for one, that has not ended."""
    return db.session.scalar(
        select(Seat).where(Seat.group_id == group_id, Seat.party_id == party_id, Seat.ends_at.is_(None))
    )


def seat_spells(group_id: int, party_id: int) -> list[Spell]:
    """When the party sat in the group, oldest first; a change of role does not end a spell."""
    query = (
        select(Seat.starts_at, Seat.ends_at)
        .where(Seat.group_id == group_id, Seat.party_id == party_id, Seat.role != "asked")
        .order_by(Seat.starts_at, Seat.id)
    )
    spells: list[Spell] = []
    for starts_at, ends_at in db.session.execute(query):
        if spells and spells[-1].ends_at == starts_at:
            spells[-1] = Spell(spells[-1].starts_at, ends_at)
        else:
            spells.append(Spell(starts_at, ends_at))
    return spells


def _sitters(*columns: Any, instant: datetime) -> Select[*tuple[Any, ...]]:
    """``columns`` of seats that count at ``instant``."""
    query: Select[*tuple[Any, ...]] = select(*columns).select_from(Seat)
    return query.join(Membership, Membership.party_id == Seat.party_id).where(is_taken(instant), is_current(instant))


def _people(
    group_id: int, instant: datetime, *conditions: ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> Sequence[Seated]:
    query = (
        select(Party.id, Party.name, Party.public_name, Seat.role, Seat.starts_at)
        .join(Seat, Seat.party_id == Party.id)
        .join(Membership, Membership.party_id == Party.id)
        .where(Seat.group_id == group_id, is_current(instant), *conditions)
        .order_by(Seat.role, Seat.starts_at, Seat.id)
        .limit(limit)
        .offset(offset)
    )
    return [Seated(*row) for row in db.session.execute(query)]


def _backward_seats() -> list[str]:
    ids = db.session.scalars(select(Seat.id).where(Seat.ends_at < Seat.starts_at))
    return [f"seat {seat_id} ends before it begins" for seat_id in ids]


CHECKS: tuple[Check, ...] = (Check("seats run forward", _backward_seats),)
