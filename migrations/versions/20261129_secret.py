"""secret

The box of secret votes, and their ballots as published. Both tables are kept in the order of their keys, without
numbers that would tell who came when.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261129_secret"
down_revision = "20261129_nonces"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealed_ballot",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("handle", sa.String(64), nullable=False),
        sa.Column("uniqueness", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_sealed_ballot_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("proposal_id", "handle", name=op.f("pk_sealed_ballot")),
        sa.UniqueConstraint("proposal_id", "uniqueness", name=op.f("uq_sealed_ballot_proposal_id_uniqueness")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "secret_ballot",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("tracker", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_secret_ballot_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("proposal_id", "tracker", name=op.f("pk_secret_ballot")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        for column in ("proposal_id", "handle", "uniqueness", "sealed"):  # no samples of the box in pg_statistic
            op.execute(f"ALTER TABLE sealed_ballot ALTER COLUMN {column} SET STATISTICS 0")


def downgrade() -> None:
    """Secret votes that were counted lose their ballots, and with them their records."""
    op.drop_table("secret_ballot")
    op.drop_table("sealed_ballot")
