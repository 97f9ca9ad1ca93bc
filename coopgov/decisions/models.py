"""Rows of decisions: proposals, the frozen roll, ballots as a chain of facts, results, outcomes, the register."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.infra.db import Base, UtcDateTime


class Proposal(Base):
    """A question put to an electorate. ``state``: draft, scheduled, open, counting, closed, withdrawn."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'scheduled', 'open', 'counting', 'closed', 'withdrawn')", name="state"),
        CheckConstraint("electorate IN ('group', 'coop')", name="electorate"),
        Index("ix_proposal_state_closes", "state", "closes_at"),
        Index("ix_proposal_register", "state", "closed_at", "id", "is_public"),
        Index(
            "ix_proposal_versions",
            "version",
            sqlite_where=text("is_public = 1"),
            postgresql_where=text("is_public"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("working_group.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    public_name: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(150))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    is_public: Mapped[bool]  # the thread's, copied: a vote ends under the terms it began with
    electorate: Mapped[str] = mapped_column(String(5))
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)  # tally.rule.Rule.to_plain()
    rule_name: Mapped[str] = mapped_column(String(20), default="")  # preset it came from; empty: own
    state: Mapped[str] = mapped_column(String(10), default="draft")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: when its author says so
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_reason: Mapped[str] = mapped_column(String(500), default="")
    roll_size: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)  # counts every change of what the page shows
    slug: Mapped[str] = mapped_column(String(60), default="")

    @property
    def path(self) -> str:
        """The proposal's address within the site."""
        return f"/p/{self.id}-{self.slug}" if self.slug else f"/p/{self.id}"


class ProposalRevision(Base):
    """What a proposal said before it was mended."""

    __tablename__ = "proposal_revision"
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    title: Mapped[str] = mapped_column(String(150))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)  # rule, electorate, opens_at and closes_at (ISO)
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RollEntry(Base):
    """One elector of one proposal, as at its opening."""

    __tablename__ = "roll_entry"
    __table_args__ = (UniqueConstraint("proposal_id", "party_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    member_number: Mapped[int]


class Ballot(Base):
    """A ballot as it was cast; the one with the highest ``sequence`` of its elector counts, the others are history."""

    __tablename__ = "ballot"
    __table_args__ = (
        UniqueConstraint("roll_entry_id", "sequence"),
        Index("ix_ballot_proposal", "proposal_id", "roll_entry_id", "sequence"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    roll_entry_id: Mapped[int] = mapped_column(ForeignKey("roll_entry.id"))
    sequence: Mapped[int]
    choice: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500), default="")
    public_name: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(5))  # web | mail
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeadLink(Base):
    """The mailed ballot link of this elector was switched off ("not me")."""

    __tablename__ = "dead_link"
    roll_entry_id: Mapped[int] = mapped_column(ForeignKey("roll_entry.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ResultRow(Base):
    """What the count gave at closing. It never changes."""

    __tablename__ = "result"
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(12))
    plain: Mapped[dict[str, Any]] = mapped_column(JSON)  # tally's Result.to_plain()
    digest: Mapped[str] = mapped_column(String(64))
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Outcome(Base):
    """What follows from the decision, in the convenor's words; a later one replaces it on the page, none is lost."""

    __tablename__ = "outcome"
    __table_args__ = (UniqueConstraint("proposal_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    review_on: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int] = mapped_column(ForeignKey("party.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    departs: Mapped[bool] = mapped_column(default=False, server_default=false())  # from the result, which stays
    departs_reason: Mapped[str] = mapped_column(String(500), default="", server_default="")


class DecisionLink(Base):
    """What a proposal says of an earlier one; the last row of its pair and kind counts, and ``stands`` False takes it
    back."""

    __tablename__ = "decision_link"
    __table_args__ = (
        CheckConstraint("kind IN ('replaces', 'depends_on', 're_votes')", name="kind"),
        CheckConstraint("other_id <> proposal_id", name="not_itself"),
        Index("ix_decision_link_pair", "proposal_id", "other_id", "kind", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    stands: Mapped[bool]
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class DecisionNote(Base):
    """What was recorded of a decision, with the dates that stand afterwards; ``at`` is when it takes effect.

    ``dates`` sets them, ``review_opened`` is the clock's thread for one, ``reviewed`` says that it stays in force;
    ``superseded`` and ``repealed`` end it, and name the decision that did if it is ours.
    """

    __tablename__ = "decision_note"
    __table_args__ = (
        CheckConstraint("act IN ('dates', 'review_opened', 'reviewed', 'superseded', 'repealed')", name="act"),
        CheckConstraint("act <> 'superseded' OR other_id IS NOT NULL", name="superseded_by"),
        CheckConstraint("act <> 'repealed' OR reason <> ''", name="repealed_why"),
        CheckConstraint("(act = 'review_opened') = (thread_id IS NOT NULL)", name="review_thread"),
        Index("ix_decision_note_proposal", "proposal_id", "id"),
        Index(
            "uq_decision_note_ending",
            "proposal_id",
            unique=True,
            sqlite_where=text("act IN ('superseded', 'repealed')"),
            postgresql_where=text("act IN ('superseded', 'repealed')"),
        ),
        Index(
            "uq_decision_note_review",
            "proposal_id",
            "review_at",
            unique=True,
            sqlite_where=text("act = 'review_opened'"),
            postgresql_where=text("act = 'review_opened'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    act: Mapped[str] = mapped_column(String(13))
    other_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id"), index=True)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"), index=True)
    review_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the first instant at which it no longer holds
    reason: Mapped[str] = mapped_column(String(500), default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))  # None: the count, or the clock
    at: Mapped[datetime] = mapped_column(UtcDateTime)
