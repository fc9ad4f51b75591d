"""Bookings and events tell where the request that they come of is in its trace, where that is sampled."""

from alembic import op

from migrations.online import commit, lock

revision = "0022"
down_revision = "0021"

TABLES = "bookings", "events"


def upgrade() -> None:
    for table in TABLES:
        lock(table)
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS trace text")
        commit()


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "trace")
