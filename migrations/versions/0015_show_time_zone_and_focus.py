"""Shows have a time zone, which may change, and what their audience looks at, which may not.

Both as the code before leaves them: the constant default is not written into each row.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("shows", sa.Column("time_zone", sa.Text(), server_default=sa.text("'UTC'"), nullable=False))
    op.add_column("shows", sa.Column("focus", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("shows", "focus")
    op.drop_column("shows", "time_zone")
