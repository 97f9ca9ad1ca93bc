"""Reads of identity."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from coopgov.identity.models import Login, Party, SessionRow
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


def session_key(cookie: str) -> str:
    """The id of the session row that belongs to a cookie's value."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def signed_in(cookie: str, now: datetime) -> SignedIn | None:
    """The person behind ``cookie``, if its session lives at ``now``: not revoked, not expired."""
    query = (
        select(Party.id, Login.id, SessionRow.id, Party.name, Party.public_name, Party.language, Party.theme)
        .join(Login, Login.party_id == Party.id)
        .join(SessionRow, SessionRow.login_id == Login.id)
        .where(SessionRow.id == session_key(cookie), SessionRow.revoked_at.is_(None), SessionRow.expires_at > now)
    )
    row = db.session.execute(query).first()
    return SignedIn(*row) if row else None
