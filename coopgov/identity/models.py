"""Rows of identity: parties, their logins, live sessions, links by mail, counters against guessing."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime


class Party(Base):
    """A person or an organisation; everything that somebody does points here."""

    __tablename__ = "party"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'organisation')", name="kind"),
        CheckConstraint("public_name IN ('full', 'initial', 'none')", name="public_name"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), default="person")
    name: Mapped[str] = mapped_column(String(80))
    public_name: Mapped[str] = mapped_column(String(8), default="full")  # how new writings are signed for the public
    language: Mapped[str] = mapped_column(String(10), default="")  # empty: the co-op's
    theme: Mapped[str] = mapped_column(String(5), default="")  # light | dark | empty: the system's
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Login(Base):
    """A way in for a person: an e-mail address, with a password or without."""

    __tablename__ = "login"
    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)  # core.text.fold_email
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SessionRow(Base):
    """A browser that is signed in. ``id`` is the SHA-256 of the cookie, so the table opens no door."""

    __tablename__ = "session"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"), index=True)
    method: Mapped[str] = mapped_column(String(10))  # mail | password | demo
    browser: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MailLink(Base):
    """A link that was mailed: good once, for one purpose, for a while. The token is signed; this row is its ticket."""

    __tablename__ = "mail_link"
    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(12))  # sign-in | reset | new-email
    address: Mapped[str] = mapped_column(String(254), default="")  # the new one, for new-email
    next_path: Mapped[str] = mapped_column(String(300), default="/")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Attempt(Base):
    """How often something was tried in a window of time; counts in the database, so it holds over all processes."""

    __tablename__ = "attempt"
    key: Mapped[str] = mapped_column(String(100), primary_key=True)  # purpose:sha256 of address or network
    window: Mapped[int] = mapped_column(primary_key=True)  # number of the window since 1970
    tries: Mapped[int]
