"""Rows of membership: who applies, who is a member from when to when, who holds an office, tiers, rules, relief."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.core.money import Money
from coopgov.infra.db import Base, UtcDateTime
from coopgov.membership.rules.applications import OPEN_STATES


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


class Delegation(Base):
    """Somebody acts for an organisation that is a member, from one instant to another; several may at once."""

    __tablename__ = "delegation"
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))


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


class Tier(Base):
    """What a member can choose to give, from a minimum on. Amounts of earlier choices stay when a minimum rises."""

    __tablename__ = "tier"
    __table_args__ = (CheckConstraint("min_minor >= 0", name="minimum"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(200), default="")
    min_minor: Mapped[int] = mapped_column(BigInteger)  # for one month; a year is twelve of them
    currency: Mapped[str] = mapped_column(String(3))
    suggested_minor: Mapped[list[int]] = mapped_column(JSON, default=list)  # for one month, ascending
    intervals: Mapped[list[str]] = mapped_column(JSON, default=list)  # month and year, or one of them
    default_interval: Mapped[str] = mapped_column(String(5), default="year")
    position: Mapped[int] = mapped_column(default=0)
    offered_from: Mapped[datetime] = mapped_column(UtcDateTime)
    offered_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    oc_tier: Mapped[str] = mapped_column(String(80), default="")  # slug of the tier at Open Collective

    @property
    def minimum(self) -> Money:
        """The least for one month."""
        return Money(self.min_minor, self.currency)


class JoiningTerms(Base):
    """How people apply: there is one row, id 1. What an applicant accepted is copied into the application."""

    __tablename__ = "joining_terms"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    is_open: Mapped[bool] = mapped_column(default=True)
    prompt: Mapped[str] = mapped_column(String(300), default="")  # above "tell us a bit about yourself"; empty: ours
    min_age: Mapped[int] = mapped_column(default=18)
    code_url: Mapped[str] = mapped_column(String(300), default="")  # of the code of conduct; empty: nothing to accept
    code_version: Mapped[str] = mapped_column(String(20), default="")
    by_hand: Mapped[str] = mapped_column(String(500), default="")  # how to pay by bank transfer; empty: not offered
    version: Mapped[int] = mapped_column(default=1)


class StandingRule(Base):
    """A version of the rule that decides who is in good standing. A fact: a new version is a new row."""

    __tablename__ = "standing_rule"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3 …
    in_force_from: Mapped[datetime] = mapped_column(UtcDateTime)
    asks_dues: Mapped[bool]  # False: every member is in good standing
    grace_days: Mapped[int]  # after the last covered day
    pending_votes: Mapped[bool]  # may somebody vote whose first payment is under way?
    pending_days: Mapped[int]  # how long a payment under way counts
    min_age_days: Mapped[int]  # of membership, before the first vote
    longest_pause_months: Mapped[int]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))


class StandingHold(Base):
    """From ``since`` on nobody falls into arrears until a person has looked: too many would have at once."""

    __tablename__ = "standing_hold"
    id: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("party.id"))


class Application(Base):
    """Somebody asks to become a member. States: rules.applications.STATES."""

    __tablename__ = "application"
    __table_args__ = (
        Index(
            "uq_application_open",
            "email_key",
            unique=True,
            sqlite_where=text(f"state IN {OPEN_STATES}"),
            postgresql_where=text(f"state IN {OPEN_STATES}"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(80))
    about: Mapped[str] = mapped_column(Text)
    organisation: Mapped[str] = mapped_column(String(80), default="")  # empty: a person applies for themselves
    handle: Mapped[str] = mapped_column(String(30), default="")
    skills: Mapped[str] = mapped_column(String(300), default="")
    heard_from: Mapped[str] = mapped_column(String(120), default="")
    groups: Mapped[list[int]] = mapped_column(JSON, default=list)  # groups of interest, by id
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("tier.id"))  # None: chooses later
    language: Mapped[str] = mapped_column(String(10), default="")
    prompt: Mapped[str] = mapped_column(String(300), default="")  # the question as it was asked
    code_version: Mapped[str] = mapped_column(String(20), default="")
    min_age: Mapped[int]
    state: Mapped[str] = mapped_column(String(12), default="started", index=True)
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason_key: Mapped[str] = mapped_column(String(30), default="")  # rules.applications.REASONS
    reason_text: Mapped[str] = mapped_column(Text, default="")
    reminders: Mapped[int] = mapped_column(default=0)  # sent in this state
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)  # from approval on
    revision: Mapped[int] = mapped_column(default=1)  # a decision on an older text is refused

    @property
    def is_erased(self) -> bool:
        """True when what was written is gone and only dates and the outcome are left."""
        return self.email_key == ""


class ApplicationNote(Base):
    """What was said about an application: a question, an answer, a corrected text as it was before, a private note."""

    __tablename__ = "application_note"
    __table_args__ = (CheckConstraint("kind IN ('question', 'answer', 'former_text', 'note')", name="kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))  # None: the applicant
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class WaitingListEntry(Base):
    """Somebody wants to hear when applications are open again. They are written to once, and then forgotten."""

    __tablename__ = "waiting_list"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    language: Mapped[str] = mapped_column(String(10), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Relief(Base):
    """A time in which somebody pays less, or nothing, and keeps everything else. No reason is asked or kept.

    Dated: it is ended or followed by another, never rewritten.
    """

    __tablename__ = "relief"
    __table_args__ = (
        CheckConstraint("kind IN ('reduced', 'paused')", name="kind"),
        CheckConstraint("amount_minor >= 0", name="amount"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    amount_minor: Mapped[int] = mapped_column(BigInteger, default=0)  # for one month, while reduced
    currency: Mapped[str] = mapped_column(String(3))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: until somebody ends it (reduced only)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # earlier than planned
    by_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def amount(self) -> Money:
        """What is paid for one month, while reduced."""
        return Money(self.amount_minor, self.currency)


class Welcome(Base):
    """What a new member has done of the first steps, until the list is put away."""

    __tablename__ = "welcome"
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    introduced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mails_chosen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    put_away_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
