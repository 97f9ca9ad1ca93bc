"""Rows of groups: working groups and who sits in them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime


class Group(Base):
    """A working group. ``joining``: open to every member, or by a convenor's word."""

    __tablename__ = "working_group"
    __table_args__ = (CheckConstraint("joining IN ('open', 'asked')", name="joining"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(300), default="")
    purpose_source: Mapped[str] = mapped_column(Text, default="")
    purpose_html: Mapped[str] = mapped_column(Text, default="")
    joining: Mapped[str] = mapped_column(String(8), default="open")
    seats: Mapped[int | None]  # how many may sit in the group at once; None: as many as wish
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)  # counts every change of what the group's page shows

    @property
    def path(self) -> str:
        """The group's address within the site."""
        return f"/g/{self.slug}"


class Seat(Base):
    """A party in a group from one instant to another."""

    __tablename__ = "seat"
    __table_args__ = (
        CheckConstraint("role IN ('member', 'convenor', 'asked')", name="role"),
        Index(
            "uq_seat_open",
            "group_id",
            "party_id",
            unique=True,
            sqlite_where=text("ends_at IS NULL"),
            postgresql_where=text("ends_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("working_group.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    role: Mapped[str] = mapped_column(String(8), default="member")  # asked: waits for a convenor's word
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
