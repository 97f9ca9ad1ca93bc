"""nonces

A random number with every ballot by name, so that nobody can guess back a name or a reason that was erased.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261129_nonces"
down_revision = "20261129_roll"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.add_column(sa.Column("nonce", sa.String(length=32), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.drop_column("nonce")
