"""Every SQL statement about events."""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.events.models import EventType
from core.infra.brief import to_array
from core.infra.ids import read_slot
from core.infra.slot_groups import SlotGroup, in_group, in_slot, of_slot

# Part of the statement that makes their transitions.
INSERT_EVENTS = """
    INSERT INTO events (slot, id, booking_id, type, payload, trace, created_at)
    SELECT cast(:slot AS smallint), id, booking_id, type, payload, trace, :now
    FROM json_to_recordset(cast(:events AS json)) AS e(
        id uuid, booking_id uuid, type text, payload jsonb, trace text)
"""

# A booking's life has one order, whatever the clocks of servers and the sequences of shards say.
_RANKS = ", ".join(f"'{type_}'" for type_ in EventType)
IN_ORDER = f"array_position(ARRAY[{_RANKS}], {{event}}.type)"

_SELECT_BOOKING_EVENTS = text(f"""
    SELECT e.* FROM events e WHERE {in_slot("e")} AND e.booking_id = :booking_id
    ORDER BY {IN_ORDER.format(event="e")}
""")

# The advisory lock of the first group's stamper; the next numbers are those of the next groups. The number is
# arbitrary, and only ours.
_STAMPER_LOCK = 7_328_546_284
_LOCK_FEED = text("SELECT pg_try_advisory_xact_lock(:lock)")

# Events are placed in order of their settling; a booking's own in the order of its life, even where a clock
# was set back.
_SELECT_UNPLACED = text(f"""
    SELECT id FROM (
        SELECT * FROM events e WHERE {in_group("e")} AND position IS NULL ORDER BY created_at LIMIT :limit
    ) AS e
    ORDER BY max(created_at) OVER (PARTITION BY booking_id ORDER BY {IN_ORDER.format(event="e")}),
             {IN_ORDER.format(event="e")}
""")

# One sequence numbers all groups: it is read once a turn, and its numbers ascend within each group. Archiving
# does not reset it. Unused numbers leave gaps, which harm nobody.
_SELECT_POSITIONS = text("SELECT nextval('events_position_seq') FROM generate_series(1, :count)")

_UPDATE_PLACED = text(f"""
    UPDATE events e SET position = placed.position
    FROM unnest(cast(:ids AS uuid[]), cast(:positions AS bigint[])) AS placed(id, position)
    WHERE {in_group("e")} AND e.id = placed.id AND e.id = ANY(cast(:ids AS uuid[])) AND e.position IS NULL
""")

# SKIP LOCKED: the relay that holds the lock is publishing, and looks for more events afterwards.
_LOCK_CURSOR = text("SELECT position FROM event_cursors WHERE name = :name FOR NO KEY UPDATE SKIP LOCKED")

_SELECT_CURSOR = text("SELECT position FROM event_cursors WHERE name = :name")

_UPDATE_CURSOR = text("UPDATE event_cursors SET position = :position WHERE name = :name")

_SELECT_NEWEST = text(f"SELECT coalesce(max(position), 0) FROM events WHERE {in_group()}")

_SELECT_FIRST_POSITION = text(f"""
    SELECT min(position) FROM events WHERE {in_group()} AND created_at >= :since AND position IS NOT NULL
""")

_SELECT_EVENT = text(f"SELECT slot, position, created_at FROM events WHERE {in_slot()} AND id = :id")

_SELECT_UNPUBLISHED_STATS = text(f"""
    SELECT count(*)::int AS events,
           coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float AS oldest_seconds
    FROM ((SELECT created_at FROM events WHERE {in_group()} AND position > :published
           ORDER BY position LIMIT :limit)
          UNION ALL (SELECT created_at FROM events WHERE {in_group()} AND position IS NULL
                     ORDER BY created_at LIMIT :limit)
          LIMIT :limit) AS waiting
""")

# The condition keeps setval() from moving the sequence back under a concurrent nextval().
_UPDATE_POSITIONS = text("""
    SELECT setval('events_position_seq', :next, false) FROM events_position_seq WHERE last_value < :next
""")

_SELECT_FEED = text(f"""
    SELECT * FROM events WHERE {in_group()} AND position > :after ORDER BY position LIMIT :limit
""")

# Ids begin with their time, so that the primary key finds the latest without an index of its own.
_SELECT_RECENT_COUNTS = text("""
    SELECT type, count(*)::int AS number FROM events
    WHERE id > cast(:first AS uuid) AND created_at > clock_timestamp() - make_interval(secs => :seconds)
    GROUP BY type
""")


def select_booking_events(connection: Connection, booking_id: UUID, *, slot: int) -> list[Row[Any]]:
    """A booking's events in order."""
    return list(connection.execute(_SELECT_BOOKING_EVENTS, {**of_slot(slot), "booking_id": booking_id}))


def lock_feed(connection: Connection, group: SlotGroup) -> bool:
    """Become a group's stamper until the transaction ends; False where another is."""
    return bool(connection.execute(_LOCK_FEED, {"lock": _STAMPER_LOCK + group.number}).scalar_one())


def update_placed(connection: Connection, group: SlotGroup, *, limit: int) -> int:
    """Give a group's committed events their places at the end of its feed; returns how many."""
    unplaced = connection.execute(_SELECT_UNPLACED, {"limit": limit, **group.parameters}).all()
    if not unplaced:
        return 0
    positions = connection.execute(_SELECT_POSITIONS, {"count": len(unplaced)}).scalars()
    parameters = {
        "ids": to_array(row.id for row in unplaced),
        "positions": to_array(positions),
    }
    return int(connection.execute(_UPDATE_PLACED, {**parameters, **group.parameters}).rowcount)


def update_positions(connection: Connection, *, next_position: int) -> None:
    """Let the feed go on from this place or a later one; at once, whatever becomes of the transaction."""
    connection.execute(_UPDATE_POSITIONS, {"next": next_position})


def _name_cursor(group: SlotGroup) -> dict[str, str]:
    # The last release knows the first group's alone.
    return {"name": f"broker/{group.number}" if group.number else "broker"}


def lock_cursor(connection: Connection, group: SlotGroup) -> int | None:
    """The broker's cursor in a group's feed, locked; None at the feed's end, or where another has it."""
    if select_newest(connection, group) <= select_published(connection, group):
        # A relay with nothing to publish must not lock: another would skip, and leave events it just placed.
        return None
    name = _name_cursor(group)
    position: int | None = connection.execute(_LOCK_CURSOR, name).scalar_one_or_none()
    return position


def update_cursor(connection: Connection, group: SlotGroup, position: int) -> None:
    """Note that the broker has everything of a group up to here."""
    connection.execute(_UPDATE_CURSOR, {"position": position, **_name_cursor(group)})


def select_published(connection: Connection, group: SlotGroup) -> int:
    """The broker's cursor in a group's feed, without its lock: the last position that was published."""
    return int(connection.execute(_SELECT_CURSOR, _name_cursor(group)).scalar_one_or_none() or 0)


def select_first_position(connection: Connection, group: SlotGroup, *, since: datetime) -> int | None:
    """The position of a group's first event of this time or later; None where there is none."""
    parameters = {"since": since, **group.parameters}
    first: int | None = connection.execute(_SELECT_FIRST_POSITION, parameters).scalar_one()
    return first


def find_event(connection: Connection, event_id: UUID) -> Row[Any] | None:
    """An event's slot, position and time."""
    parameters = {**of_slot(read_slot(event_id)), "id": event_id}
    return connection.execute(_SELECT_EVENT, parameters).one_or_none()


def select_newest(connection: Connection, group: SlotGroup) -> int:
    """The last position of a group's feed; 0 before the first."""
    return int(connection.execute(_SELECT_NEWEST, group.parameters).scalar_one())


def select_unpublished_stats(connection: Connection, group: SlotGroup, *, limit: int) -> Row[Any]:
    """A group's events that the broker does not have, counted to `limit`, and the oldest's age in seconds."""
    parameters = {"limit": limit, "published": select_published(connection, group), **group.parameters}
    return connection.execute(_SELECT_UNPUBLISHED_STATS, parameters).one()


def select_feed(connection: Connection, group: SlotGroup, *, after: int, limit: int) -> list[Row[Any]]:
    """A group's events after this position, in the feed's order."""
    parameters = {"after": after, "limit": limit, **group.parameters}
    return list(connection.execute(_SELECT_FEED, parameters))


def select_recent_counts(connection: Connection, *, seconds: int) -> dict[str, int]:
    """How many events of each type there were in the last seconds; every type is named."""
    # A margin of as much again, since ids are made by the workers' clocks.
    first = UUID(int=(time.time_ns() // 1_000_000 - 2_000 * seconds) << 80)
    rows = connection.execute(_SELECT_RECENT_COUNTS, {"first": str(first), "seconds": seconds})
    return {type_.value: 0 for type_ in EventType} | {row.type: row.number for row in rows}
