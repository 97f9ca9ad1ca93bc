"""Reads of identity."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.sql.elements import ColumnElement

from coopgov.core.text import fold_email
from coopgov.identity.models import Login, MailLink, Party, SessionRow
from coopgov.identity.rules import SEEN_EVERY, SESSION_IDLES
from coopgov.infra.coop import Coop
from coopgov.infra.db import db


@dataclass(frozen=True)
class SignedIn:
    """A person behind a live session."""

    party_id: int
    login_id: int
    session_id: str
    name: str
    public_name: str
    language: str
    theme: str


@dataclass(frozen=True)
class Recipient:
    """Somebody to whom mail can be sent, and in which language."""

    party_id: int
    name: str
    email: str
    language: str


def session_key(cookie: str) -> str:
    """The id of the session row that belongs to a cookie's value."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def is_live(now: datetime) -> ColumnElement[bool]:
    """Condition of sessions that hold at ``now``: not revoked, not expired, not idle for too long."""
    return and_(SessionRow.revoked_at.is_(None), SessionRow.expires_at > now, SessionRow.seen_at > now - SESSION_IDLES)


def signed_in(cookie: str, now: datetime) -> SignedIn | None:
    """The person behind ``cookie``, if its session lives at ``now``."""
    query = (
        select(Party.id, Login.id, SessionRow.id, Party.name, Party.public_name, Party.language, Party.theme)
        .join(Login, Login.party_id == Party.id)
        .join(SessionRow, SessionRow.login_id == Login.id)
        .where(SessionRow.id == session_key(cookie), is_live(now))
    )
    row = db.session.execute(query).first()
    return SignedIn(*row) if row else None


def live_sessions(login_id: int, now: datetime) -> Sequence[SessionRow]:
    """The login's sessions that hold at ``now``, last used first."""
    query = select(SessionRow).where(SessionRow.login_id == login_id, is_live(now))
    return db.session.scalars(query.order_by(SessionRow.seen_at.desc(), SessionRow.created_at.desc())).all()


def session_began(session_id: str) -> datetime | None:
    """When the session began; None when there is none."""
    return db.session.scalar(select(SessionRow.created_at).where(SessionRow.id == session_id))


def visit_is_news(session_id: str, now: datetime) -> bool:
    """True when the session's last visit was written down so long ago that this one should be."""
    query = select(SessionRow.id).where(SessionRow.id == session_id, SessionRow.seen_at <= now - SEEN_EVERY)
    return db.session.scalar(query) is not None


def mail_link(purpose: str, link_id: str) -> MailLink | None:
    """The ticket of a mailed link, used or not; None when it was for something else or is long gone."""
    return db.session.scalars(select(MailLink).where(MailLink.id == link_id, MailLink.purpose == purpose)).first()


def party(party_id: int) -> Party:
    """The party; raises LookupError when there is none."""
    found = db.session.get(Party, party_id)
    if found is None:
        raise LookupError(f"party {party_id}")
    return found


def names_of(ids: Iterable[int]) -> dict[int, str]:
    """Party id → full name, for members' eyes."""
    rows = db.session.execute(select(Party.id, Party.name).where(Party.id.in_(set(ids))))
    return {party_id: name for party_id, name in rows}


def login(login_id: int) -> Login:
    """The login; raises LookupError when there is none."""
    found = db.session.get(Login, login_id)
    if found is None:
        raise LookupError(f"login {login_id}")
    return found


def login_of(party_id: int) -> Login | None:
    """The party's login; None for a party that cannot sign in."""
    return db.session.scalars(select(Login).where(Login.party_id == party_id).order_by(Login.id).limit(1)).first()


def login_by_email(email: str) -> Login | None:
    """The login with this address; case and white space around do not matter."""
    return db.session.scalars(select(Login).where(Login.email_key == fold_email(email))).first()


def recipient(party_id: int) -> Recipient | None:
    """Where to write to the party; None when it has no address."""
    return recipients([party_id]).get(party_id)


def recipients(ids: Iterable[int]) -> dict[int, Recipient]:
    """Party id → where and in which language to write; parties without an address are left out."""
    rows = db.session.execute(_recipients().where(Party.id.in_(set(ids))))
    return {row.id: _recipient(row) for row in rows}


def _recipients() -> Select[int, str, str, str, str | None]:
    coops = select(Coop.language).where(Coop.id == 1).scalar_subquery()
    query = select(Party.id, Party.name, Login.email, Party.language, coops.label("coops_language"))
    return query.join(Login, Login.party_id == Party.id).order_by(Login.id.desc())  # the first login has the last word


def _recipient(row: Row[int, str, str, str, str | None]) -> Recipient:
    return Recipient(row.id, row.name, row.email, row.language or row.coops_language or "en")
