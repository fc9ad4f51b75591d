"""Distributes the tables by slot over the servers of Citus, where that extension is there.

Done once, by the release that finds them whole. All rows of a show lie on one server, so a statement that
names the slot runs there alone. Small tables that are joined with all others are on every server.
"""

import sys
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.infra.slots import SLOTS
from migrations.server_settings import set_on_servers

# Each table refers to those before it, so this order counts. Tables in neither list stay on the coordinator:
# endpoints are written to with every delivery, also while a server is away.
REFERENCE_TABLES = "shows", "show_halls"
DISTRIBUTED_TABLES = (
    "bookings",
    "seats",
    "show_versions",
    "used_keys",
    "archived_bookings",
    "events",
    "webhook_deliveries",
    "ledger_entries",
    "payments",
    "refunds",
    "payment_events",
)
# A slot group each: so many are swept, stamped and relayed by themselves, and each web process has up to
# four connections for each. Enough for as many servers.
SHARDS = 16

_HAS_CITUS = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
_SELECT_UNDISTRIBUTED = text("""
    SELECT name FROM unnest(cast(:tables AS text[])) AS name
    WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = name::regclass)
""")
# The slot that an id tells is bits 52 to 63 of it (core/infra/ids.py).
_HAS_OTHER_IDS = text("""
    SELECT EXISTS (
        SELECT FROM (SELECT id, slot FROM bookings UNION ALL SELECT id, slot FROM archived_bookings) AS b
        WHERE slot <> ((get_byte(uuid_send(id), 6) & 15) << 8 | get_byte(uuid_send(id), 7))
    )
""")
_SELECT_KEYS_BETWEEN = text("""
    SELECT conrelid::regclass::text AS referrer, conname, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint
    WHERE contype = 'f' AND conparentid = 0
      AND (conrelid = ANY(cast(:tables AS regclass[])) OR confrelid = ANY(cast(:tables AS regclass[])))
    ORDER BY conname
""")
_SELECT_TRIGGERS = text("""
    SELECT tgname, tgrelid::regclass::text AS watched FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid = ANY(cast(:tables AS regclass[]))
""")
_FILL_GROUPS = text("""
    INSERT INTO slot_groups (slot, slot_group)
    SELECT slot, dense_rank() OVER (ORDER BY get_shard_id_for_distribution_column('bookings', slot)) - 1
    FROM generate_series(0, :slots - 1) AS slot
""")
# The broker and each endpoint had one place, which holds for every group: all events of before were placed in
# one feed.
_FILL_CURSORS = text("""
    INSERT INTO event_cursors (name, position)
    SELECT 'broker/' || number, c.position FROM event_cursors c, generate_series(1, :groups - 1) AS number
    WHERE c.name = 'broker'
""")
_FILL_PLACES = text("""
    UPDATE webhook_endpoints SET positions = array_fill(position, ARRAY[:groups - 1])
""")


def distribute(connection: Connection) -> None:
    """Distribute the tables where there is Citus and they are not distributed yet; says so, or exits.

    The last release cannot run beside it: its statements do not name the slot.
    """
    if not connection.execute(_HAS_CITUS).scalar_one():
        return
    _distribute_tables(connection)
    # Each time: servers may have been added since.
    set_on_servers(connection)


def _distribute_tables(connection: Connection) -> None:
    found = connection.execute(_SELECT_UNDISTRIBUTED, {"tables": list(DISTRIBUTED_TABLES)}).scalars()
    undistributed = [table for table in DISTRIBUTED_TABLES if table in set(found)]
    if "bookings" not in undistributed:
        _distribute_new(connection, undistributed)
        return
    if connection.execute(_HAS_OTHER_IDS).scalar_one():
        sys.exit(
            "seatline: DATABASE_URL: some bookings have ids that do not tell their slot, from before version "
            "0.2.0: they cannot be distributed; drop the extension citus, or begin with an empty database"
        )
    # Keys to tables that are everywhere are made over one connection a server.
    connection.execute(text("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"))
    keys = take_keys_away(connection)
    for table in ("bookings", "events"):
        # The last release's order, of a sequence: none is one over several servers.
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN seq"))
    for table in REFERENCE_TABLES:
        connection.execute(text("SELECT create_reference_table(:table)"), {"table": table})
    for table in DISTRIBUTED_TABLES:
        together = {} if table == "bookings" else {"colocate_with": "bookings"}
        _distribute(connection, table, **together)
    for key in keys:
        # No key leads from the servers to the coordinator.
        if "REFERENCES webhook_endpoints" not in key:
            connection.execute(text(key))
    connection.execute(_FILL_GROUPS, {"slots": SLOTS})
    fill_places(connection, groups=SHARDS)
    print(f"seatline: the tables are distributed over {SHARDS} shards of Citus, by slot", flush=True)  # noqa: T201


def _distribute_new(connection: Connection, tables: Sequence[str]) -> None:
    """Distribute tables that this version has added, beside those that are distributed."""
    if not tables:
        return
    keys = take_keys_away(connection, tables)
    for table in tables:
        _distribute(connection, table, colocate_with="bookings")
    for key in keys:
        connection.execute(text(key))


def _distribute(connection: Connection, table: str, *, colocate_with: str = "none") -> None:
    shards = f", shard_count => {SHARDS}" if colocate_with == "none" else ""
    connection.execute(
        text(f"SELECT create_distributed_table(:table, 'slot', colocate_with => :together{shards})"),
        {"table": table, "together": colocate_with},
    )


def fill_places(connection: Connection, *, groups: int) -> None:
    """Let the broker and the endpoints go on, in each group's feed, from the one place that they had."""
    for statement in (_FILL_CURSORS, _FILL_PLACES):
        connection.execute(statement, {"groups": groups})


def take_keys_away(
    connection: Connection, which: Sequence[str] = (*REFERENCE_TABLES, *DISTRIBUTED_TABLES)
) -> list[str]:
    """Drop the foreign keys and triggers of these tables; the statements that make the keys again.

    A foreign key needs both of its tables distributed. The triggers serve the last release, but for the
    ledger's, which Citus does not take on a distributed table: there, who may change it is for roles to say.
    """
    tables = {"tables": list(which)}
    for name, watched in connection.execute(_SELECT_TRIGGERS, tables).all():
        connection.execute(text(f"DROP TRIGGER {name} ON {watched}"))
    keys = connection.execute(_SELECT_KEYS_BETWEEN, tables).all()
    for table, name, _ in keys:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in keys]
