"""The SQL statements about bookings and their idempotency keys, but for those of acting and accepting."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.bookings.views import COLUMNS, Booking, read_bookings, read_by_id
from core.infra.db import Prepared
from core.infra.query import Query, to_id_array

# The bookings of these ids that exist, by id.
SELECT_BOOKINGS = Query(
    Prepared("select_bookings", f"SELECT {COLUMNS} FROM bookings WHERE id = ANY(cast(:ids AS uuid[]))"),
    to_id_array,
    read_by_id,
)

_SELECT_REQUESTS = text("SELECT coalesce(requests, '[]') FROM bookings WHERE id = :id")

_DELETE_OLD_KEYS = text("""
    DELETE FROM used_keys WHERE (principal, show_id, key) IN (
        SELECT principal, show_id, key FROM used_keys
        WHERE created_at < clock_timestamp() - make_interval(hours => :hours)
        ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED)
""")

_SELECT_PAGE = text(f"""
    SELECT {COLUMNS} FROM bookings
    WHERE (cast(:show_id AS bigint) IS NULL OR show_id = :show_id)
      AND (cast(:status AS text) IS NULL OR status = :status)
      AND (cast(:customer AS text) IS NULL OR customer = :customer)
      AND (cast(:after AS uuid) IS NULL OR id < :after)
    ORDER BY id DESC
    LIMIT :limit
""")

_SELECT_STATS = text("""
    SELECT count(*) FILTER (WHERE wants = 'acquire') AS acquire,
           count(*) FILTER (WHERE wants = 'confirm') AS confirm,
           count(*) FILTER (WHERE wants = 'cancel') AS cancel,
           coalesce(extract(epoch FROM clock_timestamp() - min(updated_at)), 0)::float AS oldest_seconds
    FROM bookings WHERE wants IS NOT NULL
""")


def select_requests(connection: Connection, booking_id: UUID) -> list[dict[str, Any]] | None:
    """What was asked of a booking after it was accepted, in order; None where it is not here any more."""
    requests: list[dict[str, Any]] | None = connection.execute(
        _SELECT_REQUESTS, {"id": booking_id}
    ).scalar_one_or_none()
    return requests


def delete_old_keys(connection: Connection, *, hours: int, limit: int) -> int:
    """Forget keys older than this; returns how many. Side by side with others doing the same."""
    return int(connection.execute(_DELETE_OLD_KEYS, {"hours": hours, "limit": limit}).rowcount)


def select_page(
    connection: Connection,
    *,
    show_id: int | None,
    status: str | None,
    customer: str | None,
    after: UUID | None,
    limit: int,
) -> list[Booking]:
    """A page of bookings, newest first."""
    parameters = {"show_id": show_id, "status": status, "customer": customer, "after": after, "limit": limit}
    return read_bookings(connection.execute(_SELECT_PAGE, parameters))


def select_waiting_stats(connection: Connection) -> Row[Any]:
    """How many bookings wait for a worker, by what they want, and for how long the oldest has, in seconds."""
    return connection.execute(_SELECT_STATS).one()
