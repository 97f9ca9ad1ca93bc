"""Rows of proxies: what groups allow, and who votes for whom."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime


class ProxyTerms(Base):
    """A version of what a group allows; without one, and with a ``cap`` of 0, it has no proxies."""

    __tablename__ = "proxy_terms"
    __table_args__ = (CheckConstraint("cap >= 0", name="cap"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("working_group.id"), index=True)
    cap: Mapped[int]  # for how many others one member may vote
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Proxy(Base):
    """``giver_id`` asks ``holder_id`` to vote for them in a group, when they do not vote themselves, until an instant.

    It stands from its acceptance until ``until_at``, or until somebody ends it (``how``). A giver has one that is
    neither declined nor ended nor over.
    """

    __tablename__ = "proxy"
    __table_args__ = (
        CheckConstraint("giver_id <> holder_id", name="not_oneself"),
        CheckConstraint("how IN ('', 'declined', 'taken_back', 'given_back', 'over')", name="how"),
        CheckConstraint("(how = '') = (ended_at IS NULL)", name="ended_somehow"),
        Index(
            "uq_proxy_giver",
            "group_id",
            "giver_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("working_group.id"))
    giver_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    holder_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)  # the first instant at which it no longer stands
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    how: Mapped[str] = mapped_column(String(10), default="")  # over: a later one of the giver found it past its time
