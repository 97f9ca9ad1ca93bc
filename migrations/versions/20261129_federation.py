"""federation

Our actor and its keys, what we know of others, announcements and their deliveries.
"""

import sqlalchemy as sa
from alembic import op

from coopgov.infra.db import UtcDateTime

revision = "20261129_federation"
down_revision = "20261122_money"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "actor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("handle", sa.String(length=60), nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("told_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actor")),
        sa.UniqueConstraint("handle", name=op.f("uq_actor_handle")),
        sa.UniqueConstraint("subject", name=op.f("uq_actor_subject")),
    )
    op.create_table(
        "domain_block",
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("blocked_by", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_domain_block")),
    )
    op.create_table(
        "peer",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("dialect", sa.String(length=8), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("parked_at", UtcDateTime(), nullable=True),
        sa.Column("last_ok_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_peer")),
    )
    op.create_table(
        "received",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uri", sa.String(length=500), nullable=False),
        sa.Column("signer", sa.String(length=500), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("object_uri", sa.String(length=500), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received")),
        sa.UniqueConstraint("uri", name=op.f("uq_received_uri")),
    )
    with op.batch_alter_table("received", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_received_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_received_object_uri"), ["object_uri"], unique=False)

    op.create_table(
        "remote_actor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uri", sa.String(length=500), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("inbox", sa.String(length=500), nullable=False),
        sa.Column("shared_inbox", sa.String(length=500), nullable=False),
        sa.Column("handle", sa.String(length=320), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_actor")),
        sa.UniqueConstraint("uri", name=op.f("uq_remote_actor_uri")),
    )
    with op.batch_alter_table("remote_actor", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remote_actor_host"), ["host"], unique=False)

    op.create_table(
        "actor_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("public_pem", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_actor_key_actor_id_actor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actor_key")),
        sa.UniqueConstraint("actor_id", "number", name=op.f("uq_actor_key_actor_id_number")),
    )
    op.create_table(
        "announcement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("reply_to_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('thread', 'opened', 'closes_soon', 'result', 'outcome', 'by_hand')",
            name=op.f("ck_announcement_kind"),
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_announcement_actor_id_actor")),
        sa.ForeignKeyConstraint(
            ["reply_to_id"], ["announcement.id"], name=op.f("fk_announcement_reply_to_id_announcement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
    )
    with op.batch_alter_table("announcement", schema=None) as batch_op:
        batch_op.create_index("ix_announcement_subject", ["subject"], unique=False)
        batch_op.create_index(
            "uq_announcement_standing",
            ["kind", "subject"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL AND subject <> ''"),
            postgresql_where=sa.text("withdrawn_at IS NULL AND subject <> ''"),
        )

    op.create_table(
        "follower",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("remote_actor_id", sa.Integer(), nullable=False),
        sa.Column("follow_uri", sa.String(length=500), nullable=False),
        sa.Column("followed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_follower_actor_id_actor")),
        sa.ForeignKeyConstraint(
            ["remote_actor_id"], ["remote_actor.id"], name=op.f("fk_follower_remote_actor_id_remote_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follower")),
        sa.UniqueConstraint("actor_id", "remote_actor_id", name=op.f("uq_follower_actor_id_remote_actor_id")),
    )
    with op.batch_alter_table("follower", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_follower_remote_actor_id"), ["remote_actor_id"], unique=False)

    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["host"], ["peer.host"], name=op.f("fk_inbox_host_peer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("url", name=op.f("uq_inbox_url")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_host"), ["host"], unique=False)

    op.create_table(
        "remote_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=500), nullable=False),
        sa.Column("remote_actor_id", sa.Integer(), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_actor_id"], ["remote_actor.id"], name=op.f("fk_remote_key_remote_actor_id_remote_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_key")),
        sa.UniqueConstraint("key_id", name=op.f("uq_remote_key_key_id")),
    )
    with op.batch_alter_table("remote_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remote_key_remote_actor_id"), ["remote_actor_id"], unique=False)

    op.create_table(
        "silence",
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_silence_party_id_party")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_silence")),
    )
    op.create_table(
        "activity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("announcement_id", sa.Integer(), nullable=True),
        sa.Column("object", sa.JSON(), nullable=True),
        sa.Column("key_number", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_activity_actor_id_actor")),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcement.id"], name=op.f("fk_activity_announcement_id_announcement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activity_announcement_id"), ["announcement_id"], unique=False)

    op.create_table(
        "reaction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("remote_actor_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("activity_uri", sa.String(length=500), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('like', 'share')", name=op.f("ck_reaction_kind")),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcement.id"], name=op.f("fk_reaction_announcement_id_announcement")
        ),
        sa.ForeignKeyConstraint(
            ["remote_actor_id"], ["remote_actor.id"], name=op.f("fk_reaction_remote_actor_id_remote_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reaction")),
        sa.UniqueConstraint(
            "announcement_id", "remote_actor_id", "kind", name=op.f("uq_reaction_announcement_id_remote_actor_id_kind")
        ),
    )
    with op.batch_alter_table("reaction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reaction_activity_uri"), ["activity_uri"], unique=False)
        batch_op.create_index(batch_op.f("ix_reaction_remote_actor_id"), ["remote_actor_id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("inbox_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("lease", sa.String(length=22), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'dropped')", name=op.f("ck_delivery_state")
        ),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_delivery_activity_id_activity")),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_delivery_inbox_id_inbox")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("activity_id", "inbox_id", name=op.f("uq_delivery_activity_id_inbox_id")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_order", ["inbox_id", "state", "id"], unique=False)
        batch_op.create_index("ix_delivery_waiting", ["state", "next_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_waiting")
        batch_op.drop_index("ix_delivery_order")

    op.drop_table("delivery")
    with op.batch_alter_table("reaction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reaction_remote_actor_id"))
        batch_op.drop_index(batch_op.f("ix_reaction_activity_uri"))

    op.drop_table("reaction")
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activity_announcement_id"))

    op.drop_table("activity")
    op.drop_table("silence")
    with op.batch_alter_table("remote_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_remote_key_remote_actor_id"))

    op.drop_table("remote_key")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbox_host"))

    op.drop_table("inbox")
    with op.batch_alter_table("follower", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_follower_remote_actor_id"))

    op.drop_table("follower")
    with op.batch_alter_table("announcement", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_announcement_standing",
            sqlite_where=sa.text("withdrawn_at IS NULL AND subject <> ''"),
            postgresql_where=sa.text("withdrawn_at IS NULL AND subject <> ''"),
        )
        batch_op.drop_index("ix_announcement_subject")

    op.drop_table("announcement")
    op.drop_table("actor_key")
    with op.batch_alter_table("remote_actor", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_remote_actor_host"))

    op.drop_table("remote_actor")
    with op.batch_alter_table("received", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_received_object_uri"))
        batch_op.drop_index(batch_op.f("ix_received_at"))

    op.drop_table("received")
    op.drop_table("peer")
    op.drop_table("domain_block")
    op.drop_table("actor")
