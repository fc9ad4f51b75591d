"""Slots, by which the tables of bookings can be distributed, in all their keys; seats in one table.

Online, and in steps that are committed: one that died in the middle is run again from the beginning, and
finds what was done. Only the last one, _swap(), changes what anybody relies on, in one short transaction.

The slot comes last in each key: who looks without it (for ids from before slots, or as the last release does)
uses the same index.
"""

from typing import NamedTuple

from alembic import op

from migrations.online import build_index, commit, fill_column, lock, swap, write_pages

revision = "0014"
down_revision = "0013"

SLOTS = 4096
# What fills the slot for code that does not know it, the last release's. Dropped in the next version.
# By the booking's show and not by its slot, which rows from before may not have yet.
FILLS = {
    "fill_slot_of_show": f"NEW.show_id % {SLOTS}",
    "fill_slot_of_booking": f"(SELECT show_id % {SLOTS} FROM bookings WHERE id = NEW.booking_id)",  # noqa: S608
    "fill_slot_of_archived": f"cast(NEW.booking->>'show_id' AS bigint) % {SLOTS}",
}


class Table(NamedTuple):
    """A table that gets a slot: what its rows are walked by, and what fills the slot."""

    name: str
    key: str
    fill: str


TABLES = (
    Table("bookings", "id", "fill_slot_of_show"),
    Table("events", "id", "fill_slot_of_booking"),
    Table("webhook_deliveries", "endpoint_id, event_id", "fill_slot_of_booking"),
    Table("used_keys", "principal, show_id, key", "fill_slot_of_show"),
    Table("show_versions", "show_id", "fill_slot_of_show"),
    Table("archived_bookings", "id", "fill_slot_of_archived"),
)
OF_SHOW = "bookings", "show_versions", "used_keys"
# Table, name, kind, columns but for the slot.
KEYS = (
    ("bookings", "bookings_pkey", "PRIMARY KEY", "id"),
    ("events", "events_pkey", "PRIMARY KEY", "id"),
    ("events", "events_position_is_unique", "UNIQUE", "position"),
    ("used_keys", "used_keys_used_once", "PRIMARY KEY", "principal, show_id, key"),
    ("show_versions", "show_versions_pkey", "PRIMARY KEY", "show_id"),
    ("archived_bookings", "archived_bookings_pkey", "PRIMARY KEY", "id"),
    ("webhook_deliveries", "webhook_deliveries_once_an_event", "PRIMARY KEY", "endpoint_id, event_id"),
)
# Table, name, column but for the slot, table that it refers to.
REFERENCES = (
    ("events", "events_have_a_booking", "booking_id", "bookings"),
    ("webhook_deliveries", "webhook_deliveries_have_an_event", "event_id", "events"),
)
# Table, name, by which columns now, by which before: the sequence of one database says nothing of another's.
INDEXES = (
    ("bookings", "bookings_waiting", "show_id, created_at, id", "show_id, seq", "WHERE wants IS NOT NULL"),
    ("bookings", "bookings_set_aside", "slot, id", "id", "WHERE tries > 0"),
    ("events", "events_by_booking", "booking_id, created_at", "booking_id, seq", ""),
    ("events", "events_unplaced", "created_at", "seq", "WHERE position IS NULL"),
)
SEAT_KEYS = (("seats_pkey", "PRIMARY KEY", "id"), ("seats_number_is_unique_in_show", "UNIQUE", "seat_number"))
CHANGING_COLUMNS = (
    "seat_number, status, booking_id, hold_expires_at, updated_at, section, row, place, price, version"
)
SEAT_COLUMNS = f"id, show_id, {CHANGING_COLUMNS}"
SEAT_PARTITIONS = 32
# In the service's order. Settling begins at show_versions: who waits there has nothing yet that we wait for.
LOCKED_TABLES = (
    "show_versions, shows, used_keys, bookings, seats, events, webhook_endpoints, webhook_deliveries, "
    "archived_bookings"
)


def upgrade() -> None:
    _add_slots()
    _make_flat_seats()
    _copy_seats()
    for table in TABLES:
        slot = FILLS[table.fill].replace("NEW.", "t.")
        fill_column(table.name, "slot", slot, key=table.key)
    _require_slots()
    _build_keys()
    _swap()


def _add_slots() -> None:
    """The columns, and what fills them from now on; a table at a time, so that nobody waits in a circle."""
    for fill, slot in FILLS.items():
        op.execute(f"""
            CREATE OR REPLACE FUNCTION {fill}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.slot := {slot}; RETURN NEW; END $$
        """)
    for table in TABLES:
        lock(table.name)
        op.execute(f"ALTER TABLE {table.name} ADD COLUMN IF NOT EXISTS slot smallint")
        _add_fill(table.name, table.fill)
        commit()


def _add_fill(table: str, fill: str) -> None:
    op.execute(f"""
        CREATE OR REPLACE TRIGGER fill_slot BEFORE INSERT ON {table}
        FOR EACH ROW WHEN (NEW.slot IS NULL) EXECUTE FUNCTION {fill}()
    """)


def _make_flat_seats() -> None:
    """The one table of seats, empty yet, and what writes there too whatever is written to the partitions."""
    keys = ", ".join(
        f"CONSTRAINT {name.replace('seats', 'seats_flat', 1)} {kind} (show_id, {column}, slot)"
        for name, kind, column in SEAT_KEYS
    )
    values = ", ".join(f"NEW.{name}" for name in SEAT_COLUMNS.split(", "))
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in CHANGING_COLUMNS.split(", "))
    lock("shows, seats", mode="SHARE ROW EXCLUSIVE")
    # Room in each page lets a sold seat stay on it, so that a sale touches no index.
    op.execute(f"""
        CREATE TABLE IF NOT EXISTS seats_flat (
            LIKE seats INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
            slot smallint CONSTRAINT seats_slot_not_null NOT NULL,
            CONSTRAINT seats_slot_is_of_show CHECK (slot = show_id % {SLOTS}),
            CONSTRAINT seats_have_a_show FOREIGN KEY (show_id) REFERENCES shows (id),
            {keys}
        ) WITH (fillfactor = 80)
    """)
    op.execute(f"""
        CREATE OR REPLACE FUNCTION mirror_seat() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                DELETE FROM seats_flat WHERE show_id = OLD.show_id AND id = OLD.id;
            ELSE
                INSERT INTO seats_flat ({SEAT_COLUMNS}, slot)
                VALUES ({values}, NEW.show_id % {SLOTS})
                ON CONFLICT (show_id, id, slot) DO UPDATE SET {changes};
            END IF;
            RETURN NULL;
        END $$
    """)  # noqa: S608 (nothing of it comes from outside)
    op.execute("""
        CREATE OR REPLACE TRIGGER mirror_seat AFTER INSERT OR UPDATE OR DELETE ON seats
        FOR EACH ROW EXECUTE FUNCTION mirror_seat()
    """)
    commit()


def _copy_seats() -> None:
    """The seats from before the mirror; where it has been at one since, its copy is the newer.

    Locked, and not waited for: a batch that met the copy among the seats would be in a deadlock with it.
    """
    copied = "(SELECT true FROM seats_flat f WHERE f.show_id = t.show_id AND f.id = t.id)"
    copy = f"""
        INSERT INTO seats_flat ({SEAT_COLUMNS}, slot)
        SELECT {SEAT_COLUMNS}, show_id % {SLOTS} FROM locked ON CONFLICT DO NOTHING
    """  # noqa: S608 (nothing of it comes from outside)
    write_pages("seats", key="show_id, id", pending=f"{copied} IS NULL", write=copy)


def _require_slots() -> None:
    """NOT NULL by way of a CHECK: what that has proved, SET NOT NULL need not read the table for, locked."""
    for table in TABLES:
        checks = {"slot_is_known": "slot IS NOT NULL"}
        if table.name in OF_SHOW:
            checks["slot_is_of_show"] = f"slot = show_id % {SLOTS}"
        lock(table.name)
        for name, check in checks.items():
            swap(f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {table.name}_{name}")
            op.execute(
                f"ALTER TABLE {table.name} ADD CONSTRAINT {table.name}_{name} CHECK ({check}) NOT VALID"
            )
        commit()
        for name in checks:
            op.execute(f"ALTER TABLE {table.name} VALIDATE CONSTRAINT {table.name}_{name}")
            commit()
        lock(table.name)
        op.execute(f"ALTER TABLE {table.name} ALTER COLUMN slot SET NOT NULL")
        swap(f"ALTER TABLE {table.name} DROP CONSTRAINT {table.name}_slot_is_known")
        commit()


def _build_keys() -> None:
    """Beside those in use, under names of their own."""
    for table, name, _, columns in KEYS:
        build_index(f"new_{name}", f"{table} ({columns}, slot)", unique=True)
    for table, name, columns, _, where in INDEXES:
        build_index(f"new_{name}", f"{table} ({columns}) {where}")
    for table, name, column, target in REFERENCES:
        lock(f"{target}, {table}", mode="SHARE ROW EXCLUSIVE")
        swap(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS new_{name}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT new_{name} FOREIGN KEY ({column}, slot) "
            f"REFERENCES {target} (id, slot) NOT VALID"
        )
        commit()
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT new_{name}")
        commit()


def _swap() -> None:
    """Put all in its place, and commit that with the schema's version; reads and writes no rows."""
    # The planner knows nothing yet of a table of seats that was only just filled, nor of any slot.
    op.execute(f"ANALYZE {', '.join(table.name for table in TABLES)}, seats_flat")
    commit()
    lock(f"{LOCKED_TABLES}, seats_flat")
    for table, name, _, _ in REFERENCES:
        swap(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        swap(f"ALTER TABLE {table} RENAME CONSTRAINT new_{name} TO {name}")
    for table, name, kind, _ in KEYS:
        swap(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX new_{name}")
    for _, name, *_ in INDEXES:
        swap(f"DROP INDEX {name}")
        swap(f"ALTER INDEX new_{name} RENAME TO {name}")
    _replace_seats("seats_flat")
    _add_fill("seats", "fill_slot_of_show")
    swap("DROP FUNCTION mirror_seat")
    # Which slots are stamped and swept together. Those that are not named are group 0.
    op.execute(f"""
        CREATE TABLE slot_groups (
            slot smallint PRIMARY KEY,
            slot_group smallint NOT NULL,
            CONSTRAINT slot_groups_slot_is_one CHECK (slot BETWEEN 0 AND {SLOTS - 1}),
            CONSTRAINT slot_groups_not_negative CHECK (slot_group >= 0)
        )
    """)
    op.execute("ALTER TABLE webhook_endpoints ADD COLUMN positions bigint[]")


def _replace_seats(made: str) -> None:
    op.execute(f"ALTER SEQUENCE seats_id_seq OWNED BY {made}.id")
    swap("DROP TABLE seats")
    swap(f"ALTER TABLE {made} RENAME TO seats")
    for key, *_ in SEAT_KEYS:
        swap(f"ALTER INDEX {key.replace('seats', made, 1)} RENAME TO {key}")


def downgrade() -> None:
    """In one transaction that nobody can sell beside: it copies the seats, and builds all keys again."""
    op.execute(f"LOCK TABLE {LOCKED_TABLES} IN ACCESS EXCLUSIVE MODE")
    op.execute("ALTER TABLE webhook_endpoints DROP COLUMN positions")
    op.execute("DROP TABLE slot_groups")
    for table, name, _, _ in REFERENCES:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for table in (*(table.name for table in TABLES), "seats"):
        op.execute(f"DROP TRIGGER fill_slot ON {table}")
        # And with it all that it is part of: the keys, and what checks it.
        op.execute(f"ALTER TABLE {table} DROP COLUMN slot")
    op.execute(f"DROP FUNCTION {', '.join(FILLS)}")
    for table, name, kind, columns in KEYS:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} ({columns})")
    for table, name, column, target in REFERENCES:
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {target} (id)"
        )
    for table, name, _, columns, where in INDEXES:
        # One that had the slot is gone with it.
        op.execute(f"DROP INDEX IF EXISTS {name}")
        op.execute(f"CREATE INDEX {name} ON {table} ({columns}) {where}")
    _partition_seats()


def _partition_seats() -> None:
    keys = ", ".join(
        f"CONSTRAINT {name.replace('seats', 'seats_split', 1)} {kind} (show_id, {column})"
        for name, kind, column in SEAT_KEYS
    )
    op.execute(f"""
        CREATE TABLE seats_split (
            LIKE seats INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
            CONSTRAINT seats_have_a_show FOREIGN KEY (show_id) REFERENCES shows (id),
            {keys}
        ) PARTITION BY HASH (show_id)
    """)
    for number in range(SEAT_PARTITIONS):
        op.execute(
            f"CREATE TABLE seats_p{number:02} PARTITION OF seats_split "
            f"FOR VALUES WITH (MODULUS {SEAT_PARTITIONS}, REMAINDER {number}) WITH (fillfactor = 80)"
        )
    op.execute(f"INSERT INTO seats_split ({SEAT_COLUMNS}) SELECT {SEAT_COLUMNS} FROM seats")  # noqa: S608
    _replace_seats("seats_split")
