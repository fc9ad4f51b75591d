"""After a restore a show's versions go on from a new one, before which nothing is known of its map."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column(
        "show_versions",
        sa.Column("restored_version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("show_versions", "restored_version")
