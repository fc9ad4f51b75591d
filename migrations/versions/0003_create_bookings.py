"""Bookings: what was asked, what became of it, what it waits for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("show_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'PENDING'"), nullable=False),
        sa.Column("wants", sa.Text(), server_default=sa.text("'acquire'"), nullable=True),
        sa.Column("seats", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure_seats", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("requests", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'FAILED') = (failure_code IS NOT NULL)", name="bookings_failed_have_a_reason"
        ),
        sa.CheckConstraint(
            "failure_code IN ('seats_unavailable', 'not_enough_seats', 'hold_expired', 'customer_limit', "
            "'sales_closed', 'payment_failed', 'timed_out')",
            name="bookings_failure_is_known",
        ),
        sa.CheckConstraint(
            "hold_expires_at IS NULL OR (status = 'PENDING' AND hold AND held_at IS NOT NULL)",
            name="bookings_only_pending_holds_expire",
        ),
        sa.CheckConstraint(
            "status <> 'CONFIRMED' OR cardinality(seats) > 0", name="bookings_confirmed_have_seats"
        ),
        sa.CheckConstraint(
            "status <> 'PENDING' OR wants IS NOT NULL OR hold_expires_at IS NOT NULL",
            name="bookings_pending_wait_for_something",
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'CONFIRMED', 'FAILED', 'CANCELLED')", name="bookings_status_is_known"
        ),
        sa.CheckConstraint("wants IN ('acquire', 'confirm', 'cancel')", name="bookings_want_is_known"),
        sa.CheckConstraint(
            "wants IS DISTINCT FROM 'acquire' OR (status = 'PENDING' AND hold_expires_at IS NULL)",
            name="bookings_acquire_once",
        ),
        sa.CheckConstraint(
            "wants IS DISTINCT FROM 'confirm' OR (status = 'PENDING' AND hold_expires_at IS NOT NULL)",
            name="bookings_confirm_what_is_held",
        ),
        sa.CheckConstraint(
            "wants IS NULL OR status IN ('PENDING', 'CONFIRMED')", name="bookings_ended_want_nothing"
        ),
        sa.CheckConstraint("amount >= 0", name="bookings_amount_is_not_negative"),
        sa.CheckConstraint(
            "cardinality(seats) > 0 OR coalesce(quantity, 0) > 0", name="bookings_ask_for_seats"
        ),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name="bookings_have_a_show"),
        sa.PrimaryKeyConstraint("id"),
        postgresql_with={"fillfactor": 85},
    )
    op.create_index(
        "bookings_by_customer",
        "bookings",
        ["customer", "show_id"],
        unique=False,
        postgresql_where=sa.text("customer IS NOT NULL"),
    )
    op.create_index("bookings_by_show", "bookings", ["show_id", "id"], unique=False)
    op.create_index(
        "bookings_holds",
        "bookings",
        ["show_id", "hold_expires_at"],
        unique=False,
        postgresql_where=sa.text("hold_expires_at IS NOT NULL"),
    )
    op.create_index(
        "bookings_waiting",
        "bookings",
        ["show_id", "seq"],
        unique=False,
        postgresql_where=sa.text("wants IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("bookings")
