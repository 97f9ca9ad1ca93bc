"""Rows of notifications: what waits in whose inbox, and who wants which mail."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime


class Notice(Base):
    """One thing that concerns a party. The sentence is made from ``kind`` when it is read, in the reader's language."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("party_id", "kind", "event_id"),
        Index("ix_notice_party_read", "party_id", "read_at", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    kind: Mapped[str] = mapped_column(String(30))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    title: Mapped[str] = mapped_column(String(150))
    by_name: Mapped[str] = mapped_column(String(80), default="")
    path: Mapped[str] = mapped_column(String(200))
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"), index=True)
    number: Mapped[int | None]  # of the comment, 0: the opening post; read as soon as the party's read mark is there
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Preference(Base):
    """A party's word on mail of one kind; without a row the kind's default holds."""

    __tablename__ = "preference"
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    by_mail: Mapped[bool]
