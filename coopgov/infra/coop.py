"""The co-op's own profile: one row that every page needs, so it is kept in memory by its version."""

import secrets
from datetime import datetime

from sqlalchemy import CheckConstraint, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime, db, writing_session


class Coop(Base):
    """Name, purpose, zone and language of the co-op. There is exactly one, id 1.

    ``instance`` is what providers' objects say they belong to: a random word that a new address does not change, and
    that a backup keeps.
    """

    __tablename__ = "coop"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(300), default="")
    about_source: Mapped[str] = mapped_column(Text, default="")
    about_html: Mapped[str] = mapped_column(Text, default="")
    zone: Mapped[str] = mapped_column(String(60), default="Europe/London")
    language: Mapped[str] = mapped_column(String(10), default="en")
    currency: Mapped[str] = mapped_column(String(3), default="GBP", server_default="GBP")  # ISO 4217, of dues
    instance: Mapped[str] = mapped_column(String(16), default=lambda: secrets.token_hex(8), server_default="")
    founded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


def coop_version() -> int:
    """Version of the profile; 0 before `coopgov init` made one."""
    return db.session.scalar(select(Coop.version).where(Coop.id == 1)) or 0


def the_coop() -> Coop | None:
    """The profile, or None in a database that `coopgov init` has not filled yet."""
    return db.session.get(Coop, 1)


def found_coop(name: str, language: str, zone: str, now: datetime) -> Coop:
    """The profile of a new co-op, in the caller's transaction."""
    row = Coop(id=1, name=name, language=language, zone=zone, founded_at=now)
    writing_session().add(row)
    return row
