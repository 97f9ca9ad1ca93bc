"""Rows of federation: our actor and its keys, what we know of others, announcements, and their way to each inbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime

LONGEST_URI = 500  # characters of an id that we keep; longer ones are refused
LONGEST_HOST = 255

# Ourselves


class Actor(Base):
    """One of our actors: today the co-op's alone. Others' servers remember ``id`` and ``handle`` for good."""

    __tablename__ = "actor"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(40), unique=True)  # coop
    handle: Mapped[str] = mapped_column(String(60), unique=True)  # lower case: letters, digits, underscore
    origin: Mapped[str] = mapped_column(String(LONGEST_HOST))  # the base address when it was made
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_version: Mapped[int] = mapped_column(default=0)  # version of the co-op's profile that followers last heard of

    @property
    def path(self) -> str:
        """The actor's id within the site."""
        return f"/ap/actors/{self.id}"


class ActorKey(Base):
    """A key pair of one of our actors; the newest signs. ``sealed`` is the private half, encrypted."""

    __tablename__ = "actor_key"
    __table_args__ = (UniqueConstraint("actor_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id"))
    number: Mapped[int]  # 1, 2, 3 …; the first is called #main-key, the others #key-2 …
    public_pem: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def fragment(self) -> str:
        """What stands behind the actor's id in the key's id."""
        return "#main-key" if self.number == 1 else f"#key-{self.number}"


# Others


class RemoteActor(Base):
    """Somebody elsewhere, as their own server last described them."""

    __tablename__ = "remote_actor"
    id: Mapped[int] = mapped_column(primary_key=True)
    uri: Mapped[str] = mapped_column(String(LONGEST_URI), unique=True)
    host: Mapped[str] = mapped_column(String(LONGEST_HOST), index=True)  # rules.hosts.host_of(uri)
    inbox: Mapped[str] = mapped_column(String(LONGEST_URI))
    shared_inbox: Mapped[str] = mapped_column(String(LONGEST_URI), default="")
    handle: Mapped[str] = mapped_column(String(320), default="")  # name@host, to show
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def best_inbox(self) -> str:
        """Where what is for all followers goes: the inbox that their server shares, if it has one."""
        return self.shared_inbox or self.inbox


class RemoteKey(Base):
    """A public key elsewhere and whose it is: found by fetching the key and then its owner, never by its name."""

    __tablename__ = "remote_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(String(LONGEST_URI), unique=True)
    remote_actor_id: Mapped[int] = mapped_column(ForeignKey("remote_actor.id"), index=True)
    pem: Mapped[str] = mapped_column(Text)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when we last asked for it, found or not


class Follower(Base):
    """Somebody elsewhere follows one of our actors."""

    __tablename__ = "follower"
    __table_args__ = (UniqueConstraint("actor_id", "remote_actor_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id"))
    remote_actor_id: Mapped[int] = mapped_column(ForeignKey("remote_actor.id"), index=True)
    follow_uri: Mapped[str] = mapped_column(String(LONGEST_URI))  # of the newest Follow
    followed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Received(Base):
    """An activity that came in with a good signature: a second one with the same id is no news."""

    __tablename__ = "received"
    id: Mapped[int] = mapped_column(primary_key=True)
    uri: Mapped[str] = mapped_column(String(LONGEST_URI), unique=True)
    signer: Mapped[str] = mapped_column(String(LONGEST_URI))
    type: Mapped[str] = mapped_column(String(40))
    object_uri: Mapped[str] = mapped_column(String(LONGEST_URI), default="", index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Reaction(Base):
    """Somebody elsewhere likes or shares an announcement: once each, however often it is said."""

    __tablename__ = "reaction"
    __table_args__ = (
        CheckConstraint("kind IN ('like', 'share')", name="kind"),
        UniqueConstraint("announcement_id", "remote_actor_id", "kind"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcement.id"))
    remote_actor_id: Mapped[int] = mapped_column(ForeignKey("remote_actor.id"), index=True)
    kind: Mapped[str] = mapped_column(String(5))
    activity_uri: Mapped[str] = mapped_column(String(LONGEST_URI), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class DomainBlock(Base):
    """Nothing is taken from this domain, from none below it, on no port; nothing is sent there."""

    __tablename__ = "domain_block"
    domain: Mapped[str] = mapped_column(String(LONGEST_HOST), primary_key=True)  # lower case, punycode, no port
    reason: Mapped[str] = mapped_column(String(300), default="")
    blocked_by: Mapped[str] = mapped_column(String(40))  # as in the audit log
    at: Mapped[datetime] = mapped_column(UtcDateTime)


# What we say


class Announcement(Base):
    """A post of one of our actors, made of plain words; its page is ``path``.

    ``kind``: thread, opened, closes_soon, result, outcome, by_hand. ``subject`` is ``proposal:7``, ``thread:3`` or,
    by hand, empty: of each kind at most one stands for each subject.
    """

    __tablename__ = "announcement"
    __table_args__ = (
        CheckConstraint("kind IN ('thread', 'opened', 'closes_soon', 'result', 'outcome', 'by_hand')", name="kind"),
        Index(
            "uq_announcement_standing",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL AND subject <> ''"),
            postgresql_where=text("withdrawn_at IS NULL AND subject <> ''"),
        ),
        Index("ix_announcement_subject", "subject"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id"))
    kind: Mapped[str] = mapped_column(String(12))
    subject: Mapped[str] = mapped_column(String(40), default="")
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("announcement.id"))  # of our own, such as the opening
    title: Mapped[str] = mapped_column(String(200), default="")  # plain text, shown in bold
    words: Mapped[str] = mapped_column(Text, default="")  # plain text; a line is a paragraph
    path: Mapped[str] = mapped_column(String(200), default="/")  # of the page that it leads to
    tags: Mapped[list[list[str]]] = mapped_column(JSON, default=list)  # [["Tech", "/g/tech"], …]
    language: Mapped[str] = mapped_column(String(10))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a tombstone from then on
    version: Mapped[int] = mapped_column(default=1)

    @property
    def note_path(self) -> str:
        """The post's id within the site."""
        return f"/ap/notes/{self.id}"


class Silence(Base):
    """Of this subject (as in ``Announcement``) nothing is announced: its author or an officer said so."""

    __tablename__ = "silence"
    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Activity(Base):
    """What one of our actors did: Create, Update or Delete of an announcement, Update of itself, Accept of a Follow."""

    __tablename__ = "activity"
    id: Mapped[int] = mapped_column(primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id"))
    type: Mapped[str] = mapped_column(String(10))
    announcement_id: Mapped[int | None] = mapped_column(ForeignKey("announcement.id"), index=True)
    object: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # the Follow, for an Accept
    key_number: Mapped[int | None]  # signed with this key of the actor in place of the newest
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def path(self) -> str:
        """The activity's id within the site."""
        return f"/ap/activities/{self.id}"


# The way to each inbox


class Peer(Base):
    """How a server, by ``host`` and port, has taken what we sent."""

    __tablename__ = "peer"
    host: Mapped[str] = mapped_column(String(LONGEST_HOST), primary_key=True)  # rules.hosts.authority_of(inbox)
    dialect: Mapped[str] = mapped_column(String(8), default="")  # cavage | rfc9421, once it has taken one; empty before
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # nothing is sent there before
    parked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # nothing is sent until we hear from it
    last_ok_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(String(300), default="")


class Inbox(Base):
    """An address that has got something from us, or will."""

    __tablename__ = "inbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(LONGEST_URI), unique=True)
    host: Mapped[str] = mapped_column(ForeignKey("peer.host"), index=True)


class Delivery(Base):
    """One activity on its way to one inbox. ``state``: queued, running, done, failed (for good), dropped (not sent)."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'dropped')", name="state"),
        UniqueConstraint("activity_id", "inbox_id"),
        Index("ix_delivery_waiting", "state", "next_at"),
        Index("ix_delivery_order", "inbox_id", "state", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"))
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    state: Mapped[str] = mapped_column(String(7), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease: Mapped[str] = mapped_column(String(22), default="")
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(String(300), default="")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
