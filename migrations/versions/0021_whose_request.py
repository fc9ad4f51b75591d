"""Bookings tell which request asked for them, and whose principal's with a role it was."""

from alembic import op

from migrations.online import commit, lock, swap

revision = "0021"
down_revision = "0020"

COLUMNS = "booked_by", "request_id"
BOUND = "bookings_request_id_is_bounded"


def upgrade() -> None:
    lock("bookings")
    for name in COLUMNS:
        op.execute(f"ALTER TABLE bookings ADD COLUMN IF NOT EXISTS {name} text")
    # All up to the commit may be there from a release that died among the rows that are read after it.
    swap(f"ALTER TABLE bookings DROP CONSTRAINT IF EXISTS {BOUND}")
    op.execute(
        f"ALTER TABLE bookings ADD CONSTRAINT {BOUND} CHECK (octet_length(request_id) <= 128) NOT VALID"
    )
    commit()
    op.execute(f"ALTER TABLE bookings VALIDATE CONSTRAINT {BOUND}")


def downgrade() -> None:
    op.drop_constraint(BOUND, "bookings")
    for name in COLUMNS:
        op.drop_column("bookings", name)
