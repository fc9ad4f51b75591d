"""Seats, in 32 partitions by show."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# The number is fixed: a partition a show would lock the whole table at every show's creation.
PARTITIONS = 32


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("seats_id_seq")))
    op.create_table(
        "seats",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('seats_id_seq')"), nullable=False),
        sa.Column("show_id", sa.BigInteger(), nullable=False),
        sa.Column("seat_number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'available'"), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("row", sa.Text(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "(status = 'available') = (booking_id IS NULL)", name="seats_owned_have_a_booking"
        ),
        sa.CheckConstraint("(status = 'held') = (hold_expires_at IS NOT NULL)", name="seats_held_expire"),
        sa.CheckConstraint("status IN ('available', 'held', 'booked')", name="seats_status_is_known"),
        sa.CheckConstraint("price >= 0", name="seats_price_is_not_negative"),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name="seats_have_a_show"),
        sa.PrimaryKeyConstraint("show_id", "id", name="seats_pkey"),
        sa.UniqueConstraint("show_id", "seat_number", name="seats_number_is_unique_in_show"),
        postgresql_partition_by="HASH (show_id)",
    )
    # Room in each page lets a sold seat stay on it, so that a sale touches no index.
    for number in range(PARTITIONS):
        op.execute(
            f"CREATE TABLE seats_p{number:02} PARTITION OF seats "
            f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number}) WITH (fillfactor = 80)"
        )
    op.execute("ALTER SEQUENCE seats_id_seq OWNED BY seats.id")


def downgrade() -> None:
    op.drop_table("seats")
