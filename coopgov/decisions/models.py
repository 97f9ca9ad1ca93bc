"""Rows of decisions: proposals, the frozen roll, ballots as a chain of facts, results, outcomes, the register."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.decisions.rules.options import Option
from coopgov.infra.db import Base, CanonicalText, UtcDateTime

STATES = ("draft", "discussion", "frozen", "scheduled", "open", "counting", "closed", "withdrawn", "void")
SECRECIES = ("open", "until_voted", "until_closed", "secret")


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=column)


class Proposal(Base):
    """A question put to an electorate, by a method of coopgov/tally.

    ``options``: ``{"id", "text", "meaning"}`` in the order shown; the text of an option that the method itself defines
    is empty. From ``frozen_at`` on words, options, rule and settings stay as they are.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        _one_of("state", STATES),
        _one_of("secrecy", SECRECIES),
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
    rule_name: Mapped[str] = mapped_column(String(60), default="")  # preset it came from; empty: own
    method: Mapped[str] = mapped_column(String(20), default="proposal")
    options: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # the method's: seats, budget, ties …
    is_shuffled: Mapped[bool] = mapped_column(default=False)  # each elector sees the options in an order of their own
    secrecy: Mapped[str] = mapped_column(String(12), default="until_closed")  # the rule's, copied for lists to ask
    earlier_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id"))  # the vote that this one repeats
    urgent_reason: Mapped[str] = mapped_column(String(500), default="")  # why voting is shorter than usual
    state: Mapped[str] = mapped_column(String(10), default="draft")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    discussed_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: when its author says so
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    extended_from: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it would have closed
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_reason: Mapped[str] = mapped_column(String(500), default="")
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    voided_reason: Mapped[str] = mapped_column(String(500), default="")
    roll_size: Mapped[int] = mapped_column(default=0)  # as amended; as frozen it stands in the manifest
    roll_root: Mapped[str] = mapped_column(String(64), default="")  # Merkle root of the roll as frozen
    bounds: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # of its ballots, for the database (ballot_guard.py)
    manifest: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # of the record, from opening on
    manifest_hash: Mapped[str] = mapped_column(String(64), default="")
    tie_secret: Mapped[str] = mapped_column(String(64), default="")  # of named votes; nobody reads it before closing
    version: Mapped[int] = mapped_column(default=1)  # counts every change of what the page shows
    slug: Mapped[str] = mapped_column(String(60), default="")

    @property
    def ballot_options(self) -> tuple[Option, ...]:
        """What stands on the ballot, in the order in which the author wrote it."""
        return tuple(Option.from_plain(option) for option in self.options)

    @property
    def path(self) -> str:
        """The proposal's address within the site."""
        return f"/p/{self.id}-{self.slug}" if self.slug else f"/p/{self.id}"

    @property
    def kept_terms(self) -> dict[str, Any]:
        """What a revision keeps beside title and text; instants in ISO."""
        return {
            "rule": self.rule,
            "electorate": self.electorate,
            "method": self.method,
            "options": self.options,
            "settings": self.settings,
            "is_shuffled": self.is_shuffled,
            "urgent_reason": self.urgent_reason,
            "opens_at": self.opens_at.isoformat() if self.opens_at else None,
            "closes_at": self.closes_at.isoformat(),
        }


class ProposalRevision(Base):
    """What a proposal said before it was mended."""

    __tablename__ = "proposal_revision"
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    title: Mapped[str] = mapped_column(String(150))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)  # Proposal.kept_terms; older ones hold less
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))  # who changed it; None in older ones


class RollEntry(Base):
    """One elector of one proposal: as at its opening, or ``added_at`` later by an amendment.

    ``leaf`` stands for the line in the published roll: the hash of ``salt`` and member number, which says nothing
    without the salt (tally/merkle.py). Both are empty in rolls older than records.
    """

    __tablename__ = "roll_entry"
    __table_args__ = (UniqueConstraint("proposal_id", "party_id"), Index("ix_roll_entry_leaf", "proposal_id", "leaf"))
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    member_number: Mapped[int]
    salt: Mapped[str] = mapped_column(String(32), default="")
    leaf: Mapped[str] = mapped_column(String(64), default="")
    added_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RollAmendment(Base):
    """A change of a roll after it was frozen; it shows beside the result. ``act``: added, removed, recused."""

    __tablename__ = "roll_amendment"
    __table_args__ = (_one_of("act", ("added", "removed", "recused")), UniqueConstraint("roll_entry_id", "act"))
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    roll_entry_id: Mapped[int] = mapped_column(ForeignKey("roll_entry.id"))
    act: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(500))
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Recusal(Base):
    """A member declared an interest before voting opened, and so is not put on the roll."""

    __tablename__ = "recusal"
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProxyLine(Base):
    """A proxy that stood between two lines of the roll when it was frozen: unless the giver votes, and unless it ends
    before closing, the holder's vote is counted for the giver too."""

    __tablename__ = "proxy_line"
    entry_id: Mapped[int] = mapped_column(ForeignKey("roll_entry.id"), primary_key=True)  # the giver's
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    holder_id: Mapped[int] = mapped_column(ForeignKey("roll_entry.id"), index=True)
    proxy_id: Mapped[int] = mapped_column(ForeignKey("proxy.id"), index=True)


class RecountScript(Base):
    """The one-file recount program as it was when a vote opened whose manifest names its hash."""

    __tablename__ = "recount_script"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(Text)


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
    choice: Mapped[Any] = mapped_column(CanonicalText)  # in the normal form of tally.vote.Choice
    reason: Mapped[str] = mapped_column(String(500), default="")
    nonce: Mapped[str] = mapped_column(String(32), default="")  # 16 random bytes; empty in ballots older than it
    public_name: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(5))  # web | mail | paper | proxy
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("party.id"))  # who typed it in for its elector
    through_id: Mapped[int | None] = mapped_column(ForeignKey("roll_entry.id"))  # the holder's, where it is carried
    evidence: Mapped[str] = mapped_column(String(300), default="")  # where the paper is kept


class ReasonReaction(Base):
    """A member said a word to the reason of somebody's ballot; taken back, it is gone."""

    __tablename__ = "reason_reaction"
    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True, index=True)
    word: Mapped[str] = mapped_column(String(10), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReasonReply(Base):
    """A comment of the discussion answers the reason of a ballot."""

    __tablename__ = "reason_reply"
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True)
    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), index=True)


class SealedBallot(Base):
    """What lies in the box of a secret vote while it is open: all that casting writes, and without K it says nothing.

    ``handle`` stands for the elector, ``uniqueness`` for the tracker (decisions/box.py). Neither number nor time: rows
    are kept in the order of their handles.
    """

    __tablename__ = "sealed_ballot"
    __table_args__ = (UniqueConstraint("proposal_id", "uniqueness"), {"sqlite_with_rowid": False})
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), primary_key=True)
    handle: Mapped[str] = mapped_column(String(64), primary_key=True)
    uniqueness: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class SecretBallot(Base):
    """A ballot of a secret vote as published after closing: it says nothing of its voter."""

    __tablename__ = "secret_ballot"
    __table_args__ = ({"sqlite_with_rowid": False},)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), primary_key=True)
    tracker: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[Any] = mapped_column(CanonicalText)  # poll, choice, nonce, and mark where dice were rolled


class DeadLink(Base):
    """The mailed ballot link of this elector was switched off ("not me")."""

    __tablename__ = "dead_link"
    roll_entry_id: Mapped[int] = mapped_column(ForeignKey("roll_entry.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ResultRow(Base):
    """What the count gave at closing. It never changes. ``tie_seed``: by which lots were drawn."""

    __tablename__ = "result"
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(12))
    plain: Mapped[dict[str, Any]] = mapped_column(JSON)  # tally's Result.to_plain()
    digest: Mapped[str] = mapped_column(String(64))
    tie_seed: Mapped[str] = mapped_column(String(64), default="")
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Closing(Base):
    """How the record of a vote ends: the ``close`` of tally/record.py, its hash, a signature over that, if any."""

    __tablename__ = "closing"
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), primary_key=True)
    plain: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128), default="")


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


class DecisionRule(Base):
    """A version of a rule that authors choose from; shipped rules have rows once the co-op changes them."""

    __tablename__ = "decision_rule"
    __table_args__ = (UniqueConstraint("slug", "version"), CheckConstraint("version > 0", name="version"))
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))  # empty: the shipped name, in the reader's language
    method: Mapped[str] = mapped_column(String(20))
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)  # tally.rule.Rule.to_plain()
    note: Mapped[str] = mapped_column(String(500))  # why
    offered: Mapped[bool]
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))


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


class Authorship(Base):
    """Somebody was asked to be a co-author, joined, declined, left, or is asked no more; the last act of each holds."""

    __tablename__ = "authorship"
    __table_args__ = (_one_of("act", ("asked", "joined", "declined", "left", "unasked")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    act: Mapped[str] = mapped_column(String(8))
    public_name: Mapped[str] = mapped_column(String(80), default="")  # of who joined
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Amendment(Base):
    """A changed text that somebody proposes, with the text that it was made from."""

    __tablename__ = "amendment"
    __table_args__ = (UniqueConstraint("proposal_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    number: Mapped[int]  # 1, 2, 3 … within its proposal
    author_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    public_name: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(150))
    source: Mapped[str] = mapped_column(Text)
    options: Mapped[list[str]] = mapped_column(JSON)  # texts of options that the author wrote; empty: none
    base_title: Mapped[str] = mapped_column(String(150))
    base_source: Mapped[str] = mapped_column(Text)
    base_options: Mapped[list[str]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(500))
    wants_authorship: Mapped[bool]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("amendment.id"))  # the one for an older text
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AmendmentAct(Base):
    """What became of an amendment. It ends once; before that it may be put to a vote, ``vote_id``, and again if that
    vote had no result. ``by_id`` None: the clock."""

    __tablename__ = "amendment_act"
    __table_args__ = (
        _one_of("act", ("accepted", "declined", "withdrawn", "lapsed", "replaced", "put_to_vote")),
        Index(
            "uq_amendment_act_end",
            "amendment_id",
            unique=True,
            sqlite_where=text("act != 'put_to_vote'"),
            postgresql_where=text("act != 'put_to_vote'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    amendment_id: Mapped[int] = mapped_column(ForeignKey("amendment.id"), index=True)
    act: Mapped[str] = mapped_column(String(11))
    reason: Mapped[str] = mapped_column(String(500), default="")
    vote_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id"), unique=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Countersignature(Base):
    """Somebody who did not write it confirms that a vote is urgent, for the reason as it stood."""

    __tablename__ = "countersignature"
    __table_args__ = (_one_of("role", ("convenor", "membership_secretary")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    urgent_reason: Mapped[str] = mapped_column(String(500))
    role: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProposalTemplate(Base):
    """A version of a text to start from: of the co-op, or of the group ``group_id``."""

    __tablename__ = "proposal_template"
    __table_args__ = (
        UniqueConstraint("slug", "version"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("electorate IN ('group', 'coop')", name="electorate"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("working_group.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    method: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(150))
    source: Mapped[str] = mapped_column(Text)
    options: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_shuffled: Mapped[bool]
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)  # as it was; the rule of rule_name comes before it
    rule_name: Mapped[str] = mapped_column(String(60))
    electorate: Mapped[str] = mapped_column(String(5))
    offered: Mapped[bool]
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
