"""Events leave the house: which ones the broker has, and places in the feed that are never given twice."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("events_position_seq")))
    op.execute("SELECT setval('events_position_seq', coalesce(max(position), 0) + 1, false) FROM events")
    op.create_index(
        "events_unpublished",
        "events",
        ["position"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("events_unpublished", table_name="events")
    op.execute(sa.schema.DropSequence(sa.Sequence("events_position_seq")))
