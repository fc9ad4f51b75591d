"""What must be true of the database at every moment, as queries for whatever breaks it."""

from sqlalchemy import text

from core.infra.db import transaction

# A booking that owns its seats now.
OWNS = "(b.status = 'CONFIRMED' OR b.hold_expires_at IS NOT NULL)"

# When each booking owned its seats, by the order of its events: from `first` until before `last`. Twice where
# its hold expired, and it was paid late.
OWNED = """
    SELECT e.booking_id AS id, b.show_id, unnest(b.seats) AS seat_number, e.seq AS first, e.next AS last,
           e.created_at AS since, e.until
    FROM (SELECT *, lead(seq) OVER story AS next, lead(created_at) OVER story AS until
          FROM events WINDOW story AS (PARTITION BY booking_id ORDER BY seq)) AS e
    JOIN bookings b ON b.id = e.booking_id
    WHERE e.type IN ('BOOKING_HELD', 'BOOKING_CONFIRMED')
"""

# The letters of a booking's events in order: Held, Confirmed, Failed, cancelled (X).
STORY = """
    (SELECT coalesce(string_agg(CASE e.type WHEN 'BOOKING_HELD' THEN 'H' WHEN 'BOOKING_CONFIRMED' THEN 'C'
                                WHEN 'BOOKING_FAILED' THEN 'F' ELSE 'X' END, '' ORDER BY e.seq), '')
     FROM events e WHERE e.booking_id = b.id)
"""

# What may come before the C of a booking that is paid: its hold expired, and it is confirmed all the same.
PAID_LATE = """
    CASE WHEN EXISTS (SELECT FROM payments p JOIN ledger_entries l ON l.payment_id = p.id AND l.kind = 'paid'
                      JOIN events e ON e.booking_id = b.id AND e.type = 'BOOKING_FAILED'
                      WHERE p.booking_id = b.id AND l.at >= e.created_at
                        AND e.payload->'failure'->>'code' = 'hold_expired') THEN 'F' ELSE '' END
"""

BROKEN = {
    "an owned seat and its booking name each other": """
        SELECT s.show_id, s.seat_number, s.status, b.id, b.status FROM seats s
        LEFT JOIN bookings b ON b.id = s.booking_id
        WHERE s.booking_id IS NOT NULL
          AND (b.id IS NULL OR b.show_id <> s.show_id OR s.seat_number <> ALL(b.seats)
               OR s.status <> CASE WHEN b.status = 'CONFIRMED' THEN 'booked'
                                   WHEN b.hold_expires_at IS NOT NULL THEN 'held' ELSE 'none' END)
    """,
    "a booking owns all of its seats or none": f"""
        SELECT b.id, b.status, b.seats, count(s.id) FROM bookings b
        LEFT JOIN seats s ON s.booking_id = b.id AND s.show_id = b.show_id
        GROUP BY b.id, b.slot
        HAVING count(s.id) <> CASE WHEN {OWNS} THEN cardinality(b.seats) ELSE 0 END
    """,
    "a quantity booking owns as many as it asked for": f"""
        SELECT b.id FROM bookings b WHERE {OWNS} AND b.quantity <> cardinality(b.seats)
    """,
    "a hold ends for its seats as for its booking": """
        SELECT b.id, s.seat_number FROM bookings b JOIN seats s ON s.booking_id = b.id
        WHERE s.hold_expires_at IS DISTINCT FROM b.hold_expires_at
    """,
    "counts are those of the seats": """
        SELECT v.show_id, v.available, v.held, v.booked FROM show_versions v
        LEFT JOIN LATERAL (
            SELECT count(*) AS total, count(*) FILTER (WHERE status = 'available') AS available,
                   count(*) FILTER (WHERE status = 'held') AS held,
                   count(*) FILTER (WHERE status = 'booked') AS booked
            FROM seats s WHERE s.show_id = v.show_id) AS n ON true
        WHERE (v.total, v.available, v.held, v.booked) <> (n.total, n.available, n.held, n.booked)
    """,
    "no seat is newer than its map": """
        SELECT s.show_id, s.seat_number FROM seats s JOIN show_versions v USING (show_id)
        WHERE s.version > v.version
    """,
    "a booking's events tell its story": f"""
        SELECT b.id, b.status, {STORY} FROM bookings b
        WHERE {STORY} !~ CASE
            WHEN b.status = 'PENDING' AND b.hold_expires_at IS NULL THEN '^$'
            ELSE '^' || CASE WHEN b.held_at IS NULL THEN '' ELSE 'H' END || CASE b.status
                WHEN 'PENDING' THEN '' WHEN 'CONFIRMED' THEN {PAID_LATE} || 'C' WHEN 'FAILED' THEN 'F'
                ELSE '(' || {PAID_LATE} || 'C)?X' END || '$'
            END
    """,
    "an event tells what the booking was": """
        SELECT e.id FROM events e
        WHERE e.payload->>'id' <> e.booking_id::text
           OR e.payload->>'status' <> CASE e.type WHEN 'BOOKING_HELD' THEN 'PENDING'
                                                  ELSE substr(e.type, length('BOOKING_') + 1) END
    """,
    "no seat has two owners at once": f"""
        WITH owned AS MATERIALIZED ({OWNED})
        SELECT a.id, b.id, a.seat_number FROM owned a
        JOIN owned b ON b.show_id = a.show_id AND b.seat_number = a.seat_number AND a.first < b.first
        WHERE a.last IS NULL OR a.last > b.first
    """,
    # A batch's events have its time, and batches of a show come one after the other.
    "seats are refused only where another owns them": f"""
        WITH owned AS MATERIALIZED ({OWNED})
        SELECT b.id, missing FROM bookings b
        JOIN events e ON e.booking_id = b.id AND e.type = 'BOOKING_FAILED'
        LEFT JOIN unnest(b.failure_seats) AS missing ON true
        WHERE b.failure_code = 'seats_unavailable'
          AND (missing IS NULL OR missing <> ALL(b.seats) OR NOT EXISTS (
              SELECT FROM owned o WHERE o.show_id = b.show_id AND o.seat_number = missing
                AND o.since <= e.created_at AND (o.until IS NULL OR o.until > e.created_at)))
    """,
    # A batch ends holds before it makes any.
    "no client holds more than its show allows": """
        WITH moved AS (
            SELECT b.show_id, b.client, b.id, e.seq, cardinality(b.seats) * CASE
                       WHEN e.type = 'BOOKING_HELD' THEN 1
                       WHEN lag(e.type) OVER (PARTITION BY b.id ORDER BY e.seq) = 'BOOKING_HELD' THEN -1
                       ELSE 0 END AS seats
            FROM bookings b JOIN events e ON e.booking_id = b.id WHERE b.client IS NOT NULL),
        held AS (
            SELECT show_id, client, id, sum(seats) OVER (PARTITION BY show_id, client ORDER BY seq) AS seats
            FROM moved)
        SELECT h.id, h.client, h.seats FROM held h JOIN shows s ON s.id = h.show_id
        WHERE h.seats > s.max_held_seats_per_client
    """,
    "nothing that waits for nobody is pending": """
        SELECT id FROM bookings WHERE status = 'PENDING' AND wants IS NULL AND hold_expires_at IS NULL
    """,
    "nothing is updated before it was made": """
        SELECT id, created_at, updated_at FROM bookings WHERE updated_at < created_at
    """,
}


def find_broken() -> dict[str, list[tuple[object, ...]]]:
    """Each invariant that does not hold, with up to ten rows that break it."""
    found = {}
    with transaction() as connection:
        # What looks at everything takes longer than anything that the service asks.
        connection.execute(text("SET LOCAL statement_timeout = '60s'"))
        for name, query in BROKEN.items():
            rows = connection.execute(text(query)).fetchmany(10)
            if rows:
                found[name] = [tuple(row) for row in rows]
    return found
