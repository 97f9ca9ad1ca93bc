"""roll

Interests that members declare before voting opens, and who acts for organisations.
"""

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261129_roll"
down_revision = "20261129_register"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Interests are facts: guarded at the end of the run (infra/facts.py)."""
    op.create_table(
        "recusal",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_recusal_party_id_party")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_recusal_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("proposal_id", "party_id", name=op.f("pk_recusal")),
    )
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_delegation_by_id_party")),
        sa.ForeignKeyConstraint(["organisation_id"], ["party.id"], name=op.f("fk_delegation_organisation_id_party")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_delegation_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delegation_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegation_party_id"), ["party_id"], unique=False)


def downgrade() -> None:
    """Without them."""
    op.drop_table("delegation")
    op.drop_table("recusal")
