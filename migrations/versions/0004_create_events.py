"""Events: the outbox and the history of bookings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "type IN ('BOOKING_HELD', 'BOOKING_CONFIRMED', 'BOOKING_FAILED', 'BOOKING_CANCELLED')",
            name="events_type_is_known",
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="events_have_a_booking"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("position", name="events_position_is_unique"),
    )
    op.create_index("events_by_booking", "events", ["booking_id", "seq"], unique=False)
    op.create_index(
        "events_unplaced", "events", ["seq"], unique=False, postgresql_where=sa.text("position IS NULL")
    )


def downgrade() -> None:
    op.drop_table("events")
