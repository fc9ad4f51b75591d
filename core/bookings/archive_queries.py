"""Every SQL statement of the archive: bookings of shows long past, moved with their events."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.bookings.views import COLUMNS, read_by_id
from core.events.queries import UNPUBLISHED
from core.infra.db import Prepared
from core.infra.query import Query, to_id_array

ARCHIVED_AT_ONCE = 1_000

# All or nothing: a booking and all of its events, once nothing waits for any of them any more.
_ARCHIVE = text(f"""
    WITH old AS (
        SELECT b.id FROM shows s JOIN bookings b ON b.show_id = s.id
        WHERE s.start_time < clock_timestamp() - make_interval(days => :days)
          AND b.updated_at < clock_timestamp() - make_interval(days => :days)
          AND b.status <> 'PENDING' AND b.wants IS NULL
          AND NOT EXISTS (
              SELECT FROM events e
              WHERE e.booking_id = b.id AND ({UNPUBLISHED} OR EXISTS (
                  SELECT FROM webhook_deliveries d WHERE d.event_id = e.id)))
        LIMIT :limit FOR UPDATE OF b SKIP LOCKED
    ), told AS (
        DELETE FROM events e USING old WHERE e.booking_id = old.id RETURNING e.*
    ), gone AS (
        DELETE FROM bookings b USING old WHERE b.id = old.id RETURNING b.*
    )
    INSERT INTO archived_bookings (id, booking, events)
    SELECT id, to_jsonb(gone), coalesce(
        (SELECT jsonb_agg(to_jsonb(told) ORDER BY told.seq) FROM told WHERE told.booking_id = gone.id), '[]')
    FROM gone
""")

# The archived bookings of these ids, by id.
SELECT_ARCHIVED = Query(
    Prepared(
        "select_archived",
        f"""
        SELECT {COLUMNS} FROM (
            SELECT (jsonb_populate_record(NULL::bookings, booking)).* FROM archived_bookings
            WHERE id = ANY(cast(:ids AS uuid[]))) AS booking
        """,
    ),
    to_id_array,
    read_by_id,
)

_SELECT_ARCHIVED_REQUESTS = text("""
    SELECT coalesce(nullif(booking->'requests', 'null'), '[]') FROM archived_bookings WHERE id = :id
""")

_SELECT_ARCHIVED_EVENTS = text("""
    SELECT event.* FROM archived_bookings a, jsonb_populate_recordset(NULL::events, a.events) AS event
    WHERE a.id = :id ORDER BY event.seq
""")


def move_to_archive(connection: Connection, *, days: int) -> int:
    """Archive some bookings of shows that began, and of changes that were made, so long ago; how many."""
    return int(connection.execute(_ARCHIVE, {"days": days, "limit": ARCHIVED_AT_ONCE}).rowcount)


def select_archived_requests(connection: Connection, booking_id: UUID) -> list[dict[str, Any]]:
    """What was asked of an archived booking, in order."""
    requests: list[dict[str, Any]] = connection.execute(
        _SELECT_ARCHIVED_REQUESTS, {"id": booking_id}
    ).scalar_one()
    return requests


def select_archived_events(connection: Connection, booking_id: UUID) -> list[Row[Any]]:
    """An archived booking's events, in order."""
    return list(connection.execute(_SELECT_ARCHIVED_EVENTS, {"id": booking_id}))
