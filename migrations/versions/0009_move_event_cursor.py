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
    # And its index with it. A process of before fails at it until it is replaced; events wait meanwhile.
    op.execute("""
        -- squawk-ignore ban-drop-column
        ALTER TABLE events DROP COLUMN published_at
    """)


def downgrade() -> None:
    op.add_column("events", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("""
        UPDATE events SET published_at = clock_timestamp()
        WHERE position <= (SELECT position FROM event_cursors WHERE name = 'broker')
    """)
    op.create_index(
        "events_unpublished",
        "events",
        ["position"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("event_cursors")
