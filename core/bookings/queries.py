"""Every SQL statement about bookings and their idempotency keys."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.bookings.views import COLUMNS, Booking, read_bookings
from core.infra.async_db import LoopConnection
from core.infra.db import Prepared
from core.infra.json import to_json_text
from core.shows.queries import SHOW_STATUS

# Of several clients, what each asks for at once, all or none: its bookings as they will be.
Requests = Sequence[Sequence[dict[str, Any]]]

# Requests of several clients in one statement, and one commit: of each every booking goes in, with its key,
# or nothing does. A show's sales and limits are judged here, in the same snapshot; why one did not go in is
# asked only then. Keys are claimed in their order: two processes with the same ones must not wait for each
# other.
_INSERT_BOOKINGS = Prepared(
    "insert_bookings",
    f"""
    WITH item AS (
        SELECT * FROM json_to_recordset(cast(:items AS json)) AS i(
            request int, size int, principal text, key text, fingerprint text, position int, id uuid,
            show_id bigint, seats text[], quantity int, section text, hold boolean, customer text,
            amount bigint)
    ), fit AS (
        SELECT item.*, s.currency FROM item JOIN shows s ON s.id = item.show_id
        WHERE {SHOW_STATUS} = 'on_sale'
          AND coalesce(item.quantity, cardinality(item.seats)) <= s.max_seats_per_booking
          AND (item.customer IS NOT NULL OR s.max_seats_per_customer IS NULL)
          AND (item.hold OR NOT s.payment_required)
    ), whole AS (
        SELECT request, principal, show_id, key, fingerprint, array_agg(id ORDER BY position) AS ids
        FROM fit GROUP BY request, principal, show_id, key, fingerprint, size HAVING count(*) = size
    ), claimed AS (
        INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)
        SELECT principal, show_id, key, fingerprint, ids FROM whole
        WHERE key IS NOT NULL ORDER BY principal, show_id, key
        ON CONFLICT DO NOTHING
        RETURNING booking_ids
    )
    INSERT INTO bookings (id, show_id, seats, quantity, section, hold, customer, amount, currency)
    SELECT id, fit.show_id, seats, quantity, section, hold, customer, amount, currency
    FROM fit JOIN whole USING (request)
    WHERE whole.key IS NULL OR whole.ids IN (SELECT booking_ids FROM claimed)
    ORDER BY request, position
    RETURNING {COLUMNS}
    """,
)

_SELECT_BOOKINGS = text(f"SELECT {COLUMNS} FROM bookings WHERE id = ANY(cast(:ids AS uuid[]))")

_SELECT_REQUESTS = text("SELECT coalesce(requests, '[]') FROM bookings WHERE id = :id")

_LOCK_BOOKING = text(f"SELECT {COLUMNS} FROM bookings WHERE id = :id FOR NO KEY UPDATE")

# A new request resets the tries: they belong to what was asked for before.
_UPDATE_WANTED = text(f"""
    UPDATE bookings
    SET wants = :wants, updated_at = :now, requests = coalesce(requests, '[]') || cast(:request AS jsonb),
        tries = 0, retry_at = NULL
    WHERE id = :id RETURNING {COLUMNS}
""")

_UPDATE_EXTENDED = text(f"""
    UPDATE bookings
    SET hold_expires_at = :hold_expires_at, updated_at = :now,
        requests = coalesce(requests, '[]') || cast(:request AS jsonb)
    WHERE id = :id RETURNING {COLUMNS}
""")

_SELECT_KEY = text("""
    SELECT fingerprint, booking_ids FROM used_keys
    WHERE principal = :principal AND show_id = :show_id AND key = :key
""")

_INSERT_KEY = text("""
    INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)
    VALUES (:principal, :show_id, :key, :fingerprint, cast(:ids AS uuid[]))
    ON CONFLICT DO NOTHING
""")

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


def insert_bookings(connection: Connection, requests: Requests) -> list[list[Booking]]:
    """New PENDING bookings of each request, in the order given, all of it or none; empty where none went in.

    What came with a request, its `principal`, `key` and `fingerprint`, each of its items has. Where the same
    key is being used at this moment this waits for that transaction to end.
    """
    inserted = _INSERT_BOOKINGS.execute(connection, _to_parameters(requests))
    return _sort_by_request(requests, read_bookings(inserted))


async def insert_bookings_on_loop(connection: LoopConnection, requests: Requests) -> list[list[Booking]]:
    """The same from an event loop."""
    rows = await connection.fetch_all(_INSERT_BOOKINGS, _to_parameters(requests))
    return _sort_by_request(requests, map(Booking._make, rows))


def _to_parameters(requests: Requests) -> dict[str, Any]:
    items = [
        {**item, "request": number, "size": len(request), "position": position}
        for number, request in enumerate(requests)
        for position, item in enumerate(request)
    ]
    return {"items": to_json_text(items)}


def _sort_by_request(requests: Requests, inserted: Iterable[Booking]) -> list[list[Booking]]:
    found = {booking.id: booking for booking in inserted}
    return [[found[item["id"]] for item in request if item["id"] in found] for request in requests]


def select_bookings(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    """The bookings of these ids that exist."""
    rows = connection.execute(_SELECT_BOOKINGS, {"ids": [str(id_) for id_ in ids]})
    return {booking.id: booking for booking in read_bookings(rows)}


def select_requests(connection: Connection, booking_id: UUID) -> list[dict[str, Any]] | None:
    """What was asked of a booking after it was accepted, in order; None where it is not here any more."""
    requests: list[dict[str, Any]] | None = connection.execute(
        _SELECT_REQUESTS, {"id": booking_id}
    ).scalar_one_or_none()
    return requests


def lock_booking(connection: Connection, booking_id: UUID) -> Booking | None:
    """A booking, locked against the settling and against other requests for it."""
    found = read_bookings(connection.execute(_LOCK_BOOKING, {"id": booking_id}))
    return found[0] if found else None


def update_wanted(
    connection: Connection, booking_id: UUID, *, wants: str, now: datetime, request: dict[str, Any]
) -> Booking:
    """Write down what the booking wants of a worker, and that it was asked for."""
    parameters = {"id": booking_id, "wants": wants, "now": now, "request": to_json_text(request)}
    return read_bookings(connection.execute(_UPDATE_WANTED, parameters))[0]


def update_extended(
    connection: Connection,
    booking_id: UUID,
    *,
    hold_expires_at: datetime,
    now: datetime,
    request: dict[str, Any],
) -> Booking:
    """Move the end of a hold, and write down that it was asked for."""
    parameters = {"id": booking_id, "now": now, "request": to_json_text(request)}
    rows = connection.execute(_UPDATE_EXTENDED, {**parameters, "hold_expires_at": hold_expires_at})
    return read_bookings(rows)[0]


def select_key(connection: Connection, *, principal: str, show_id: int, key: str) -> Row[Any] | None:
    """What a principal's key was used for in a show."""
    parameters = {"principal": principal, "show_id": show_id, "key": key}
    return connection.execute(_SELECT_KEY, parameters).one_or_none()


def insert_key(
    connection: Connection,
    *,
    principal: str,
    show_id: int,
    key: str,
    fingerprint: str,
    ids: Sequence[UUID],
) -> bool:
    """Claim a key; False where it is used already, after waiting for whoever is using it now."""
    parameters = {"principal": principal, "show_id": show_id, "key": key, "fingerprint": fingerprint}
    parameters |= {"ids": [str(id_) for id_ in ids]}
    return connection.execute(_INSERT_KEY, parameters).rowcount == 1


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
