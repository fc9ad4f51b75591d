"""Every SQL statement of settling: finding work, locking it, writing what came of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.bookings.views import COLUMNS, Booking, read_bookings
from core.infra.db import Prepared
from core.infra.json import to_json_text

_SELECT_TERMS = Prepared(
    "select_terms",
    """
    SELECT clock_timestamp() AS now, hold_seconds, max_seats_per_customer,
           cancelled_at IS NOT NULL AS is_cancelled
    FROM shows WHERE id = :show_id
""",
)

_IN_BATCH_OR_ONLY = "CASE WHEN cast(:only AS uuid) IS NULL THEN tries = 0 ELSE id = :only END"
# retry_at is NULL where the version before counted the try.
_IS_DUE = "coalesce(retry_at <= clock_timestamp(), true)"

# Rows are chosen inside and locked outside, by id; as an array, so that the primary key finds them whatever
# the statistics say of a table that grows by thousands of rows a second. SKIP LOCKED passes by a row that a
# request is changing at this moment: that request nudges after its commit. PostgreSQL judges the outer
# conditions again on what it locked, so a row that changed meanwhile drops out. IS TRUE hides them from the
# planner: where the last statistics are of a quiet hour, it would look for the ids in the index of all that
# waits, reading it whole and comparing each row with each id. Bookings with tries are in no
# batch: each is settled alone, as `only`.
_LOCK_WAITING = text(f"""
    SELECT {COLUMNS} FROM bookings
    WHERE id = ANY(ARRAY(SELECT id FROM bookings
                         WHERE show_id = :show_id AND wants IS NOT NULL AND {_IN_BATCH_OR_ONLY}
                         ORDER BY seq LIMIT :limit))
      AND (wants IS NOT NULL) IS TRUE
    ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
""")

_LOCK_EXPIRED = text(f"""
    SELECT {COLUMNS} FROM bookings
    WHERE id = ANY(ARRAY(
        SELECT id FROM bookings
        WHERE show_id = :show_id AND hold_expires_at <= :now AND wants IS NULL AND {_IN_BATCH_OR_ONLY}
        ORDER BY hold_expires_at, id LIMIT :limit))
      AND (hold_expires_at <= :now AND wants IS NULL) IS TRUE
    ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
""")

# A cancelled show's live bookings: those that own seats are found through the seats; those that wait are
# in the queue anyway.
_UPDATE_CANCELLED_SHOW = text("""
    UPDATE bookings SET wants = 'cancel', tries = 0, retry_at = NULL
    WHERE id = ANY(ARRAY(SELECT DISTINCT booking_id FROM seats
                         WHERE show_id = :show_id AND booking_id IS NOT NULL LIMIT :limit))
      AND wants IS DISTINCT FROM 'cancel'
""")

_SELECT_OWNED = text("""
    SELECT customer, sum(cardinality(seats))::int AS seats FROM bookings
    WHERE show_id = :show_id AND customer = ANY(cast(:customers AS text[]))
      AND (status = 'CONFIRMED' OR hold_expires_at IS NOT NULL)
      AND id <> ALL(cast(:released AS uuid[]))
    GROUP BY customer
""")

# Tries are of one thing to be done: what comes after it has its own. Those of quarantined bookings stay, and
# are counted.
_UPDATE_SETTLED = text("""
    UPDATE bookings b
    SET status = o.status, wants = NULL, seats = o.seats, amount = o.amount, held_at = o.held_at,
        hold_expires_at = o.hold_expires_at, failure_code = o.failure_code, failure_seats = o.failure_seats,
        updated_at = :now, tries = CASE WHEN :keeps_tries THEN tries ELSE 0 END, retry_at = NULL
    FROM json_to_recordset(cast(:outcomes AS json)) AS o(
        id uuid, status text, seats text[], amount bigint, held_at timestamptz, hold_expires_at timestamptz,
        failure_code text, failure_seats text[])
    WHERE b.id = ANY(cast(:ids AS uuid[])) AND b.id = o.id
""")

# ORDER BY … LIMIT 1 makes the planner use the partial indexes; EXISTS made it scan the table. A cancelled
# show's bookings that want to be cancelled are waiting rows. bookings_set_aside finds the retried ones.
_SELECT_WORK = text(f"""
    SELECT (SELECT true FROM bookings WHERE show_id = :show_id AND wants IS NOT NULL AND tries = 0
            ORDER BY seq LIMIT 1) IS NOT NULL
        OR (SELECT true FROM bookings
            WHERE show_id = :show_id AND hold_expires_at <= clock_timestamp() AND wants IS NULL AND tries = 0
            ORDER BY hold_expires_at LIMIT 1) IS NOT NULL
        OR EXISTS (SELECT FROM shows s JOIN show_versions v ON v.show_id = s.id
                   WHERE s.id = :show_id AND s.cancelled_at IS NOT NULL AND v.held + v.booked > 0
                     AND EXISTS (SELECT FROM seats JOIN bookings b ON b.id = seats.booking_id
                                 WHERE seats.show_id = :show_id AND b.wants IS DISTINCT FROM 'cancel'))
           AS for_batch,
           EXISTS (SELECT FROM bookings
                   WHERE tries > 0 AND show_id = :show_id AND {_IS_DUE}
                     AND (wants IS NOT NULL OR hold_expires_at <= clock_timestamp())) AS alone
""")

# The two kinds alternate, so that a turn that ends early has reached both.
_SELECT_WAITING_IDS = text(f"""
    SELECT id FROM (
        (SELECT id, row_number() OVER (ORDER BY hold_expires_at) AS place FROM bookings
         WHERE show_id = :show_id AND wants IS NULL AND hold_expires_at <= clock_timestamp()
           AND (tries > 0 AND {_IS_DUE} OR tries = 0 AND NOT :only_retried)
         ORDER BY hold_expires_at LIMIT :limit)
        UNION ALL
        (SELECT id, row_number() OVER (ORDER BY seq) AS place FROM bookings
         WHERE show_id = :show_id AND wants IS NOT NULL
           AND (tries > 0 AND {_IS_DUE} OR tries = 0 AND NOT :only_retried)
         ORDER BY seq LIMIT :limit)
    ) AS work
    ORDER BY place
""")

# SKIP LOCKED: the count runs under the show's lock, and must not wait for a request that locks the booking.
_UPDATE_TRIED = text("""
    UPDATE bookings
    SET tries = tries + 1,
        retry_at = clock_timestamp()
            + make_interval(secs => least(power(2, least(tries, 10)), :longest_seconds))
    WHERE id = (SELECT id FROM bookings
                WHERE id = :id AND (wants IS NOT NULL OR hold_expires_at <= clock_timestamp())
                FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING tries
""")

_UPDATE_NOT_TRIED = text("""
    UPDATE bookings
    SET tries = greatest(tries - 1, 0), retry_at = CASE WHEN tries > 1 THEN clock_timestamp() END
    WHERE id = :id AND tries > 0
""")

# In a later second of the database's clock, whichever machine asks.
_UPDATE_SWEPT = text("""
    UPDATE heartbeats SET at = clock_timestamp()
    WHERE name = 'sweep' AND at <= clock_timestamp() - make_interval(secs => :seconds)
""")

_SELECT_RECOVERY_STATS = text("""
    SELECT (SELECT count(*)::int FROM bookings
            WHERE tries > :tries AND status IN ('FAILED', 'CANCELLED')) AS quarantined,
           (SELECT count(*)::int FROM bookings WHERE tries >= :tries AND wants = 'confirm') AS stuck_confirms,
           (SELECT extract(epoch FROM clock_timestamp() - at)::float FROM heartbeats WHERE name = 'sweep')
               AS sweep_age_seconds
""")

# Steps from show to show along an index, instead of reading a whole backlog.
_STEPS = """
    WITH RECURSIVE step AS (
        (SELECT show_id FROM bookings WHERE {which} ORDER BY show_id LIMIT 1)
        UNION ALL
        SELECT (SELECT b.show_id FROM bookings b WHERE {which} AND b.show_id > step.show_id
                ORDER BY b.show_id LIMIT 1)
        FROM step WHERE step.show_id IS NOT NULL
    )
"""

_SELECT_WAITING_SHOWS = text(f"""
    {_STEPS.format(which="wants IS NOT NULL")}
    SELECT show_id FROM step CROSS JOIN LATERAL (
        SELECT min(CASE WHEN b.tries > 0 THEN coalesce(b.retry_at, b.updated_at) ELSE b.updated_at END)
               AS since FROM bookings b
        WHERE b.show_id = step.show_id AND b.wants IS NOT NULL
    ) AS waiting
    WHERE since < clock_timestamp() - make_interval(secs => :seconds)
    ORDER BY since
""")

_SELECT_EXPIRED_SHOWS = text(f"""
    {_STEPS.format(which="hold_expires_at IS NOT NULL")}
    SELECT show_id FROM step
    WHERE EXISTS (
        SELECT FROM bookings b
        WHERE b.show_id = step.show_id AND b.wants IS NULL
          AND greatest(b.hold_expires_at, CASE WHEN b.tries > 0 THEN b.retry_at END)
              <= clock_timestamp() - make_interval(secs => :seconds))
""")

_SELECT_CANCELLED_SHOWS = text("""
    SELECT s.id FROM shows s JOIN show_versions v ON v.show_id = s.id
    WHERE s.cancelled_at IS NOT NULL AND v.held + v.booked > 0
""")


def select_terms(connection: Connection, show_id: int) -> Row[Any]:
    """The database's clock and the show's terms, read after the show's lock is held."""
    return _SELECT_TERMS.execute(connection, {"show_id": show_id}).one()


def lock_waiting(
    connection: Connection, show_id: int, *, limit: int, only: UUID | None = None
) -> list[Booking]:
    """The show's oldest bookings that want something, or `only` one of them, locked; in order of arrival."""
    rows = connection.execute(_LOCK_WAITING, {"show_id": show_id, "limit": limit, "only": only})
    return sorted(read_bookings(rows), key=lambda booking: booking.seq)


def lock_expired(
    connection: Connection, show_id: int, *, now: datetime, limit: int, only: UUID | None = None
) -> list[Booking]:
    """The show's holds that expired first, or `only` one of them, locked."""
    parameters = {"show_id": show_id, "now": now, "limit": limit, "only": only}
    return read_bookings(connection.execute(_LOCK_EXPIRED, parameters))


def select_waiting_ids(
    connection: Connection, show_id: int, *, limit: int, only_retried: bool = False
) -> list[UUID]:
    """The show's holds that expired and its bookings that want something, in turn, oldest first.

    Those that settling failed at once it is time to try them again; with `only_retried` no others.
    """
    parameters = {"show_id": show_id, "limit": limit, "only_retried": only_retried}
    return list(connection.execute(_SELECT_WAITING_IDS, parameters).scalars())


def update_tried(connection: Connection, booking_id: UUID, *, longest_seconds: float) -> int:
    """Count a try to settle a booking alone, and put off the next: 1 s, 2 s, 4 s … to the longest.

    Returns how many there were, this one included; 0 where nothing of it waits any more, or a request has it.
    """
    parameters = {"id": booking_id, "longest_seconds": longest_seconds}
    return int(connection.execute(_UPDATE_TRIED, parameters).scalar_one_or_none() or 0)


def update_not_tried(connection: Connection, booking_id: UUID) -> None:
    """Take back a try that was not made."""
    connection.execute(_UPDATE_NOT_TRIED, {"id": booking_id})


def update_swept(connection: Connection, *, seconds: float = 0) -> bool:
    """Note that a sweep begins; False, and nothing noted, where the last began less than so long ago."""
    return connection.execute(_UPDATE_SWEPT, {"seconds": seconds}).rowcount == 1


def select_recovery_stats(connection: Connection, *, tries: int) -> Row[Any]:
    """Bookings given up, confirms that settling goes on to fail at, and the seconds since the last sweep."""
    return connection.execute(_SELECT_RECOVERY_STATS, {"tries": tries}).one()


def update_cancelled_show(connection: Connection, show_id: int, *, limit: int) -> None:
    """Make a cancelled show's bookings want to be cancelled, some at a time."""
    connection.execute(_UPDATE_CANCELLED_SHOW, {"show_id": show_id, "limit": limit})


def select_owned(
    connection: Connection, show_id: int, *, customers: Sequence[str], released: Sequence[UUID]
) -> dict[str, int]:
    """How many of the show's seats each customer holds or owns, but for bookings released in this batch."""
    parameters = {"customers": list(customers), "released": [str(id_) for id_ in released]}
    rows = connection.execute(_SELECT_OWNED, {"show_id": show_id, **parameters})
    return {row.customer: row.seats for row in rows}


def update_settled(
    connection: Connection, outcomes: Sequence[dict[str, Any]], *, now: datetime, keeps_tries: bool
) -> int:
    """Write what became of these bookings, and whether their tries stay; returns how many rows it changed."""
    parameters = {"outcomes": to_json_text(outcomes), "ids": [str(o["id"]) for o in outcomes], "now": now}
    return int(connection.execute(_UPDATE_SETTLED, {**parameters, "keeps_tries": keeps_tries}).rowcount)


def select_work(connection: Connection, show_id: int) -> Row[Any]:
    """Whether anything of this show is to be settled or released now: `for_batch`, and `alone`."""
    return connection.execute(_SELECT_WORK, {"show_id": show_id}).one()


def select_expired_shows(connection: Connection, *, seconds: float = 0) -> list[int]:
    """Shows with holds that expired at least so long ago."""
    return list(connection.execute(_SELECT_EXPIRED_SHOWS, {"seconds": seconds}).scalars())


def select_overdue_shows(connection: Connection, *, seconds: float) -> list[int]:
    """Shows with something that should have been done so long ago: those that waited longest come first.

    Bookings that want something, holds that expired, and cancelled shows that still own seats.
    """
    waiting = connection.execute(_SELECT_WAITING_SHOWS, {"seconds": seconds}).scalars()
    expired = select_expired_shows(connection, seconds=seconds)
    cancelled = connection.execute(_SELECT_CANCELLED_SHOWS).scalars()
    return list(dict.fromkeys([*waiting, *expired, *cancelled]))
