"""Every SQL statement of the archive: bookings of shows long past, moved with their events."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.bookings.queries import PAST, Past
from core.bookings.views import COLUMNS, Booking, read_by_id
from core.events.queries import IN_ORDER, select_published
from core.infra.prepared import Prepared
from core.infra.query import Query, to_id_arrays
from core.infra.slot_groups import SlotGroup, in_group, in_slot, of_slot
from core.infra.slots import to_slot

ARCHIVED_AT_ONCE = 1_000

# All or nothing: a booking and all of its events, once nothing waits for any of them any more.
_ARCHIVE = text(f"""
    WITH old AS (
        SELECT b.id FROM shows s JOIN bookings b ON b.show_id = s.id
        WHERE {in_group("b")} AND s.start_time < statement_timestamp() - make_interval(days => :days)
          AND b.updated_at < statement_timestamp() - make_interval(days => :days)
          AND b.status <> 'PENDING' AND b.wants IS NULL
          AND coalesce(b.payment->>'status', '') NOT IN ('pending', 'refund_pending')
          AND NOT EXISTS (
              SELECT FROM events e
              WHERE {in_group("e")} AND e.booking_id = b.id
                AND (e.position IS NULL OR e.position > :published OR EXISTS (
                    SELECT FROM webhook_deliveries d
                    WHERE {in_group("d")} AND d.event_id = e.id)))
        LIMIT :limit FOR UPDATE OF b SKIP LOCKED
    ), told AS (
        DELETE FROM events e USING old
        WHERE {in_group("e")} AND e.booking_id = old.id RETURNING e.*
    ), gone AS (
        DELETE FROM bookings b USING old
        WHERE {in_group("b")} AND b.id = old.id RETURNING b.*
    )
    INSERT INTO archived_bookings (slot, id, booking, events)
    SELECT slot, id, to_jsonb(gone), coalesce(
        (SELECT jsonb_agg(to_jsonb(told) ORDER BY {IN_ORDER.format(event="told")})
         FROM told WHERE told.booking_id = gone.id), '[]')
    FROM gone
""")

# The archived bookings of these ids, by id.
SELECT_ARCHIVED = Query(
    Prepared(
        "select_archived",
        f"""
        SELECT {COLUMNS} FROM (
            SELECT (jsonb_populate_record(NULL::bookings, booking)).* FROM archived_bookings
            WHERE {in_group()} AND id = ANY(cast(:ids AS uuid[]))) AS booking
        """,
    ),
    to_id_arrays,
    read_by_id,
)

_SELECT_ARCHIVED_PAST = text(f"""
    SELECT {PAST} FROM archived_bookings a
    CROSS JOIN LATERAL jsonb_populate_record(NULL::bookings, a.booking) AS b JOIN shows s ON s.id = b.show_id
    WHERE {in_slot("a")} AND a.id = :id
""")

_SELECT_ARCHIVED_EVENTS = text(f"""
    SELECT event.* FROM archived_bookings a, jsonb_populate_recordset(NULL::events, a.events) AS event
    WHERE {in_slot("a")} AND a.id = :id ORDER BY {IN_ORDER.format(event="event")}
""")


def move_to_archive(connection: Connection, group: SlotGroup, *, days: int) -> int:
    """Archive some of a group's bookings whose shows began, and changed last, so long ago; how many."""
    parameters = {"days": days, "limit": ARCHIVED_AT_ONCE, **group.parameters}
    parameters["published"] = select_published(connection, group)
    return int(connection.execute(_ARCHIVE, parameters).rowcount)


def select_archived_past(connection: Connection, booking: Booking) -> Past:
    """What its row told of an archived booking's history."""
    parameters = {**of_slot(to_slot(booking.show_id)), "id": booking.id}
    return Past._make(connection.execute(_SELECT_ARCHIVED_PAST, parameters).one())


def select_archived_events(connection: Connection, booking: Booking) -> list[Row[Any]]:
    """An archived booking's events, in order."""
    return list(
        connection.execute(_SELECT_ARCHIVED_EVENTS, {**of_slot(to_slot(booking.show_id)), "id": booking.id})
    )
