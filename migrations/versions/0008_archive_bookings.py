"""An archive for bookings long past; how often settling failed at a booking; when there was a sweep."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "archived_bookings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("events", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "archived_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("bookings", sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index(
        "bookings_set_aside", "bookings", ["id"], unique=False, postgresql_where=sa.text("tries > 0")
    )
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name"),
    )
    op.execute("INSERT INTO heartbeats (name) VALUES ('sweep')")


def downgrade() -> None:
    op.drop_table("heartbeats")
    op.drop_index("bookings_set_aside", table_name="bookings")
    op.drop_column("bookings", "tries")
    op.drop_table("archived_bookings")
