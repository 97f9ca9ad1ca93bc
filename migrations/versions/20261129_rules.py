"""rules

The co-op's own versions of the rules that authors of proposals choose from.
"""

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261129_rules"
down_revision = "20261129_decisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_decision_rule_version")),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_decision_rule_by_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_rule")),
        sa.UniqueConstraint("slug", "version", name=op.f("uq_decision_rule_slug_version")),
    )


def downgrade() -> None:
    op.drop_table("decision_rule")
