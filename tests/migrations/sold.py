"""A database of the version before slots, with something of all that it may hold; and what becomes of it."""

from typing import Any

import psycopg2

BEFORE = "0013"
# Of the first show: more than one statement fills, and with the others' no even number of pages.
BOOKINGS = 6_000
SHOWS = (1, 2, 4096, 4097, 9000)
SLOTTED = (
    "seats",
    "bookings",
    "events",
    "used_keys",
    "show_versions",
    "archived_bookings",
    "webhook_deliveries",
)

# As the version before writes them: without slots. Each of the parameters, with none left over.
INSERT_SHOW = """
    INSERT INTO shows (id, name, start_time, total_seats, currency, price, sections, hold_seconds,
                       max_seats_per_booking, payment_required) OVERRIDING SYSTEM VALUE
    VALUES (%(show_id)s, 'A show', now() + interval '1 day', 10, 'EUR', 0, '[]', 120, 10, false);
    INSERT INTO show_versions (show_id, total, available) VALUES (%(show_id)s, 10, 10)
"""
INSERT_SEATS = """
    INSERT INTO seats (show_id, seat_number, price, status, booking_id, hold_expires_at)
    SELECT %(show_id)s, n, 0, status, CASE WHEN status <> 'available' THEN gen_random_uuid() END,
           CASE WHEN status = 'held' THEN now() END
    FROM generate_series(1, %(count)s) AS n,
         LATERAL (SELECT (ARRAY['available', 'held', 'booked'])[1 + n %% 3] AS status) AS s
"""
INSERT_BOOKINGS = """
    INSERT INTO bookings (id, show_id, seats, hold, currency)
    SELECT gen_random_uuid(), %(show_id)s, ARRAY[cast(n AS text)], false, 'EUR'
    FROM generate_series(1, %(count)s) AS n
"""
INSERT_EVENTS = """
    INSERT INTO events (id, booking_id, type, payload, position)
    SELECT gen_random_uuid(), id, 'BOOKING_FAILED', '{}',
           CASE WHEN seq %% 3 > 0 THEN nextval('events_position_seq') END
    FROM bookings WHERE show_id = %(show_id)s
"""
INSERT_KEY = """
    INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)
    VALUES ('a', %(show_id)s, gen_random_uuid(), 'f', '{}')
"""
INSERT_DELIVERIES = """
    WITH made AS (
        INSERT INTO webhook_endpoints (url, secrets, position) VALUES ('https://a', '{1}', 0) RETURNING id
    )
    INSERT INTO webhook_deliveries (endpoint_id, event_id, booking_id, position)
    SELECT made.id, e.id, e.booking_id, e.position FROM made, events e JOIN bookings b ON b.id = e.booking_id
    WHERE b.show_id = %(show_id)s AND e.position IS NOT NULL
"""
INSERT_ARCHIVED = """
    INSERT INTO archived_bookings (id, booking, events)
    SELECT gen_random_uuid(), to_jsonb(b), '[]' FROM bookings b WHERE show_id = %(show_id)s LIMIT 1
"""
# Each table's rows that are not in the slot of their show; of archived bookings it is in the document.
SLOT_OF = {
    **dict.fromkeys(("seats", "bookings", "used_keys", "show_versions"), "show_id"),
    **dict.fromkeys(
        ("events", "webhook_deliveries"), "(SELECT b.show_id FROM bookings b WHERE b.id = t.booking_id)"
    ),
    "archived_bookings": "cast(t.booking->>'show_id' AS bigint)",
}


def sell(cursor: Any, show_id: int, *, count: int) -> None:
    """A show with so many bookings and seats, and all that belongs to it, as the version before writes it."""
    for statement in (
        INSERT_SHOW,
        INSERT_SEATS,
        INSERT_BOOKINGS,
        INSERT_EVENTS,
        INSERT_KEY,
        INSERT_DELIVERIES,
        INSERT_ARCHIVED,
    ):
        cursor.execute(statement, {"show_id": show_id, "count": count})


def read_rows(cursor: Any) -> dict[str, list[str]]:
    """All rows of these tables, but for what the last release does not know."""
    found = {}
    for table in SLOTTED:
        known = "to_jsonb(t) - 'slot' - 'client' - 'payment' - 'booked_by' - 'request_id' - 'trace'"
        cursor.execute(f"SELECT cast({known} AS text) FROM {table} t ORDER BY 1")
        found[table] = [row for (row,) in cursor.fetchall()]
    return found


def check_slots(cursor: Any) -> None:
    """Every row is in its show's slot."""
    for table, show_id in SLOT_OF.items():
        cursor.execute(f"SELECT count(*) FROM {table} t WHERE slot IS DISTINCT FROM {show_id} % 4096")
        assert cursor.fetchone() == (0,), table


def connect(url: str) -> Any:
    """A connection on which each statement commits by itself."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection
