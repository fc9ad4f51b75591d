"""Keys with roles, the audit log, and what bookings of one client hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import build_index, commit, lock, swap

revision = "0017"
down_revision = "0016"

ROLES = "role IN ('admin', 'operator', 'box_office', 'partner')"
ACTORS = "actor_kind IN ('key', 'oidc', 'admin_key', 'command')"
CLOCK = sa.text("clock_timestamp()")


def upgrade() -> None:
    _make_keys()
    _make_audit_log()
    lock("shows, bookings")
    op.execute("ALTER TABLE shows ADD COLUMN IF NOT EXISTS max_held_seats_per_client integer")
    swap("ALTER TABLE shows DROP CONSTRAINT IF EXISTS shows_client_limit_is_positive")
    op.execute(
        "ALTER TABLE shows ADD CONSTRAINT shows_client_limit_is_positive "
        "CHECK (max_held_seats_per_client > 0) NOT VALID"
    )
    op.execute("ALTER TABLE bookings ADD COLUMN IF NOT EXISTS client text")
    commit()
    op.execute("ALTER TABLE shows VALIDATE CONSTRAINT shows_client_limit_is_positive")
    build_index(
        "bookings_held_by_client",
        "bookings (client, show_id) WHERE client IS NOT NULL AND hold_expires_at IS NOT NULL",
    )


def _make_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rate_limit", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(ROLES, name="api_keys_role_is_known"),
        sa.PrimaryKeyConstraint("id", name="api_keys_pkey"),
        if_not_exists=True,
    )
    op.create_table(
        "api_key_secrets",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(digest) = 32", name="api_key_secrets_digest_is_sha_256"),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name="api_key_secrets_have_a_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="api_key_secrets_pkey"),
        if_not_exists=True,
    )
    op.create_index(
        "api_key_secrets_newest",
        "api_key_secrets",
        ["key_id"],
        unique=True,
        postgresql_where=sa.text("ends_at IS NULL"),
        if_not_exists=True,
    )


def _make_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(ACTORS, name="audit_log_actor_is_known"),
        sa.PrimaryKeyConstraint("id", name="audit_log_pkey"),
        if_not_exists=True,
    )
    for name, column in (("actor", "actor_name"), ("action", "action"), ("target", "target")):
        op.create_index(f"audit_log_by_{name}", "audit_log", [column, "id"], if_not_exists=True)


def downgrade() -> None:
    op.drop_index("bookings_held_by_client", "bookings")
    op.drop_column("bookings", "client")
    op.drop_column("shows", "max_held_seats_per_client")
    for table in ("audit_log", "api_key_secrets", "api_keys"):
        op.drop_table(table)
