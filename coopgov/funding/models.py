"""Rows of money: payers and what they promised, what was paid and came back, the ledger, the providers' messages."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from coopgov.core.money import Money
from coopgov.infra.db import Base, UtcDateTime

SOURCES = "source IN ('stripe', 'opencollective', 'bank', 'cash')"
CURRENCY = "length(currency) = 3 AND currency = upper(currency)"


class Payer(Base):
    """Who pays, as a provider knows them: a Stripe customer, an Open Collective account, a bank reference.

    ``party_id`` is whom the treasurer, a claim code or the same e-mail address matched; payer and member may differ.
    """

    __tablename__ = "payer"
    __table_args__ = (UniqueConstraint("source", "remote_id"), CheckConstraint(SOURCES, name="source"))
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    remote_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    kind: Mapped[str] = mapped_column(String(20), default="person")  # person | organisation | guest | incognito
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    matched_how: Mapped[str] = mapped_column(String(20), default="")  # metadata | claim | email | treasurer | several
    matched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Pledge(Base):
    """What somebody promised to pay: so much each month or year, through one provider.

    ``product`` is the upper feature's word for what it is for (``tier:2``). ``status``: draft (chosen, nothing at the
    provider), pending (checkout or first debit under way), active, paused, past_due, ending (paid up, will stop),
    ended, failed. A projection of the provider's object: what happened to it stands in events and the audit log.
    """

    __tablename__ = "pledge"
    __table_args__ = (
        UniqueConstraint("source", "remote_id"),
        CheckConstraint(SOURCES, name="source"),
        CheckConstraint("interval IN ('month', 'year', 'once')", name="interval"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint(CURRENCY, name="currency"),
        Index(
            "uq_pledge_open",  # a double click must not begin two checkouts
            "party_id",
            "source",
            unique=True,
            sqlite_where=text("status = 'draft'"),
            postgresql_where=text("status = 'draft'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)  # None: nobody we know
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))
    product: Mapped[str] = mapped_column(String(40), default="")
    title: Mapped[str] = mapped_column(String(120), default="")  # how the provider's pages name it
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    interval: Mapped[str] = mapped_column(String(5))
    status: Mapped[str] = mapped_column(String(10), default="draft")
    remote_id: Mapped[str | None] = mapped_column(String(120))  # sub_…, the order's id; None before there is one
    item_id: Mapped[str] = mapped_column(String(120), default="")  # Stripe's subscription item
    checkout_id: Mapped[str] = mapped_column(String(120), default="", index=True)  # cs_…
    checkout_url: Mapped[str] = mapped_column(Text, default="")
    checkout_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # nobody can pay there any more
    claim: Mapped[str] = mapped_column(String(22), unique=True)  # the code by which an order names its member
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # end of the period that is paid or being paid
    next_charge_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resumes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    action_url: Mapped[str] = mapped_column(Text, default="")  # where the payer confirms a payment that waits for it
    failure: Mapped[str] = mapped_column(String(200), default="")  # the provider's reason for the last failed charge
    asked: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # services.pledges.ask_change
    revision: Mapped[int] = mapped_column(default=1)  # of what was asked of the provider; part of idempotency keys
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def amount(self) -> Money:
        """What is promised for each interval."""
        return Money(self.amount_minor, self.currency)


class Contribution(Base):
    """One payment towards the co-op, as its source tells it now; the ledger holds what it did to the accounts.

    ``status``: pending, succeeded, failed, refunded, disputed, lost. Part refunds leave it succeeded. Covered days
    include both ends, in the co-op's zone; both empty for gifts. Without ``party_id`` it waits in the queue.
    """

    __tablename__ = "contribution"
    __table_args__ = (
        UniqueConstraint("source", "remote_id"),
        CheckConstraint(SOURCES, name="source"),
        CheckConstraint("gross_minor >= 0", name="gross"),
        CheckConstraint("refunded_minor >= 0 AND refunded_minor <= gross_minor", name="refunded"),
        CheckConstraint("purpose IN ('dues', 'donation', 'other')", name="purpose"),
        CheckConstraint(CURRENCY, name="currency"),
        Index("ix_contribution_party_paid", "party_id", "paid_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    remote_id: Mapped[str] = mapped_column(String(120))  # in_…, the transaction group, bank:<hash>, cash:<form key>
    charge_id: Mapped[str] = mapped_column(String(120), default="", index=True)  # ch_… or pi_…: refunds name it
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    pledge_id: Mapped[int | None] = mapped_column(ForeignKey("pledge.id"), index=True)
    pledge_remote_id: Mapped[str] = mapped_column(String(120), default="", index=True)  # a pledge may be told later
    purpose: Mapped[str] = mapped_column(String(10), default="dues")
    gross_minor: Mapped[int] = mapped_column(BigInteger)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    method: Mapped[str] = mapped_column(String(20), default="")  # card | bacs_debit | transfer | cash | …
    status: Mapped[str] = mapped_column(String(10))
    paid_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    settles_in: Mapped[str] = mapped_column(String(60))  # the asset account that received it
    fees: Mapped[dict[str, int] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # account → minor units; None: not told
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    covers_from: Mapped[date | None] = mapped_column(Date)
    covers_to: Mapped[date | None] = mapped_column(Date)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # as the source says
    void_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # from here on it covers nothing: failed, given back
    remote_status: Mapped[str] = mapped_column(String(10), default="succeeded")  # pending | succeeded | failed
    failure: Mapped[str] = mapped_column(String(200), default="")
    receipt_number: Mapped[int | None] = mapped_column(unique=True)  # our own, without gaps
    receipt_url: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(String(200), default="")  # the payer's reference; never public
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def gross(self) -> Money:
        """What the payer paid."""
        return Money(self.gross_minor, self.currency)


class ContributionShare(Base):
    """Whom a payment is for in the treasurer's words: several members, or days that its source does not tell.

    With shares, the payment's own ``party_id`` and covered days count for nothing: each share covers its own days
    (both empty: the payment's) for its own party. The shares of a payment add up to its gross.
    """

    __tablename__ = "contribution_share"
    __table_args__ = (
        UniqueConstraint("contribution_id", "party_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)  # in the payment's currency
    covers_from: Mapped[date | None] = mapped_column(Date)
    covers_to: Mapped[date | None] = mapped_column(Date)


class Reversal(Base):
    """Money that went back: a refund, or a dispute. A projection like Contribution.

    ``payment`` is what its source calls the payment; until that is known, there is no contribution, and nothing of it
    is booked.

    ``status`` of a refund: pending, succeeded, failed. Of a dispute: open, won, lost. A correction is a refund that
    nobody got: the payment had been written down wrongly or twice.
    """

    __tablename__ = "reversal"
    __table_args__ = (
        UniqueConstraint("source", "remote_id"),
        CheckConstraint("kind IN ('refund', 'dispute', 'correction')", name="kind"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"), index=True)
    payment: Mapped[str] = mapped_column(String(120), default="", index=True)
    source: Mapped[str] = mapped_column(String(20))
    remote_id: Mapped[str] = mapped_column(String(120))  # re_…, dp_…
    kind: Mapped[str] = mapped_column(String(10))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    fees: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # account → minor units; minus: it came back
    withdrawn: Mapped[bool] = mapped_column(default=True)  # False: a bank's question, no money moved
    fee_back: Mapped[bool] = mapped_column(default=False)  # a won dispute returned its fee, too
    status: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LedgerEntry(Base):
    """One booking: two or more postings that add up to nothing. A fact: mistakes are reversed, never mended.

    ``ref`` names what it books (``stripe:in_1:gross``) and is unique, so that nothing is booked twice. ``day`` is the
    booking day in the co-op's zone. No names: the public reads it.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (UniqueConstraint("reverses"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(20))  # rules.ledger.KINDS
    source: Mapped[str] = mapped_column(String(20))
    day: Mapped[date] = mapped_column(Date, index=True)
    contribution_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"), index=True)
    reverses: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    note: Mapped[str] = mapped_column(String(200), default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))  # None: the program
    at: Mapped[datetime] = mapped_column(UtcDateTime)  # when it was written down


class Posting(Base):
    """One line of an entry: plus is debit (more in the account), minus is credit. A fact."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        CheckConstraint(CURRENCY, name="currency"),
        Index("ix_posting_account", "account", "currency"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), index=True)
    account: Mapped[str] = mapped_column(String(60))  # rules.ledger: assets:stripe, income:dues, …
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))


class SourceEvent(Base):
    """A provider's message as it came: a hint to look again. ``body`` holds personal data and is emptied later."""

    __tablename__ = "source_event"
    __table_args__ = (UniqueConstraint("source", "event_id"), Index("ix_source_event_state", "state"))
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(80))
    object_id: Mapped[str] = mapped_column(String(120), default="")
    api_version: Mapped[str] = mapped_column(String(40), default="")
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="new")  # new | done | ignored | failed
    note: Mapped[str] = mapped_column(String(200), default="")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Sync(Base):
    """One reading of a provider, from beginning to end; runs are kept, because standing asks when we last looked.

    ``cursor`` is how far it has read, so that a killed run goes on; ``total`` 0 while nobody knows it.
    """

    __tablename__ = "sync"
    __table_args__ = (
        Index(
            "uq_sync_under_way",  # one run for each source
            "source",
            unique=True,
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20), index=True)
    cursor: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when it last got further
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ok: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str] = mapped_column(String(300), default="")


class Balance(Base):
    """What a provider said it holds for us at an instant; the ledger's account must say the same."""

    __tablename__ = "balance"
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Finding(Base):
    """Something that a person has to look at: an unmatched payment, a second subscription, a balance that differs.

    ``kind`` is one of rules.findings.KINDS; ``subject`` names what it is about and is unique while open.
    """

    __tablename__ = "finding"
    __table_args__ = (
        Index(
            "uq_finding_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[str] = mapped_column(String(140))  # contribution:12, pledge:3, stripe:sub_…
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    note: Mapped[str] = mapped_column(String(200), default="")
