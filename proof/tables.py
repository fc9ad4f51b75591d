"""The tables, emptied between tests and between rounds of the proof."""

from sqlalchemy import text
from sqlalchemy.engine import Connection

# In an order that foreign keys allow.
TABLES = (
    "webhook_deliveries",
    "webhook_endpoints",
    "archived_bookings",
    "used_keys",
    "events",
    "bookings",
    "seats",
    "show_versions",
    "show_halls",
    "shows",
)


def empty_tables(connection: Connection) -> None:
    """Delete everything; places in the feed begin at 1 again."""
    # Whoever is settling a show finishes first, and nobody begins.
    connection.execute(text("LOCK TABLE show_versions IN EXCLUSIVE MODE"))
    for table in TABLES:
        connection.execute(text(f"DELETE FROM {table}"))
    connection.execute(text("ALTER SEQUENCE events_position_seq RESTART"))
    connection.execute(text("UPDATE event_cursors SET position = 0"))
