"""Set-up in bulk, in SQL: shows with their seats, bookings by the thousand, as the service leaves them."""

import json
from typing import Any

# As create_show() has them for a hall of so many seats.
_INSERT_SHOWS = """
    WITH made AS (
        INSERT INTO shows (name, start_time, total_seats, currency, price, sections, hold_seconds,
                           max_seats_per_booking, payment_required)
        SELECT 'Show ' || number, now() + make_interval(days => %(days)s), %(seats)s, 'EUR', 100,
               %(sections)s::jsonb, 900, 10, false
        FROM generate_series(1, %(count)s) AS number
        RETURNING id
    ), halls AS (
        INSERT INTO show_halls (show_id, description)
        SELECT id, jsonb_build_object('total_seats', %(seats)s::int, 'price', 100) FROM made
    ), versions AS (
        INSERT INTO show_versions (slot, show_id, total, available)
        SELECT id %% 4096, id, %(seats)s, %(seats)s FROM made
    )
    SELECT min(id), max(id) FROM made
"""
_INSERT_SEATS = """
    INSERT INTO seats (slot, show_id, seat_number, place, price)
    SELECT show %% 4096, show, seat::text, seat, 100
    FROM generate_series(%s::bigint, %s::bigint) AS made(show)
    CROSS JOIN generate_series(1, %s) AS numbered(seat)
    ORDER BY made.show, numbered.seat
"""

# Ids as core/infra/ids.py makes them: 48 bits of time, here the row's, the slot, then the rest at random.
_ID = """
    (lpad(to_hex((extract(epoch FROM {time}) * 1000)::bigint), 12, '0')
     || '7' || lpad(to_hex({show} %% 4096), 3, '0') || '8' || substr(md5({seed}), 4, 15))::uuid
"""
_INSERT_HISTORY = f"""
    INSERT INTO bookings (id, slot, show_id, status, wants, seats, hold, amount, currency, created_at,
                          updated_at, customer)
    SELECT {_ID.format(time="at", show="show", seed="number::text")}, show %% 4096, show, 'CONFIRMED', NULL,
           ARRAY[(1 + number / %(shows)s)::text], false, 100, 'EUR', at, at, 'customer-' || number %% 1000000
    FROM generate_series(0, %(count)s::bigint - 1) AS number
    CROSS JOIN LATERAL (SELECT now() - interval '1 day' + number * interval '1 millisecond' AS at,
                               %(first)s + number %% %(shows)s AS show) AS made
"""  # noqa: S608 (constants)
_INSERT_BACKLOG = f"""
    INSERT INTO bookings (id, slot, show_id, seats, hold, amount, currency)
    SELECT {_ID.format(time="clock_timestamp()", show="show.id", seed="show.id || '-' || seat")},
           show.id %% 4096, show.id, ARRAY[seat::text],
           false, 100, 'EUR'
    FROM (SELECT %(show)s::bigint AS id) AS show, generate_series(1, %(count)s) AS numbered(seat)
    ORDER BY md5(numbered.seat::text)
"""  # noqa: S608 (constants)
_INSERT_HOLDS = f"""
    WITH made AS (
        INSERT INTO bookings (id, slot, show_id, wants, seats, hold, held_at, hold_expires_at, amount,
                              currency)
        SELECT {_ID.format(time="now()", show="show.id", seed="show.id || '-' || seat")},
               show.id %% 4096, show.id, NULL, ARRAY[seat::text],
               true, now(), now() + make_interval(secs => %(seconds)s), 100, 'EUR'
        FROM (SELECT %(show)s::bigint AS id) AS show,
             generate_series(%(after)s + 1, %(after)s + %(count)s) AS numbered(seat)
        RETURNING id, show_id, seats[1] AS seat, hold_expires_at
    ), held AS (
        UPDATE seats s SET status = 'held', booking_id = made.id, hold_expires_at = made.hold_expires_at
        FROM made WHERE s.show_id = %(show)s AND s.seat_number = made.seat
    ), counted AS (
        UPDATE show_versions SET available = available - %(count)s, held = held + %(count)s
        WHERE show_id = %(show)s
    )
    SELECT hold_expires_at FROM made LIMIT 1
"""  # noqa: S608 (constants)

# As start_payment() leaves them, each offered by the provider.
_INSERT_PAYMENTS = f"""
    WITH made AS (
        INSERT INTO payments (id, slot, show_id, booking_id, provider, provider_id, method, amount, currency,
                              description, return_url, expires_at, due_at)
        SELECT {_ID.format(time="now()", show="show_id", seed="'payment of ' || id::text")},
               slot, show_id, id,
               'stripe', 'cs_' || id, 'checkout', amount, currency, 'The bench', 'http://127.0.0.1/',
               hold_expires_at, now() + interval '1 hour'
        FROM bookings WHERE show_id = %(show)s
        RETURNING *
    ), asked AS (
        INSERT INTO ledger_entries (payment_id, number, slot, show_id, kind, amount, currency, balance_before,
                                    balance)
        SELECT id, 1, slot, show_id, 'asked', amount, currency, 0, 0 FROM made
    ), shown AS (
        UPDATE bookings b SET payment = jsonb_build_object(
            'id', made.id, 'provider', made.provider, 'status', made.status, 'amount', made.amount,
            'refunded_amount', made.refunded_amount, 'currency', made.currency)
        FROM made WHERE b.id = made.booking_id
    )
    SELECT id::text, booking_id::text, amount FROM made
"""  # noqa: S608 (constants)

# From so many seats on a show's creation makes statistics (core/shows/queries.py).
LARGE_SHOW = 5_000
DAYS_AHEAD = 30
HISTORY_SHOWS = 50


def create_shows(cursor: Any, *, count: int, seats: int) -> tuple[int, int]:
    """Shows on sale, of seats "1" to "`seats`" each; the first one's id and the last one's."""
    section = {"name": None, "numbered": True, "capacity": seats, "price": 100, "price_max": 100}
    sections = json.dumps([{**section, "rows": None, "seats_per_row": None}])
    cursor.execute(_INSERT_SHOWS, {"count": count, "seats": seats, "sections": sections, "days": DAYS_AHEAD})
    first, last = cursor.fetchone()
    cursor.execute(_INSERT_SEATS, (first, last, seats))
    if seats >= LARGE_SHOW:
        cursor.execute("ANALYZE seats")
    return int(first), int(last)


def add_history(cursor: Any, *, bookings: int) -> None:
    """Bookings of a day ago, settled long since, of fifty shows that have begun."""
    first, _ = create_shows(cursor, count=HISTORY_SHOWS, seats=1)
    cursor.execute(
        "UPDATE shows SET start_time = now() - interval '1 hour' WHERE id BETWEEN %s AND %s",
        (first, first + HISTORY_SHOWS - 1),
    )
    cursor.execute(_INSERT_HISTORY, {"first": first, "shows": HISTORY_SHOWS, "count": bookings})


def add_backlog(cursor: Any, *, show_id: int, bookings: int) -> None:
    """PENDING bookings for a seat each, in random order, seen by workers all at once."""
    cursor.execute(_INSERT_BACKLOG, {"show": show_id, "count": bookings})


def add_holds(cursor: Any, *, show_id: int, after: int, holds: int, seconds: float) -> Any:
    """Holds of a seat each, those behind seat `after`, which all expire at the moment that is returned."""
    # By the statistics of a table that was just filled there may be few seats: hold after hold, each compared
    # with all of them, took minutes; so did a merge by the show's number, which is the same for all.
    cursor.execute("SET enable_nestloop = off")
    cursor.execute(_INSERT_HOLDS, {"show": show_id, "after": after, "count": holds, "seconds": seconds})
    (expires_at,) = cursor.fetchone()
    cursor.execute("RESET enable_nestloop")
    return expires_at


def add_payments(cursor: Any, *, show_id: int) -> list[tuple[str, str, int]]:
    """A pending payment for each hold of a show, which requires payment then: payment, booking, amount."""
    cursor.execute("SET enable_nestloop = off")
    cursor.execute("UPDATE shows SET payment_required = true WHERE id = %s", (show_id,))
    cursor.execute(_INSERT_PAYMENTS, {"show": show_id})
    made: list[tuple[str, str, int]] = cursor.fetchall()
    cursor.execute("RESET enable_nestloop")
    return made


def tidy(cursor: Any) -> None:
    """What a database does by itself in the hours after such a load."""
    cursor.execute("VACUUM ANALYZE")
    cursor.execute("CHECKPOINT")
