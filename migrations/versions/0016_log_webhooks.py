"""The log of what webhook endpoints were sent, and tests of them, which wait in it."""

import sqlalchemy as sa
from alembic import op

from migrations.online import lock

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    # The foreign key wants it.
    lock("webhook_endpoints", mode="SHARE ROW EXCLUSIVE")
    op.create_table(
        "webhook_attempts",
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("event_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("took_milliseconds", sa.Integer(), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('delivered', 'failed', 'gone', 'given_up', 'waiting')",
            name="webhook_attempts_status_is_known",
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name="webhook_attempts_have_an_endpoint",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "place", name="webhook_attempts_pkey"),
    )
    op.create_index(
        "webhook_attempts_waiting",
        "webhook_attempts",
        ["endpoint_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("webhook_attempts")
