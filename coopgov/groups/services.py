"""Writes of groups. Every change of what a group's page shows counts its version up."""

from datetime import datetime

from sqlalchemy import func, select, update

from coopgov.core.errors import Refused
from coopgov.groups import queries, rules
from coopgov.groups.events import GroupEdited, GroupFounded, SeatAsked, SeatLeft, SeatTaken
from coopgov.groups.models import Group, Seat
from coopgov.infra import audit
from coopgov.infra.db import writing_session
from coopgov.infra.markdown import to_html
from coopgov.infra.outbox import emit
from coopgov.membership.queries.register import member_number


def touch_group(group_id: int) -> None:
    """What the group's page shows has changed."""
    writing_session().execute(update(Group).where(Group.id == group_id).values(version=Group.version + 1))


def found_group(
    name: str, summary: str, purpose: str, joining: str, founder_id: int, now: datetime, seats: int | None = None
) -> Group:
    """A new working group, convened by its founder; ``purpose`` is Markdown, ``seats`` None means as many as wish.

    Raises Refused ``group.name_taken``, ``group.not_a_member``, ``text.too_long``.
    """
    session = writing_session()
    _refuse_taken_name(name)
    taken = session.scalars(select(Group.slug))
    group = Group(slug=rules.free_slug(name, taken), name=name, summary=summary, joining=joining, created_at=now)
    group.seats = seats
    group.purpose_source, group.purpose_html = purpose, to_html(purpose)
    session.add(group)
    session.flush()
    audit.record(founder_id, "group.founded", f"group:{group.id}", now)
    emit(GroupFounded(group_id=group.id, by_id=founder_id), now)
    _seat(group, founder_id, "convenor", founder_id, now)
    return group


def edit_group(
    group: Group,
    name: str,
    summary: str,
    purpose: str,
    joining: str,
    by_id: int,
    now: datetime,
    seats: int | None = None,
) -> None:
    """Changes what the group says of itself and how one joins; its address stays.

    Raises as ``found_group``, and Refused ``group.fewer_seats`` when more people sit in it than ``seats``.
    """
    writing_session()
    if seats is not None and seats < (members := queries.member_count(group.id, now)):
        raise Refused("group.fewer_seats", field="seats", members=members)
    if name.casefold() != group.name.casefold():
        _refuse_taken_name(name)
    group.name, group.summary, group.joining, group.seats = name, summary, joining, seats
    group.purpose_source, group.purpose_html = purpose, to_html(purpose)
    touch_group(group.id)
    audit.record(by_id, "group.edited", f"group:{group.id}", now)
    emit(GroupEdited(group_id=group.id, by_id=by_id), now)


def join(group: Group, party_id: int, now: datetime) -> Seat:
    """The party's seat, or its wish for one where a convenor decides; asking twice changes nothing.

    Raises Refused ``group.not_a_member``, ``group.full``.
    """
    session = writing_session()
    held = queries.open_seat(group.id, party_id)
    if held and (held.role != "asked" or group.joining == "asked"):
        return held
    if group.joining == "open":
        return _seat(group, party_id, "member", party_id, now)
    _refuse_non_member(party_id, now)
    wish = Seat(group_id=group.id, party_id=party_id, role="asked", starts_at=now)
    session.add(wish)
    session.flush()
    touch_group(group.id)
    audit.record(party_id, "group.seat_asked", f"group:{group.id}", now, party=party_id)
    emit(SeatAsked(group_id=group.id, party_id=party_id), now)
    return wish


def leave(group: Group, party_id: int, now: datetime) -> None:
    """Gives the seat up, or takes a wish for one back. Raises Refused ``group.last_convenor``."""
    writing_session()
    held = queries.open_seat(group.id, party_id)
    if held is None:
        return
    if held.role == "convenor":
        _refuse_last_convenor(group, party_id, now)
    held.ends_at = now
    touch_group(group.id)
    audit.record(party_id, "group.seat_left", f"group:{group.id}", now, party=party_id)
    if held.role != "asked":
        emit(SeatLeft(group_id=group.id, party_id=party_id), now)


def seat_asker(group: Group, party_id: int, by_id: int, now: datetime) -> Seat:
    """Accepts a wish to join. Raises Refused ``group.nobody_asks``, ``group.not_a_member``, ``group.full``."""
    _wish(group, party_id)
    return _seat(group, party_id, "member", by_id, now)


def decline_asker(group: Group, party_id: int, by_id: int, now: datetime) -> None:
    """Declines a wish to join; the member may ask again. Raises Refused ``group.nobody_asks``."""
    _wish(group, party_id).ends_at = now
    touch_group(group.id)
    audit.record(by_id, "group.asker_declined", f"group:{group.id}", now, party=party_id)


def appoint_convenor(group: Group, party_id: int, by_id: int, now: datetime) -> Seat:
    """Makes a member of the group convenor, beside those there are. Raises Refused ``group.not_seated``."""
    writing_session()
    held = queries.open_seat(group.id, party_id)
    if held is None or held.role == "asked":
        raise Refused("group.not_seated")
    return held if held.role == "convenor" else _seat(group, party_id, "convenor", by_id, now)


def step_down(group: Group, party_id: int, now: datetime) -> Seat:
    """A convenor becomes an ordinary member of the group.

    Raises Refused ``group.last_convenor``, ``group.not_seated``.
    """
    writing_session()
    held = queries.open_seat(group.id, party_id)
    if held is None or held.role == "asked":
        raise Refused("group.not_seated")
    if held.role == "member":
        return held
    _refuse_last_convenor(group, party_id, now)
    return _seat(group, party_id, "member", party_id, now)


def _seat(group: Group, party_id: int, role: str, by_id: int, now: datetime) -> Seat:
    """Ends what the party held in the group and begins a seat with ``role`` at the same instant."""
    session = writing_session()
    _refuse_non_member(party_id, now)
    held = queries.open_seat(group.id, party_id)
    if held is None or held.role == "asked":
        _refuse_when_full(group, now)
    if held:
        held.ends_at = now
        session.flush()
    seat = Seat(group_id=group.id, party_id=party_id, role=role, starts_at=now)
    session.add(seat)
    session.flush()
    touch_group(group.id)
    audit.record(by_id, "group.seat_taken", f"group:{group.id}", now, party=party_id, role=role)
    emit(SeatTaken(group_id=group.id, party_id=party_id, role=role), now)
    return seat


def _wish(group: Group, party_id: int) -> Seat:
    writing_session()
    held = queries.open_seat(group.id, party_id)
    if held is None or held.role != "asked":
        raise Refused("group.nobody_asks")
    return held


def _refuse_taken_name(name: str) -> None:
    taken = writing_session().scalars(select(Group.name).where(func.lower(Group.name) == name.lower()))
    if taken.first() is not None:
        raise Refused("group.name_taken", field="name", name=name)


def _refuse_non_member(party_id: int, now: datetime) -> None:
    if member_number(party_id, now) is None:
        raise Refused("group.not_a_member")


def _refuse_when_full(group: Group, now: datetime) -> None:
    if not rules.has_room(group.seats, queries.member_count(group.id, now)):
        raise Refused("group.full", group=group.name, seats=group.seats)


def _refuse_last_convenor(group: Group, party_id: int, now: datetime) -> None:
    if queries.convenor_ids(group.id, now) <= {party_id}:
        raise Refused("group.last_convenor", group=group.name)
