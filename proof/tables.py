"""The tables, emptied between tests and between rounds of the proof."""

from sqlalchemy import text
from sqlalchemy.engine import Connection

# In an order that foreign keys allow.
TABLES = (
    "audit_log",
    "api_key_secrets",
    "api_keys",
    "payment_differences",
    "payment_events",
    "refunds",
    "payments",
    "ledger_entries",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
    "archived_bookings",
    "used_keys",
    "payment_differences",
    "payment_events",
    "ledger_entries",
    "refunds",
    "payments",
    "events",
    "bookings",
    "seats",
    "show_versions",
    "show_halls",
    "shows",
)
# The condition of `events e` that the events broker may not have yet, where all slots are one group.
UNPUBLISHED = """
    (e.position IS NULL OR e.position > (SELECT position FROM event_cursors WHERE name = 'broker'))
"""


def empty_tables(connection: Connection) -> None:
    """Delete everything; places in the feed begin at 1 again."""
    # Whoever is settling a show finishes first, and nobody begins.
    connection.execute(text("LOCK TABLE show_versions IN EXCLUSIVE MODE"))
    # Foreign keys would look for each row that goes among the thousands that just went, planned as for the
    # empty table that the statistics know: seconds. All goes, so there is nothing for them to guard.
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for table in TABLES:
        connection.execute(text(f"DELETE FROM {table}"))
    connection.execute(text("ALTER SEQUENCE events_position_seq RESTART"))
    connection.execute(text("UPDATE event_cursors SET position = 0"))
