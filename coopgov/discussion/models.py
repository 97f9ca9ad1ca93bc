"""Rows of discussion: threads, comments, what they said before, how far each member has read, the moderation log."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime

STATES = "state IN ('visible', 'hidden', 'deleted')"


class Thread(Base):
    """A discussion in a group. ``public_name`` is how the author chose to be named for the public when writing."""

    __tablename__ = "thread"
    __table_args__ = (CheckConstraint(STATES, name="state"), Index("ix_thread_group_last", "group_id", "last_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("working_group.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    public_name: Mapped[str] = mapped_column(String(80))  # empty: "a member"
    title: Mapped[str] = mapped_column(String(150))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    is_public: Mapped[bool]
    state: Mapped[str] = mapped_column(String(8), default="visible")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)  # of the newest comment
    comment_count: Mapped[int] = mapped_column(default=0)  # also the number of the newest comment
    version: Mapped[int] = mapped_column(default=1)  # counts every change of what the page shows
    slug: Mapped[str] = mapped_column(String(60), default="")

    @property
    def path(self) -> str:
        """The thread's address within the site; without its title while that is hidden."""
        return f"/t/{self.id}-{self.slug}" if self.slug and self.state == "visible" else f"/t/{self.id}"


class Comment(Base):
    """A contribution; ``number`` counts 1, 2, 3 … within the thread, hidden and deleted ones included."""

    __tablename__ = "comment"
    __table_args__ = (CheckConstraint(STATES, name="state"), UniqueConstraint("thread_id", "number"))
    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    number: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    public_name: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="visible")
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    form_key: Mapped[str | None] = mapped_column(String(64), unique=True)  # a double tap brings the same one


class Revision(Base):
    """What a thread's opening post or a comment said before an edit."""

    __tablename__ = "revision"
    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"), index=True)
    title: Mapped[str] = mapped_column(String(150), default="")
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReadMark(Base):
    """How far a party has read a thread: the number of the last comment seen, 0 for the opening post alone."""

    __tablename__ = "read_mark"
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Moderation(Base):
    """The public moderation log: an officer's act on somebody's words, with the reason."""

    __tablename__ = "moderation"
    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    moderator_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    act: Mapped[str] = mapped_column(String(10))  # hide | restore
    reason: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
