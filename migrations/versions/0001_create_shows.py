"""Shows, their halls, their versions and counts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "shows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total_seats", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("sections", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hold_seconds", sa.Integer(), nullable=False),
        sa.Column("max_seats_per_booking", sa.Integer(), nullable=False),
        sa.Column("max_seats_per_customer", sa.Integer(), nullable=True),
        sa.Column("sales_open_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sales_close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_required", sa.Boolean(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="shows_currency_is_iso_4217"),
        sa.CheckConstraint("hold_seconds BETWEEN 15 AND 900", name="shows_hold_is_bounded"),
        sa.CheckConstraint("max_seats_per_booking > 0", name="shows_booking_limit_is_positive"),
        sa.CheckConstraint("max_seats_per_customer > 0", name="shows_customer_limit_is_positive"),
        sa.CheckConstraint(
            "sales_open_at < coalesce(sales_close_at, start_time)", name="shows_sales_open_before_they_close"
        ),
        sa.CheckConstraint("total_seats BETWEEN 1 AND 100000", name="shows_size_is_bounded"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("shows_soonest_first", "shows", ["start_time", "id"], unique=False)
    op.create_index(
        "shows_cancelled", "shows", ["id"], unique=False, postgresql_where=sa.text("cancelled_at IS NOT NULL")
    )
    op.create_table(
        "show_halls",
        sa.Column("show_id", sa.BigInteger(), nullable=False),
        sa.Column("description", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name="show_halls_have_a_show"),
        sa.PrimaryKeyConstraint("show_id"),
    )
    op.create_table(
        "show_versions",
        sa.Column("show_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("booked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("available + held + booked = total", name="show_versions_counts_add_up"),
        sa.CheckConstraint(
            "available >= 0 AND held >= 0 AND booked >= 0", name="show_versions_counts_not_negative"
        ),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name="show_versions_have_a_show"),
        sa.PrimaryKeyConstraint("show_id"),
        postgresql_with={"fillfactor": 20},
    )


def downgrade() -> None:
    op.drop_table("show_versions")
    op.drop_table("show_halls")
    op.drop_table("shows")
