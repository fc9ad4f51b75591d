"""Every SQL statement about events."""

import time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.events.models import EventType

# Part of the statement that makes their transitions.
INSERT_EVENTS = """
    INSERT INTO events (id, booking_id, type, payload, created_at)
    SELECT id, booking_id, type, payload, :now
    FROM json_to_recordset(cast(:events AS json)) AS e(id uuid, booking_id uuid, type text, payload jsonb)
"""

_SELECT_BOOKING_EVENTS = text("SELECT * FROM events WHERE booking_id = :booking_id ORDER BY seq")

# A number of our own choosing: whoever holds this lock is the one stamper.
_STAMPER_LOCK = 7_328_546_284
_LOCK_FEED = text("SELECT pg_try_advisory_xact_lock(:lock)")

# The sequence outlives the events that are archived; a number it gives in vain is a gap, and harms nobody.
# Materialized: a join that read it twice would number it twice, and out of order.
_UPDATE_PLACED = text("""
    WITH placed AS MATERIALIZED (
        SELECT id, nextval('events_position_seq') AS position
        FROM (SELECT id FROM events WHERE position IS NULL ORDER BY seq LIMIT :limit) AS unplaced
    )
    UPDATE events e SET position = placed.position FROM placed WHERE e.id = placed.id
""")

# SKIP LOCKED: whoever has it is sending at this moment, and looks for more afterwards. Not locked by who only
# looks: another one might pass by, and leave what it has just placed.
_LOCK_CURSOR = text("""
    SELECT position FROM event_cursors c
    WHERE name = 'broker' AND EXISTS (SELECT FROM events e WHERE e.position > c.position)
    FOR NO KEY UPDATE SKIP LOCKED
""")

_UPDATE_CURSOR = text("UPDATE event_cursors SET position = :position WHERE name = 'broker'")

_CURSOR = "coalesce((SELECT position FROM event_cursors WHERE name = 'broker'), 0)"

# What the broker may not have yet, of `events e`.
UNPUBLISHED = f"(e.position IS NULL OR e.position > {_CURSOR})"

_SELECT_UNPUBLISHED_STATS = text(f"""
    SELECT count(*)::int AS events,
           coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float AS oldest_seconds
    FROM ((SELECT created_at FROM events WHERE position > {_CURSOR} ORDER BY position LIMIT :limit)
          UNION ALL (SELECT created_at FROM events WHERE position IS NULL ORDER BY seq LIMIT :limit)
          LIMIT :limit) AS waiting
""")

# The condition keeps setval() from moving the sequence back under a concurrent nextval().
_UPDATE_POSITIONS = text("""
    SELECT setval('events_position_seq', :next, false) FROM events_position_seq WHERE last_value < :next
""")

_SELECT_FEED = text("SELECT * FROM events WHERE position > :after ORDER BY position LIMIT :limit")

# Ids begin with their time, so that the primary key finds the latest without an index of its own.
_SELECT_RECENT_COUNTS = text("""
    SELECT type, count(*)::int AS number FROM events
    WHERE id > cast(:first AS uuid) AND created_at > clock_timestamp() - make_interval(secs => :seconds)
    GROUP BY type
""")


def select_booking_events(connection: Connection, booking_id: UUID) -> list[Row[Any]]:
    """A booking's events in order."""
    return list(connection.execute(_SELECT_BOOKING_EVENTS, {"booking_id": booking_id}))


def lock_feed(connection: Connection) -> bool:
    """Become the one who gives positions, until the transaction ends; False where somebody else is."""
    return bool(connection.execute(_LOCK_FEED, {"lock": _STAMPER_LOCK}).scalar_one())


def update_placed(connection: Connection, *, limit: int) -> int:
    """Give committed events their places at the end of the feed; returns how many."""
    return int(connection.execute(_UPDATE_PLACED, {"limit": limit}).rowcount)


def update_positions(connection: Connection, *, next_position: int) -> None:
    """Let the feed go on from this place or a later one; at once, whatever becomes of the transaction."""
    connection.execute(_UPDATE_POSITIONS, {"next": next_position})


def lock_cursor(connection: Connection) -> int | None:
    """Up to where in the feed the broker has everything; None where that is all, or another is at it."""
    position: int | None = connection.execute(_LOCK_CURSOR).scalar_one_or_none()
    return position


def update_cursor(connection: Connection, position: int) -> None:
    """Note that the broker has everything up to here."""
    connection.execute(_UPDATE_CURSOR, {"position": position})


def select_unpublished_stats(connection: Connection, *, limit: int) -> Row[Any]:
    """How many events the broker does not have, counted up to `limit`, and the oldest's age in seconds."""
    return connection.execute(_SELECT_UNPUBLISHED_STATS, {"limit": limit}).one()


def select_feed(connection: Connection, *, after: int, limit: int) -> list[Row[Any]]:
    """Events after this position, in the feed's order."""
    return list(connection.execute(_SELECT_FEED, {"after": after, "limit": limit}))


def select_recent_counts(connection: Connection, *, seconds: int) -> dict[str, int]:
    """How many events of each type there were in the last seconds; every type is named."""
    # A margin of as much again, since ids are made by the workers' clocks.
    first = UUID(int=(time.time_ns() // 1_000_000 - 2_000 * seconds) << 80)
    rows = connection.execute(_SELECT_RECENT_COUNTS, {"first": str(first), "seconds": seconds})
    return {type_.value: 0 for type_ in EventType} | {row.type: row.number for row in rows}
