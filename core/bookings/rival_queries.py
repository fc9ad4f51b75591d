"""The SQL statements that find which bookings had seats at some time in the past.

Events tell: each change of a seat's owner is one, at the time of the batch that made it. So nothing is
written for it, least of all where thousands of bookings a second fail.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.events.models import EventType
from core.infra.ids import make_first_id
from core.infra.slot_groups import in_slot, of_show
from core.infra.slots import to_slot

# Clocks of the processes that make ids, beside the database's.
SKEW = timedelta(hours=1)

# Its last event by then, where that gave it seats, or left it with them.
_HAD_SEATS = f"""
    (SELECT e.type FROM {{events}} WHERE {{of_booking}} AND e.created_at <= :at
     ORDER BY e.created_at DESC LIMIT 1) IN ('{EventType.BOOKING_HELD}', '{EventType.BOOKING_CONFIRMED}')
"""

# What failed without ever having been held had none. These are nearly all of a rush, and few events are read.
_SELECT_RIVALS = text(f"""
    SELECT b.id, b.seats FROM bookings b
    WHERE {in_slot("b")} AND b.show_id = :show_id AND b.seats && cast(:seats AS text[])
      AND (b.status <> 'FAILED' OR b.held_at IS NOT NULL)
      AND {_HAD_SEATS.format(events="events e", of_booking=f"{in_slot('e')} AND e.booking_id = b.id")}
""")

# No index knows the archive's shows, but its key has the time at which ids were made, and the slot. Others
# are passed by as the documents that they are: to make a row of each would take several times as long.
_ARCHIVED_EVENTS = "jsonb_populate_recordset(NULL::events, a.events) AS e"
_SELECT_ARCHIVED_RIVALS = text(f"""
    SELECT a.id, ARRAY(SELECT jsonb_array_elements_text(a.booking->'seats')) AS seats FROM archived_bookings a
    WHERE a.slot = :slot AND a.id >= cast(:first AS uuid) AND a.id < cast(:last AS uuid)
      AND a.booking->'seats' ?| cast(:seats AS text[])
      AND cast(a.booking->>'show_id' AS bigint) = :show_id
      AND (a.booking->>'status' <> 'FAILED' OR a.booking->>'held_at' IS NOT NULL)
      AND {_HAD_SEATS.format(events=_ARCHIVED_EVENTS, of_booking="true")}
""")


def select_rivals(
    connection: Connection, show_id: int, seats: Sequence[str], *, at: datetime, since: datetime
) -> Mapping[str, UUID]:
    """By seat of these, the booking that had it once the batch of that time was done; none where none had.

    The archive is asked for bookings made `since`.
    """
    parameters = {**of_show(show_id), "seats": list(seats), "at": at}
    found = _by_seat(connection.execute(_SELECT_RIVALS, parameters), seats)
    if len(found) < len(seats):
        between = {"first": make_first_id(since - SKEW), "last": make_first_id(at + SKEW)}
        parameters = {**parameters, **between, "slot": to_slot(show_id)}
        found |= _by_seat(connection.execute(_SELECT_ARCHIVED_RIVALS, parameters), seats)
    return found


def _by_seat(rows: Iterable[Any], seats: Sequence[str]) -> dict[str, UUID]:
    return {seat: row.id for row in rows for seat in row.seats if seat in seats}
