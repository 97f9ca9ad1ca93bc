"""Rows of membership: who is a member from when to when, who holds an office, who was invited."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime


class Membership(Base):
    """One uninterrupted membership of a party. Numbers are never reused; coming back is a new row."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_open",
            "party_id",
            unique=True,
            sqlite_where=text("ceased_at IS NULL"),
            postgresql_where=text("ceased_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    number: Mapped[int] = mapped_column(unique=True)
    admitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ceased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str] = mapped_column(String(20), default="")


class Tenure(Base):
    """An office held from one instant to another; powers come from live tenures only."""

    __tablename__ = "tenure"
    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    office: Mapped[str] = mapped_column(String(30))  # rules.OFFICES
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Invitation(Base):
    """Somebody was asked to join by mail. Accepting it makes a party, a login and a membership."""

    __tablename__ = "invitation"
    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    office: Mapped[str] = mapped_column(String(30), default="")  # given on accepting, for the first officer
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
