"""roll

Interests that members declare before voting opens.
"""

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261129_roll"
down_revision = "20261129_decisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Interests, as facts: guarded at the end of the run (infra/facts.py)."""
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


def downgrade() -> None:
    """Without them."""
    op.drop_table("recusal")
