"""decisions

Every way to vote: options and settings of a proposal, ballots in the normal form of their method, stages, the roll as a
Merkle tree with amendments, what the published record needs.
"""

import json

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261129_decisions"
down_revision = "20261129_federation"
branch_labels = None
depends_on = None

STATES = "'draft', 'discussion', 'frozen', 'scheduled', 'open', 'counting', 'closed', 'withdrawn', 'void'"
FORMER_STATES = "'draft', 'scheduled', 'open', 'counting', 'closed', 'withdrawn'"
SECRECIES = "'open', 'until_voted', 'until_closed', 'secret'"
WORDS = ("agree", "abstain", "disagree", "block")


def _let_ballots_change() -> None:
    """The triggers that guard these facts come back at the end of the run (infra/facts.py)."""
    verbs = ("update", "delete") if op.get_bind().dialect.name == "sqlite" else ("update", "delete", "truncate")
    on = "" if op.get_bind().dialect.name == "sqlite" else " ON ballot"
    for verb in verbs:
        op.execute(f"DROP TRIGGER IF EXISTS ballot_no_{verb}{on}")


def upgrade() -> None:
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_proposal_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_proposal_state"), f"state IN ({STATES})")
        batch_op.alter_column("rule_name", type_=sa.String(60), existing_type=sa.String(20), existing_nullable=False)
        batch_op.add_column(sa.Column("method", sa.String(20), nullable=False, server_default="proposal"))
        batch_op.add_column(sa.Column("options", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("settings", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("is_shuffled", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("secrecy", sa.String(12), nullable=False, server_default="open"))
        batch_op.create_check_constraint(op.f("ck_proposal_secrecy"), f"secrecy IN ({SECRECIES})")
        batch_op.add_column(sa.Column("earlier_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_proposal_earlier_id_proposal"), "proposal", ["earlier_id"], ["id"])
        batch_op.add_column(sa.Column("urgent_reason", sa.String(500), nullable=False, server_default=""))
        for name in ("discussed_from", "frozen_at", "extended_from", "voided_at"):
            batch_op.add_column(sa.Column(name, UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("voided_reason", sa.String(500), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("roll_root", sa.String(64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("bounds", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("manifest", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("manifest_hash", sa.String(64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("tie_secret", sa.String(64), nullable=False, server_default=""))
    with op.batch_alter_table("roll_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("salt", sa.String(32), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("leaf", sa.String(64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("added_at", UtcDateTime(), nullable=True))
        batch_op.create_index("ix_roll_entry_leaf", ["proposal_id", "leaf"], unique=False)
    op.create_table(
        "roll_amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("roll_entry_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("act IN ('added', 'removed', 'recused')", name=op.f("ck_roll_amendment_act")),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_roll_amendment_by_id_party")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_roll_amendment_proposal_id_proposal")),
        sa.ForeignKeyConstraint(
            ["roll_entry_id"], ["roll_entry.id"], name=op.f("fk_roll_amendment_roll_entry_id_roll_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_amendment")),
        sa.UniqueConstraint("roll_entry_id", "act", name=op.f("uq_roll_amendment_roll_entry_id_act")),
    )
    with op.batch_alter_table("roll_amendment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roll_amendment_proposal_id"), ["proposal_id"], unique=False)
    op.create_table(
        "recount_script",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_recount_script")),
    )
    op.create_table(
        "closing",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("plain", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_closing_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_closing")),
    )
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tie_seed", sa.String(64), nullable=False, server_default=""))
    _let_ballots_change()
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.alter_column("choice", type_=sa.Text(), existing_type=sa.String(20), existing_nullable=False)
        batch_op.add_column(sa.Column("entered_by", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_ballot_entered_by_party"), "party", ["entered_by"], ["id"])
        batch_op.add_column(sa.Column("evidence", sa.String(300), nullable=False, server_default=""))
    op.execute("""UPDATE ballot SET choice = '"' || choice || '"'""")
    _name_the_options()


def _name_the_options() -> None:
    """What was offered so far followed from the rule: no block where it does no more than a disagreement."""
    proposal = sa.table(
        "proposal",
        *(sa.column("id", sa.Integer), sa.column("rule", sa.JSON), sa.column("options", sa.JSON)),
        *(sa.column("frozen_at", UtcDateTime()), sa.column("opened_at", UtcDateTime())),
    )
    connection = op.get_bind()
    for number, rule in connection.execute(sa.select(proposal.c.id, proposal.c.rule)).all():
        rule = json.loads(rule) if isinstance(rule, str) else rule
        words = WORDS[:3] if rule["blocks"]["kind"] == "as_disagree" else WORDS
        options = [{"id": word, "text": "", "meaning": ""} for word in words]
        connection.execute(proposal.update().where(proposal.c.id == number).values(options=options))
    connection.execute(proposal.update().values(frozen_at=proposal.c.opened_at))


def downgrade() -> None:
    """Back to agree, abstain, disagree, block; refused by the check constraint while there are newer stages."""
    _let_ballots_change()
    op.execute("DROP TRIGGER IF EXISTS ballot_fits" + ("" if op.get_bind().dialect.name == "sqlite" else " ON ballot"))
    op.execute("UPDATE ballot SET choice = substr(choice, 2, length(choice) - 2)")
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.drop_column("evidence")
        batch_op.drop_constraint(op.f("fk_ballot_entered_by_party"), type_="foreignkey")
        batch_op.drop_column("entered_by")
        batch_op.alter_column("choice", type_=sa.String(20), existing_type=sa.Text(), existing_nullable=False)
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.drop_column("tie_seed")
    op.drop_table("closing")
    op.drop_table("recount_script")
    op.drop_table("roll_amendment")
    with op.batch_alter_table("roll_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_roll_entry_leaf")
        for name in ("added_at", "leaf", "salt"):
            batch_op.drop_column(name)
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_proposal_secrecy"), type_="check")
        batch_op.drop_constraint(op.f("ck_proposal_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_proposal_state"), f"state IN ({FORMER_STATES})")
        batch_op.drop_constraint(op.f("fk_proposal_earlier_id_proposal"), type_="foreignkey")
        for name in (
            *(
                "tie_secret",
                "manifest_hash",
                "manifest",
                "bounds",
                "roll_root",
                "voided_reason",
                "voided_at",
                "extended_from",
            ),
            *("frozen_at", "discussed_from", "urgent_reason", "earlier_id", "secrecy", "is_shuffled", "settings"),
            *("options", "method"),
        ):
            batch_op.drop_column(name)
        batch_op.alter_column("rule_name", type_=sa.String(20), existing_type=sa.String(60), existing_nullable=False)
