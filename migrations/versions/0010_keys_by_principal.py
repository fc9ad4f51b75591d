"""Idempotency keys belong to a principal and a show; bookings can be cancelled until a time of the show's.

A table of its own beside that of the version before, whose processes go on with it until they are replaced.
What they record there is recorded here as well: no key has two bookings, whichever code it comes to.
"""

import hashlib
import os

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

COLUMNS = "principal, show_id, key, fingerprint, booking_ids, created_at"
# Anonymous keys shorter than this are not secret enough to be taken over.
SHORTEST_KEY = 16


def upgrade() -> None:
    op.create_table(
        "used_keys",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("show_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("booking_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("principal", "show_id", "key", name="used_keys_used_once"),
    )
    op.create_index("used_keys_oldest_first", "used_keys", ["created_at"], unique=False)
    # First what takes long and keeps nobody waiting.
    op.execute(_copy_keys("true"))
    # One LOCK for all tables that later statements alter: taking them one by one deadlocks with the service.
    # Writers wait for a second or so.
    op.execute("LOCK TABLE bookings, shows, idempotency_keys, show_versions IN ACCESS EXCLUSIVE MODE")
    op.execute(_make_function())
    # Deferred to the commit: the old INSERT writes the key before its booking.
    op.execute("""
        CREATE CONSTRAINT TRIGGER idempotency_keys_are_used_keys AFTER INSERT ON idempotency_keys
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION take_over_key()
    """)
    # What was recorded meanwhile, by transactions that began before the first copy: they last seconds.
    op.execute(_copy_keys("k.created_at > transaction_timestamp() - interval '1 minute'"))
    op.add_column("shows", sa.Column("cancel_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("shows", "cancel_until")
    op.execute("DROP TRIGGER idempotency_keys_are_used_keys ON idempotency_keys")
    op.execute("DROP FUNCTION take_over_key")
    # Keys recorded since are lost: the version before looks keys up by address.
    op.drop_table("used_keys")


def _copy_keys(which: str) -> str:
    """Those recorded in the table of the version before; of several that are one now the earliest."""
    return f"""
        INSERT INTO used_keys ({COLUMNS})
        SELECT {_name_principal("k")}, b.show_id, k.key, k.fingerprint, k.booking_ids, k.created_at
        FROM idempotency_keys k JOIN bookings b ON b.id = k.booking_ids[1]
        WHERE {_is_kept("k")} AND {which}
        ORDER BY k.created_at
        ON CONFLICT DO NOTHING
    """  # noqa: S608 (nothing of it comes from outside)


def _make_function() -> str:
    """For the version before: it refuses a key that this one has recorded, which then has to answer.

    After lock_not_available that code has nothing on disk, and answers 503: the request comes again.
    """
    return f"""
        CREATE FUNCTION take_over_key() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO used_keys ({COLUMNS})
            SELECT {_name_principal("NEW")}, b.show_id, NEW.key,
                   NEW.fingerprint, NEW.booking_ids, NEW.created_at
            FROM bookings b WHERE b.id = NEW.booking_ids[1] AND {_is_kept("NEW")}
            ON CONFLICT DO NOTHING;
            IF NOT FOUND AND {_is_kept("NEW")} THEN
                RAISE EXCEPTION 'the key is in use' USING ERRCODE = 'lock_not_available';
            END IF;
            RETURN NULL;
        END $$
    """  # noqa: S608 (nothing of it comes from outside)


def _name_principal(row: str) -> str:
    return f"CASE WHEN {_is_admin(row)} THEN 'admin' ELSE 'anonymous' END"


def _is_kept(row: str) -> str:
    return f"({_is_admin(row)} OR char_length({row}.key) >= {SHORTEST_KEY})"


def _is_admin(row: str) -> str:
    # The version before named a client by the digest of its whole Authorization header.
    key = os.environ.get("ADMIN_API_KEY", "")
    headers = [f"{scheme} {key}" for scheme in ("Bearer", "bearer")] if key else []
    names = [f"'key:{hashlib.sha256(header.encode()).hexdigest()}'" for header in headers]
    return f"{row}.client IN ({', '.join(names)})" if names else "false"
