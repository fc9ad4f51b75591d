"""Shows are searched by their names without case and accents, which is written beside them."""

import sqlalchemy as sa
from alembic import context, op

from core.shows.folding import fold_name

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # As SQL for reading there is nothing to fold.
    names = [] if context.is_offline_mode() else _select_names()
    op.add_column("shows", sa.Column("search_name", sa.Text(), nullable=True))
    if names:
        op.get_bind().execute(
            # What was renamed meanwhile is found by its name.
            sa.text("""
                UPDATE shows s SET search_name = folded.search_name
                FROM unnest(cast(:names AS text[]), cast(:folded AS text[])) AS folded(name, search_name)
                WHERE s.name = folded.name
            """),
            {"names": names, "folded": [fold_name(name) for name in names]},
        )


def _select_names() -> list[str]:
    return list(op.get_bind().execute(sa.text("SELECT DISTINCT name FROM shows")).scalars())


def downgrade() -> None:
    op.drop_column("shows", "search_name")
