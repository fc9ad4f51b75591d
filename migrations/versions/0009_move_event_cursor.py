"""The events broker has everything up to a place in the feed, instead of a mark on each event."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "event_cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    # Before the first one that it may not have: some after that are sent again, and none is left out.
    op.execute("""
        INSERT INTO event_cursors (name, position)
        SELECT 'broker', coalesce(min(position) FILTER (WHERE published_at IS NULL) - 1, max(position), 0)
        FROM events
    """)
    # The version before goes on without it, slowly. Its column stays: to be dropped in the next version.
    op.execute("""
        -- squawk-ignore require-concurrent-index-deletion
        DROP INDEX events_unpublished
    """)


def downgrade() -> None:
    # First what takes long and keeps nobody waiting.
    op.execute("""
        UPDATE events SET published_at = clock_timestamp()
        WHERE published_at IS NULL
          AND position <= (SELECT position FROM event_cursors WHERE name = 'broker')
    """)
    op.drop_table("event_cursors")
    op.create_index(
        "events_unpublished",
        "events",
        ["position"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
