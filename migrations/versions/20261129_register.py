"""register

What proposals say of earlier decisions, what is recorded of decisions, outcomes that depart from the result. Review
dates that outcomes named are carried over.
"""

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261129_register"
down_revision = "20261129_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('replaces', 'depends_on', 're_votes')", name=op.f("ck_decision_link_kind")),
        sa.CheckConstraint("other_id <> proposal_id", name=op.f("ck_decision_link_not_itself")),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_decision_link_by_id_party")),
        sa.ForeignKeyConstraint(["other_id"], ["proposal.id"], name=op.f("fk_decision_link_other_id_proposal")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_decision_link_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_link")),
    )
    op.create_index("ix_decision_link_pair", "decision_link", ["proposal_id", "other_id", "kind", "id"])
    op.create_index(op.f("ix_decision_link_other_id"), "decision_link", ["other_id"])
    op.create_table(
        "decision_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=13), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=True),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.Column("review_at", UtcDateTime(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "act IN ('dates', 'review_opened', 'reviewed', 'superseded', 'repealed')", name=op.f("ck_decision_note_act")
        ),
        sa.CheckConstraint("act <> 'superseded' OR other_id IS NOT NULL", name=op.f("ck_decision_note_superseded_by")),
        sa.CheckConstraint("act <> 'repealed' OR reason <> ''", name=op.f("ck_decision_note_repealed_why")),
        sa.CheckConstraint(
            "(act = 'review_opened') = (thread_id IS NOT NULL)", name=op.f("ck_decision_note_review_thread")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_decision_note_by_id_party")),
        sa.ForeignKeyConstraint(["other_id"], ["proposal.id"], name=op.f("fk_decision_note_other_id_proposal")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_decision_note_proposal_id_proposal")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_decision_note_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_note")),
    )
    op.create_index("ix_decision_note_proposal", "decision_note", ["proposal_id", "id"])
    op.create_index(op.f("ix_decision_note_other_id"), "decision_note", ["other_id"])
    op.create_index(op.f("ix_decision_note_review_at"), "decision_note", ["review_at"])
    op.create_index(op.f("ix_decision_note_thread_id"), "decision_note", ["thread_id"])
    _unique("uq_decision_note_ending", ["proposal_id"], "act IN ('superseded', 'repealed')")
    _unique("uq_decision_note_review", ["proposal_id", "review_at"], "act = 'review_opened'")
    op.create_index("ix_proposal_register", "proposal", ["state", "closed_at", "id", "is_public"])
    op.create_index(
        "ix_proposal_versions",
        "proposal",
        ["version"],
        sqlite_where=sa.text("is_public = 1"),
        postgresql_where=sa.text("is_public"),
    )
    op.add_column("outcome", sa.Column("departs", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("outcome", sa.Column("departs_reason", sa.String(length=500), nullable=False, server_default=""))
    op.execute(
        "INSERT INTO decision_note (proposal_id, act, review_at, reason, by_id, at)"
        " SELECT o.proposal_id, 'dates', o.review_on, '', o.recorded_by, o.recorded_at FROM outcome AS o"
        " WHERE o.review_on IS NOT NULL"
        " AND o.number = (SELECT max(n.number) FROM outcome AS n WHERE n.proposal_id = o.proposal_id)"
        " ORDER BY o.id"
    )


def _unique(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "decision_note", columns, unique=True, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.drop_column("departs_reason")
        batch_op.drop_column("departs")
    op.drop_index("ix_proposal_versions", "proposal")
    op.drop_index("ix_proposal_register", "proposal")
    op.drop_table("decision_note")
    op.drop_table("decision_link")
