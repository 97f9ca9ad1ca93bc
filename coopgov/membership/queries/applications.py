"""Reads of applications: the secretary's queue, one application with all that is known, what the clock asks for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.errors import NotFound
from coopgov.funding.models import Contribution, ContributionShare, Pledge
from coopgov.funding.rules.payments import LIVE_PLEDGES
from coopgov.identity.models import Login, Party
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db
from coopgov.membership.models import Application, ApplicationNote, Invitation, Membership
from coopgov.membership.rules.applications import (
    ANSWER_WITHIN,
    CLAIM_LASTS,
    CONFIRM_WITHIN,
    COOL_DOWN,
    DECISIONS_JUDGED,
    FINISH_WITHIN,
    KEPT_FOR,
    OPEN_STATES,
    REMIND_AFTER,
    similar_email,
    usual_days,
)

WAITING = ("submitted", "in_review")
SHOWN: dict[str, tuple[str, ...]] = {  # tab of the queue → states in it
    "waiting": WAITING,
    "questions": ("needs_info",),
    "joining": ("approved",),
    "ended": ("admitted", "declined", "expired", "withdrawn", "spam"),
}
MOST_HINTS = 10
Column = InstrumentedAttribute[str]


@dataclass(frozen=True)
class Line:
    """An application in the queue; ``reader`` is the name of who took it, ``known`` that the address has a login."""

    id: int
    name: str
    state: str
    submitted_at: datetime | None
    state_at: datetime
    claimed_at: datetime | None
    reader: str
    known: bool


@dataclass(frozen=True)
class Former:
    """Somebody who was a member before: the last membership, and why it is the same or might be."""

    party_id: int
    name: str
    number: int
    ceased_at: datetime | None
    end_reason: str


@dataclass(frozen=True)
class Duplicates:
    """Who the applicant was or might be: ``same`` by address for sure; ``similar`` is a hint, no more."""

    same: Sequence[Former]
    similar: Sequence[Former]
    applied_before: Sequence[Application]
    applied_similarly: Sequence[Application]

    @property
    def none(self) -> bool:
        """True when nothing is known."""
        return not (self.same or self.similar or self.applied_before or self.applied_similarly)


@dataclass(frozen=True)
class Act:
    """One line of an application's history; ``by`` is a name, or empty for the applicant and the clock."""

    at: datetime
    act: str
    state: str
    is_first: bool
    by: str


def application(application_id: int) -> Application:
    """The application in whatever state; raises NotFound."""
    found = db.session.get(Application, application_id)
    if found is None:
        raise NotFound
    return found


def open_application(email_key: str) -> Application | None:
    """The application of this address (folded) that has not come to an end."""
    query = select(Application).where(Application.email_key == email_key, Application.state.in_(OPEN_STATES))
    return db.session.scalars(query).first()


def declined_since(email_key: str, now: datetime) -> Application | None:
    """An application of this address that was declined so lately that it is too early to ask again."""
    query = select(Application).where(
        Application.email_key == email_key, Application.state == "declined", Application.decided_at > now - COOL_DOWN
    )
    return db.session.scalars(query.order_by(Application.decided_at.desc())).first()


def is_known_otherwise(party_id: int, application_id: int) -> bool:
    """Whether the party is in the co-op's books by anything but this application: as a member, by money, by another."""
    traces = (
        select(Membership.id).where(Membership.party_id == party_id),
        select(Contribution.id).where(Contribution.party_id == party_id),
        select(ContributionShare.id).where(ContributionShare.party_id == party_id),
        select(Pledge.id).where(Pledge.party_id == party_id, Pledge.status.in_(LIVE_PLEDGES)),
        select(Application.id).where(
            Application.party_id == party_id, Application.id != application_id, Application.email_key != ""
        ),
    )
    return bool(db.session.scalar(select(or_(*(trace.exists() for trace in traces)))))


def usual_wait() -> int | None:
    """Days within which half of the last decisions came; None until there are enough of them."""
    query = (
        select(Application.submitted_at, Application.decided_at)
        .where(Application.submitted_at.is_not(None), Application.decided_at.is_not(None))
        .order_by(Application.decided_at.desc())
        .limit(DECISIONS_JUDGED)
    )
    rows = db.session.execute(query).all()
    return usual_days([decided - sent for sent, decided in rows if sent and decided])


# The queue


def numbers_by_state() -> dict[str, tuple[int, datetime]]:
    """State → how many are in it and since when the first of them, for states that are not at an end."""
    since = func.min(func.coalesce(Application.submitted_at, Application.state_at, type_=Application.state_at.type))
    query = select(Application.state, func.count(), since).where(Application.state.in_(OPEN_STATES))
    return {state: (number, first) for state, number, first in db.session.execute(query.group_by(Application.state))}


def queue_size(tab: str) -> int:
    """How many applications ``queue`` has."""
    query = select(func.count()).select_from(Application).where(Application.state.in_(SHOWN[tab]))
    return db.session.scalar(query) or 0


def queue(tab: str, limit: int, offset: int) -> Sequence[Line]:
    """Applications of a tab, those that wait longest first; ended ones the last first."""
    login = select(Login.id).where(Login.email_key == Application.email_key).exists()
    columns = (Application.state, Application.submitted_at, Application.state_at, Application.claimed_at)
    query = (
        select(Application.id, Application.name, *columns, func.coalesce(Party.name, ""), login)
        .outerjoin(Party, Party.id == Application.claimed_by)
        .where(Application.state.in_(SHOWN[tab]))
    )
    order = Application.state_at.desc() if tab == "ended" else Application.submitted_at
    rows = db.session.execute(query.order_by(order, Application.id).limit(limit).offset(offset))
    return [Line(*row) for row in rows]


# One application


def notes_of(application_id: int) -> Sequence[ApplicationNote]:
    """All that was said about it, the first first."""
    query = select(ApplicationNote).where(ApplicationNote.application_id == application_id)
    return db.session.scalars(query.order_by(ApplicationNote.at, ApplicationNote.id)).all()


def history(application_id: int) -> list[Act]:
    """What happened to it, the first first."""
    query = select(AuditRow).where(AuditRow.object == f"application:{application_id}").order_by(AuditRow.number)
    rows = db.session.scalars(query).all()
    names = _names({row.actor for row in rows})
    return [_act(row, names.get(row.actor, "")) for row in rows]


def _act(row: AuditRow, by: str) -> Act:
    state, before = str(row.details.get("state", "")), row.details.get("before")
    return Act(row.at, row.act, state, before == "", by)


def _names(actors: Collection[str]) -> dict[str, str]:
    ids = [int(actor.partition(":")[2]) for actor in actors if actor.startswith("party:")]
    found = db.session.execute(select(Party.id, Party.name).where(Party.id.in_(ids)))
    return {f"party:{party_id}": name for party_id, name in found}


def invited_by(email_key: str) -> str:
    """Name of who last invited this address (folded) to join; empty when nobody did."""
    query = select(Party.name).join(Invitation, Invitation.invited_by == Party.id)
    return (
        db.session.scalar(
            query.where(Invitation.email_key == email_key).order_by(Invitation.created_at.desc()).limit(1)
        )
        or ""
    )


def duplicates(row: Application) -> Duplicates:
    """Who else the applicant was or might be, in three statements whatever there is."""
    alike = similar_email(row.email_key)
    known = _known(row, alike)
    same = [former for key, former in known if key == row.email_key]
    before = _applied(row, alike)
    return Duplicates(
        same=same,
        similar=[f for key, f in known if key != row.email_key and f.party_id not in {s.party_id for s in same}],
        applied_before=[other for other in before if other.email_key == row.email_key],
        applied_similarly=[other for other in before if other.email_key != row.email_key],
    )


def _alike(key: Column, name: Column, row: Application, alike: str) -> ColumnElement[bool]:
    """The same name, or an address that differs by dots and a tag alone."""
    local, _, host = alike.partition("@")
    undotted = func.replace(key, ".", "")
    bare = undotted == f"{local}@{host}".replace(".", "")
    tagged = undotted.startswith(f"{local}+", autoescape=True) & key.endswith(f"@{host}", autoescape=True)
    return or_(key == row.email_key, bare, tagged, name == row.name, func.lower(name) == row.name.lower())


def _known(applied: Application, alike: str) -> list[tuple[str, Former]]:
    """(folded address, membership) of people who were or are members, each with the last of their memberships."""
    last = select(func.max(Membership.id)).group_by(Membership.party_id)
    query = (
        select(Party.id, Party.name, Membership.number, Membership.ceased_at, Membership.end_reason, Login.email_key)
        .join(Party, Party.id == Login.party_id)
        .join(Membership, and_(Membership.party_id == Party.id, Membership.id.in_(last)))
        .where(_alike(Login.email_key, Party.name, applied, alike), Party.id != (applied.party_id or 0))
        .order_by(Membership.number)
        .limit(MOST_HINTS)
    )
    return [(row[-1], Former(*row[:-1])) for row in db.session.execute(query)]


def _applied(row: Application, alike: str) -> Sequence[Application]:
    query = select(Application).where(
        _alike(Application.email_key, Application.name, row, alike),
        Application.id != row.id,
        Application.email_key != "",
    )
    return db.session.scalars(query.order_by(Application.created_at.desc()).limit(MOST_HINTS)).all()


# What the clock asks for


def overdue(now: datetime) -> Sequence[int]:
    """Ids of applications whose time to be confirmed, answered or finished has passed."""
    spans = {"started": CONFIRM_WITHIN, "needs_info": ANSWER_WITHIN, "approved": FINISH_WITHIN}
    return _in_states_since(spans, now)


def to_erase(now: datetime) -> Sequence[int]:
    """Ids of applications that ended so long ago that what was written in them goes."""
    return _in_states_since(KEPT_FOR, now)


def _in_states_since(spans: dict[str, timedelta], now: datetime) -> Sequence[int]:
    passed = [and_(Application.state == state, Application.state_at <= now - span) for state, span in spans.items()]
    query = select(Application.id).where(or_(*passed), Application.email_key != "")
    return db.session.scalars(query.order_by(Application.id)).all()


def to_remind(now: datetime) -> Sequence[int]:
    """Ids of applications for which a reminder is due."""
    due = [
        and_(Application.state == state, Application.reminders == sent, Application.state_at <= now - span)
        for state, spans in REMIND_AFTER.items()
        for sent, span in enumerate(spans)
    ]
    return db.session.scalars(select(Application.id).where(or_(*due)).order_by(Application.id)).all()


def claims_over(now: datetime) -> Sequence[int]:
    """Ids of applications that somebody took and did not decide in time."""
    query = select(Application.id).where(Application.state == "in_review", Application.claimed_at <= now - CLAIM_LASTS)
    return db.session.scalars(query.order_by(Application.id)).all()


def waiting_now() -> tuple[int, datetime | None]:
    """How many applications wait for somebody to read or decide, and since when the first of them."""
    query = select(func.count(), func.min(Application.submitted_at)).where(Application.state.in_(WAITING))
    number, first = db.session.execute(query).one()
    return number, first
