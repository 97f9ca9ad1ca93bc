"""drafting

Proposals written together: co-authors, amendments and what became of them, countersignatures of urgent votes, the co-op's
own templates, and who changed a text.
"""

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261129_drafting"
down_revision = "20261129_secret"
branch_labels = None
depends_on = None

AUTHOR_ACTS = "'asked', 'joined', 'declined', 'left', 'unasked'"
AMENDMENT_ACTS = "'accepted', 'declined', 'withdrawn', 'lapsed', 'replaced', 'put_to_vote'"
NOT_A_VOTE = sa.text("act != 'put_to_vote'")


def _party(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["party.id"], name=op.f(f"fk_{table}_{column}_party"))


def _proposal(table: str, column: str = "proposal_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["proposal.id"], name=op.f(f"fk_{table}_{column}_proposal"))


def upgrade() -> None:
    with op.batch_alter_table("proposal_revision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_proposal_revision_by_id_party"), "party", ["by_id"], ["id"])
    op.create_table(
        "authorship",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(8), nullable=False),
        sa.Column("public_name", sa.String(80), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(f"act IN ({AUTHOR_ACTS})", name=op.f("ck_authorship_act")),
        _party("authorship", "by_id"),
        _party("authorship", "party_id"),
        _proposal("authorship"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorship")),
    )
    op.create_index(op.f("ix_authorship_proposal_id"), "authorship", ["proposal_id"])
    op.create_index(op.f("ix_authorship_party_id"), "authorship", ["party_id"])
    op.create_table(
        "amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("public_name", sa.String(80), nullable=False),
        sa.Column("title", sa.String(150), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("base_title", sa.String(150), nullable=False),
        sa.Column("base_source", sa.Text(), nullable=False),
        sa.Column("base_options", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("wants_authorship", sa.Boolean(), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        _party("amendment", "author_id"),
        _proposal("amendment"),
        sa.ForeignKeyConstraint(["replaces_id"], ["amendment.id"], name=op.f("fk_amendment_replaces_id_amendment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment")),
        sa.UniqueConstraint("proposal_id", "number", name=op.f("uq_amendment_proposal_id_number")),
    )
    op.create_index(op.f("ix_amendment_author_id"), "amendment", ["author_id"])
    op.create_table(
        "amendment_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("amendment_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(11), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("vote_id", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(f"act IN ({AMENDMENT_ACTS})", name=op.f("ck_amendment_act_act")),
        _party("amendment_act", "by_id"),
        _proposal("amendment_act", "vote_id"),
        sa.ForeignKeyConstraint(
            ["amendment_id"], ["amendment.id"], name=op.f("fk_amendment_act_amendment_id_amendment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment_act")),
        sa.UniqueConstraint("vote_id", name=op.f("uq_amendment_act_vote_id")),
    )
    op.create_index(op.f("ix_amendment_act_amendment_id"), "amendment_act", ["amendment_id"])
    op.create_index(
        "uq_amendment_act_end",
        "amendment_act",
        ["amendment_id"],
        unique=True,
        sqlite_where=NOT_A_VOTE,
        postgresql_where=NOT_A_VOTE,
    )
    op.create_table(
        "countersignature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("urgent_reason", sa.String(500), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("role IN ('convenor', 'membership_secretary')", name=op.f("ck_countersignature_role")),
        _party("countersignature", "by_id"),
        _proposal("countersignature"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_countersignature")),
    )
    op.create_index(op.f("ix_countersignature_proposal_id"), "countersignature", ["proposal_id"])
    op.create_table(
        "proposal_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("title", sa.String(150), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("is_shuffled", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("rule_name", sa.String(60), nullable=False),
        sa.Column("electorate", sa.String(5), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_proposal_template_version")),
        sa.CheckConstraint("electorate IN ('group', 'coop')", name=op.f("ck_proposal_template_electorate")),
        _party("proposal_template", "by_id"),
        sa.ForeignKeyConstraint(
            ["group_id"], ["working_group.id"], name=op.f("fk_proposal_template_group_id_working_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_template")),
        sa.UniqueConstraint("slug", "version", name=op.f("uq_proposal_template_slug_version")),
    )
    op.create_index(op.f("ix_proposal_template_group_id"), "proposal_template", ["group_id"])


def downgrade() -> None:
    """What was written together stays as the text it became; who helped, and how, is forgotten."""
    for table in ("proposal_template", "countersignature", "amendment_act", "amendment", "authorship"):
        op.drop_table(table)
    with op.batch_alter_table("proposal_revision", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_proposal_revision_by_id_party"), type_="foreignkey")
        batch_op.drop_column("by_id")
