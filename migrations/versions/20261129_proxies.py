"""proxies

What groups allow, who votes for whom, and which proxies stood when a roll was frozen; what others say to the reasons
beside votes.
"""

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261129_proxies"
down_revision = "20261129_drafting"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ballot") as batch_op:
        batch_op.add_column(sa.Column("through_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_ballot_through_id_roll_entry"), "roll_entry", ["through_id"], ["id"])
    op.create_table(
        "proxy_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("cap >= 0", name=op.f("ck_proxy_terms_cap")),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_proxy_terms_by_id_party")),
        sa.ForeignKeyConstraint(["group_id"], ["working_group.id"], name=op.f("fk_proxy_terms_group_id_working_group")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy_terms")),
    )
    op.create_index(op.f("ix_proxy_terms_group_id"), "proxy_terms", ["group_id"])
    op.create_table(
        "proxy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("giver_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("how", sa.String(10), nullable=False),
        sa.CheckConstraint("giver_id <> holder_id", name=op.f("ck_proxy_not_oneself")),
        sa.CheckConstraint("how IN ('', 'declined', 'taken_back', 'given_back', 'over')", name=op.f("ck_proxy_how")),
        sa.CheckConstraint("(how = '') = (ended_at IS NULL)", name=op.f("ck_proxy_ended_somehow")),
        sa.ForeignKeyConstraint(["giver_id"], ["party.id"], name=op.f("fk_proxy_giver_id_party")),
        sa.ForeignKeyConstraint(["group_id"], ["working_group.id"], name=op.f("fk_proxy_group_id_working_group")),
        sa.ForeignKeyConstraint(["holder_id"], ["party.id"], name=op.f("fk_proxy_holder_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy")),
    )
    op.create_index(op.f("ix_proxy_giver_id"), "proxy", ["giver_id"])
    op.create_index(op.f("ix_proxy_holder_id"), "proxy", ["holder_id"])
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_proxy_giver", "proxy", ["group_id", "giver_id"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_table(
        "proxy_line",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.Integer(), nullable=False),
        sa.Column("proxy_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["roll_entry.id"], name=op.f("fk_proxy_line_entry_id_roll_entry")),
        sa.ForeignKeyConstraint(["holder_id"], ["roll_entry.id"], name=op.f("fk_proxy_line_holder_id_roll_entry")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_proxy_line_proposal_id_proposal")),
        sa.ForeignKeyConstraint(["proxy_id"], ["proxy.id"], name=op.f("fk_proxy_line_proxy_id_proxy")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_proxy_line")),
    )
    for column in ("proposal_id", "holder_id", "proxy_id"):
        op.create_index(op.f(f"ix_proxy_line_{column}"), "proxy_line", [column])
    op.create_table(
        "reason_reaction",
        sa.Column("ballot_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(10), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=op.f("fk_reason_reaction_ballot_id_ballot")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_reason_reaction_party_id_party")),
        sa.PrimaryKeyConstraint("ballot_id", "party_id", "word", name=op.f("pk_reason_reaction")),
    )
    op.create_index(op.f("ix_reason_reaction_party_id"), "reason_reaction", ["party_id"])
    op.create_table(
        "reason_reply",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("ballot_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=op.f("fk_reason_reply_ballot_id_ballot")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_reason_reply_comment_id_comment")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_reason_reply")),
    )
    op.create_index(op.f("ix_reason_reply_ballot_id"), "reason_reply", ["ballot_id"])


def downgrade() -> None:
    """Carried votes stay as votes, without a word of whose proxy they were."""
    op.drop_table("reason_reply")
    op.drop_table("reason_reaction")
    op.drop_table("proxy_line")
    op.drop_table("proxy")
    op.drop_table("proxy_terms")
    with op.batch_alter_table("ballot") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_ballot_through_id_roll_entry"), type_="foreignkey")
        batch_op.drop_column("through_id")
