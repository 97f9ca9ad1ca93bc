"""joining and money

Applications, tiers, relief and rules of standing; payers, pledges, payments, the ledger and the providers' messages.
"""

import secrets

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261122_money"
down_revision = "20261122_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "balance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_balance")),
    )
    with op.batch_alter_table("balance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_balance_source"), ["source"], unique=False)

    op.create_table(
        "joining_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("prompt", sa.String(length=300), nullable=False),
        sa.Column("min_age", sa.Integer(), nullable=False),
        sa.Column("code_url", sa.String(length=300), nullable=False),
        sa.Column("code_version", sa.String(length=20), nullable=False),
        sa.Column("by_hand", sa.String(length=500), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_joining_terms_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joining_terms")),
    )
    op.create_table(
        "source_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("event_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("object_id", sa.String(length=120), nullable=False),
        sa.Column("api_version", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_event")),
        sa.UniqueConstraint("source", "event_id", name=op.f("uq_source_event_source_event_id")),
    )
    with op.batch_alter_table("source_event", schema=None) as batch_op:
        batch_op.create_index("ix_source_event_state", ["state"], unique=False)

    op.create_table(
        "sync",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync")),
    )
    with op.batch_alter_table("sync", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_source"), ["source"], unique=False)
        batch_op.create_index(
            "uq_sync_under_way",
            ["source"],
            unique=True,
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )

    op.create_table(
        "tier",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("summary", sa.String(length=200), nullable=False),
        sa.Column("min_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("suggested_minor", sa.JSON(), nullable=False),
        sa.Column("intervals", sa.JSON(), nullable=False),
        sa.Column("default_interval", sa.String(length=5), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("offered_from", UtcDateTime(), nullable=False),
        sa.Column("offered_until", UtcDateTime(), nullable=True),
        sa.Column("oc_tier", sa.String(length=80), nullable=False),
        sa.CheckConstraint("min_minor >= 0", name=op.f("ck_tier_minimum")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier")),
        sa.UniqueConstraint("slug", name=op.f("uq_tier_slug")),
    )
    op.create_table(
        "waiting_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_list")),
        sa.UniqueConstraint("email_key", name=op.f("uq_waiting_list_email_key")),
    )
    op.create_table(
        "application",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("organisation", sa.String(length=80), nullable=False),
        sa.Column("handle", sa.String(length=30), nullable=False),
        sa.Column("skills", sa.String(length=300), nullable=False),
        sa.Column("heard_from", sa.String(length=120), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("tier_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("prompt", sa.String(length=300), nullable=False),
        sa.Column("code_version", sa.String(length=20), nullable=False),
        sa.Column("min_age", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_by", sa.Integer(), nullable=True),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("reason_key", sa.String(length=30), nullable=False),
        sa.Column("reason_text", sa.Text(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["claimed_by"], ["party.id"], name=op.f("fk_application_claimed_by_party")),
        sa.ForeignKeyConstraint(["decided_by"], ["party.id"], name=op.f("fk_application_decided_by_party")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_application_party_id_party")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_application_tier_id_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_email_key"), ["email_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_state"), ["state"], unique=False)
        batch_op.create_index(
            "uq_application_open",
            ["email_key"],
            unique=True,
            sqlite_where=sa.text("state IN ('started', 'submitted', 'in_review', 'needs_info', 'approved')"),
            postgresql_where=sa.text("state IN ('started', 'submitted', 'in_review', 'needs_info', 'approved')"),
        )

    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=140), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["closed_by"], ["party.id"], name=op.f("fk_finding_closed_by_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_opened_at"), ["opened_at"], unique=False)
        batch_op.create_index(
            "uq_finding_open",
            ["kind", "subject"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "payer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("remote_id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("matched_how", sa.String(length=20), nullable=False),
        sa.Column("matched_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("source IN ('stripe', 'opencollective', 'bank', 'cash')", name=op.f("ck_payer_source")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_payer_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer")),
        sa.UniqueConstraint("source", "remote_id", name=op.f("uq_payer_source_remote_id")),
    )
    with op.batch_alter_table("payer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payer_party_id"), ["party_id"], unique=False)

    op.create_table(
        "relief",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('reduced', 'paused')", name=op.f("ck_relief_kind")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_relief_amount")),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_relief_by_id_party")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_relief_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relief")),
    )
    with op.batch_alter_table("relief", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_relief_party_id"), ["party_id"], unique=False)

    op.create_table(
        "standing_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["lifted_by"], ["party.id"], name=op.f("fk_standing_hold_lifted_by_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_hold")),
    )
    op.create_table(
        "standing_rule",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("in_force_from", UtcDateTime(), nullable=False),
        sa.Column("asks_dues", sa.Boolean(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("pending_votes", sa.Boolean(), nullable=False),
        sa.Column("pending_days", sa.Integer(), nullable=False),
        sa.Column("min_age_days", sa.Integer(), nullable=False),
        sa.Column("longest_pause_months", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_standing_rule_by_id_party")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_standing_rule")),
    )
    op.create_table(
        "welcome",
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("introduced_at", UtcDateTime(), nullable=True),
        sa.Column("mails_chosen_at", UtcDateTime(), nullable=True),
        sa.Column("put_away_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_welcome_party_id_party")),
        sa.PrimaryKeyConstraint("party_id", name=op.f("pk_welcome")),
    )
    op.create_table(
        "application_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('question', 'answer', 'former_text', 'note')", name=op.f("ck_application_note_kind")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_application_note_application_id_application")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_application_note_by_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_note")),
    )
    with op.batch_alter_table("application_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_note_application_id"), ["application_id"], unique=False)

    op.create_table(
        "pledge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("payer_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("product", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("interval", sa.String(length=5), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("remote_id", sa.String(length=120), nullable=True),
        sa.Column("item_id", sa.String(length=120), nullable=False),
        sa.Column("checkout_id", sa.String(length=120), nullable=False),
        sa.Column("checkout_url", sa.Text(), nullable=False),
        sa.Column("checkout_until", UtcDateTime(), nullable=True),
        sa.Column("claim", sa.String(length=22), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("paid_until", UtcDateTime(), nullable=True),
        sa.Column("next_charge_at", UtcDateTime(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("resumes_at", UtcDateTime(), nullable=True),
        sa.Column("action_url", sa.Text(), nullable=False),
        sa.Column("failure", sa.String(length=200), nullable=False),
        sa.Column("asked", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("interval IN ('month', 'year', 'once')", name=op.f("ck_pledge_interval")),
        sa.CheckConstraint("source IN ('stripe', 'opencollective', 'bank', 'cash')", name=op.f("ck_pledge_source")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_pledge_amount")),
        sa.CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name=op.f("ck_pledge_currency")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_pledge_party_id_party")),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name=op.f("fk_pledge_payer_id_payer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge")),
        sa.UniqueConstraint("claim", name=op.f("uq_pledge_claim")),
        sa.UniqueConstraint("source", "remote_id", name=op.f("uq_pledge_source_remote_id")),
    )
    with op.batch_alter_table("pledge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pledge_checkout_id"), ["checkout_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pledge_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pledge_payer_id"), ["payer_id"], unique=False)
        batch_op.create_index(
            "uq_pledge_open",
            ["party_id", "source"],
            unique=True,
            sqlite_where=sa.text("status = 'draft'"),
            postgresql_where=sa.text("status = 'draft'"),
        )

    op.create_table(
        "contribution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("remote_id", sa.String(length=120), nullable=False),
        sa.Column("charge_id", sa.String(length=120), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=True),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("pledge_id", sa.Integer(), nullable=True),
        sa.Column("pledge_remote_id", sa.String(length=120), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("paid_at", UtcDateTime(), nullable=False),
        sa.Column("settles_in", sa.String(length=60), nullable=False),
        sa.Column("fees", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("covers_from", sa.Date(), nullable=True),
        sa.Column("covers_to", sa.Date(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("void_at", UtcDateTime(), nullable=True),
        sa.Column("remote_status", sa.String(length=10), nullable=False),
        sa.Column("failure", sa.String(length=200), nullable=False),
        sa.Column("receipt_number", sa.Integer(), nullable=True),
        sa.Column("receipt_url", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("purpose IN ('dues', 'donation', 'other')", name=op.f("ck_contribution_purpose")),
        sa.CheckConstraint(
            "source IN ('stripe', 'opencollective', 'bank', 'cash')", name=op.f("ck_contribution_source")
        ),
        sa.CheckConstraint("gross_minor >= 0", name=op.f("ck_contribution_gross")),
        sa.CheckConstraint(
            "length(currency) = 3 AND currency = upper(currency)", name=op.f("ck_contribution_currency")
        ),
        sa.CheckConstraint(
            "refunded_minor >= 0 AND refunded_minor <= gross_minor", name=op.f("ck_contribution_refunded")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_contribution_party_id_party")),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name=op.f("fk_contribution_payer_id_payer")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_contribution_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution")),
        sa.UniqueConstraint("receipt_number", name=op.f("uq_contribution_receipt_number")),
        sa.UniqueConstraint("source", "remote_id", name=op.f("uq_contribution_source_remote_id")),
    )
    with op.batch_alter_table("contribution", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contribution_charge_id"), ["charge_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contribution_paid_at"), ["paid_at"], unique=False)
        batch_op.create_index("ix_contribution_party_paid", ["party_id", "paid_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_contribution_payer_id"), ["payer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contribution_pledge_id"), ["pledge_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contribution_pledge_remote_id"), ["pledge_remote_id"], unique=False)

    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("contribution_id", sa.Integer(), nullable=True),
        sa.Column("reverses", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_ledger_entry_by_id_party")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contribution.id"], name=op.f("fk_ledger_entry_contribution_id_contribution")
        ),
        sa.ForeignKeyConstraint(["reverses"], ["ledger_entry.id"], name=op.f("fk_ledger_entry_reverses_ledger_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("ref", name=op.f("uq_ledger_entry_ref")),
        sa.UniqueConstraint("reverses", name=op.f("uq_ledger_entry_reverses")),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_entry_contribution_id"), ["contribution_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_entry_day"), ["day"], unique=False)

    op.create_table(
        "contribution_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contribution_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("covers_from", sa.Date(), nullable=True),
        sa.Column("covers_to", sa.Date(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_contribution_share_amount")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contribution.id"], name=op.f("fk_contribution_share_contribution_id_contribution")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_contribution_share_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution_share")),
        sa.UniqueConstraint("contribution_id", "party_id", name=op.f("uq_contribution_share_contribution_id_party_id")),
    )
    with op.batch_alter_table("contribution_share", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contribution_share_party_id"), ["party_id"], unique=False)

    op.create_table(
        "reversal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contribution_id", sa.Integer(), nullable=True),
        sa.Column("payment", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("remote_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("fees", sa.JSON(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("fee_back", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('refund', 'dispute', 'correction')", name=op.f("ck_reversal_kind")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_reversal_amount")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contribution.id"], name=op.f("fk_reversal_contribution_id_contribution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reversal")),
        sa.UniqueConstraint("source", "remote_id", name=op.f("uq_reversal_source_remote_id")),
    )
    with op.batch_alter_table("reversal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reversal_contribution_id"), ["contribution_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reversal_payment"), ["payment"], unique=False)

    op.create_table(
        "posting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_posting_amount")),
        sa.CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name=op.f("ck_posting_currency")),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_posting_entry_id_ledger_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index("ix_posting_account", ["account", "currency"], unique=False)
        batch_op.create_index(batch_op.f("ix_posting_entry_id"), ["entry_id"], unique=False)

    with op.batch_alter_table("coop", schema=None) as batch_op:
        batch_op.add_column(sa.Column("currency", sa.String(length=3), server_default="GBP", nullable=False))
        batch_op.add_column(sa.Column("instance", sa.String(length=16), server_default="", nullable=False))
    op.execute(sa.text("UPDATE coop SET instance = :word").bindparams(word=secrets.token_hex(8)))


def downgrade() -> None:
    with op.batch_alter_table("coop", schema=None) as batch_op:
        batch_op.drop_column("instance")
        batch_op.drop_column("currency")

    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_posting_entry_id"))
        batch_op.drop_index("ix_posting_account")

    op.drop_table("posting")
    with op.batch_alter_table("reversal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reversal_payment"))
        batch_op.drop_index(batch_op.f("ix_reversal_contribution_id"))

    op.drop_table("reversal")
    with op.batch_alter_table("contribution_share", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contribution_share_party_id"))

    op.drop_table("contribution_share")
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_entry_day"))
        batch_op.drop_index(batch_op.f("ix_ledger_entry_contribution_id"))

    op.drop_table("ledger_entry")
    with op.batch_alter_table("contribution", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contribution_pledge_remote_id"))
        batch_op.drop_index(batch_op.f("ix_contribution_pledge_id"))
        batch_op.drop_index(batch_op.f("ix_contribution_payer_id"))
        batch_op.drop_index("ix_contribution_party_paid")
        batch_op.drop_index(batch_op.f("ix_contribution_paid_at"))
        batch_op.drop_index(batch_op.f("ix_contribution_charge_id"))

    op.drop_table("contribution")
    with op.batch_alter_table("pledge", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_pledge_open", sqlite_where=sa.text("status = 'draft'"), postgresql_where=sa.text("status = 'draft'")
        )
        batch_op.drop_index(batch_op.f("ix_pledge_payer_id"))
        batch_op.drop_index(batch_op.f("ix_pledge_party_id"))
        batch_op.drop_index(batch_op.f("ix_pledge_checkout_id"))

    op.drop_table("pledge")
    with op.batch_alter_table("application_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_application_note_application_id"))

    op.drop_table("application_note")
    op.drop_table("welcome")
    op.drop_table("standing_rule")
    op.drop_table("standing_hold")
    with op.batch_alter_table("relief", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_relief_party_id"))

    op.drop_table("relief")
    with op.batch_alter_table("payer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payer_party_id"))

    op.drop_table("payer")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_finding_open", sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_finding_opened_at"))

    op.drop_table("finding")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_application_open",
            sqlite_where=sa.text("state IN ('started', 'submitted', 'in_review', 'needs_info', 'approved')"),
            postgresql_where=sa.text("state IN ('started', 'submitted', 'in_review', 'needs_info', 'approved')"),
        )
        batch_op.drop_index(batch_op.f("ix_application_state"))
        batch_op.drop_index(batch_op.f("ix_application_party_id"))
        batch_op.drop_index(batch_op.f("ix_application_email_key"))

    op.drop_table("application")
    op.drop_table("waiting_list")
    op.drop_table("tier")
    with op.batch_alter_table("sync", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sync_under_way",
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_sync_source"))

    op.drop_table("sync")
    with op.batch_alter_table("source_event", schema=None) as batch_op:
        batch_op.drop_index("ix_source_event_state")

    op.drop_table("source_event")
    op.drop_table("joining_terms")
    with op.batch_alter_table("balance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_balance_source"))

    op.drop_table("balance")
