"""Every SQL statement of a batch: what there is to be done, locked, and all that comes of it, written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg2 import DataError
from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.bookings.views import COLUMNS, Booking
from core.events.queries import INSERT_EVENTS
from core.infra.brief import BriefTransaction, to_array
from core.infra.prepared import Prepared
from core.infra.slot_groups import in_slot, of_show
from core.seats.queries import LOCK_VERSION, NAMED_AVAILABLE, UPDATE_MOVED, UPDATE_VERSION

_IN_BATCH_OR_ONLY = "CASE WHEN cast(:only AS uuid) IS NULL THEN tries = 0 ELSE id = :only END"

# Rows are chosen inside and locked outside, by id; as an array, so that an index of ids finds them whatever
# the statistics say of a table that grows by thousands of rows a second. SKIP LOCKED passes by a row that a
# request is changing at this moment: that request nudges after its commit. PostgreSQL judges the outer
# conditions again on what it locked, so a row that changed meanwhile drops out. IS TRUE hides them from the
# planner: where the last statistics are of a quiet hour, it would look for the ids in the index of all that
# waits, reading it whole and comparing each row with each id. Bookings with tries are in no
# batch: each is settled alone, as `only`.
_WAITING = f"""
    SELECT {COLUMNS} FROM bookings
    WHERE {in_slot()}
      AND id = ANY(ARRAY(SELECT id FROM bookings
                         WHERE {in_slot()} AND show_id = :show_id AND wants IS NOT NULL
                           AND {_IN_BATCH_OR_ONLY} AND EXISTS (SELECT FROM locked)
                         ORDER BY created_at, id LIMIT :limit))
      AND (wants IS NOT NULL) IS TRUE
    ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
"""

_EXPIRED = f"""
    SELECT {COLUMNS} FROM bookings
    WHERE {in_slot()} AND id = ANY(ARRAY(
        SELECT id FROM bookings
        WHERE {in_slot()} AND show_id = :show_id
          AND hold_expires_at <= (SELECT now FROM clock) AND wants IS NULL
          AND {_IN_BATCH_OR_ONLY} AND EXISTS (SELECT FROM locked)
        ORDER BY hold_expires_at, id LIMIT :expired_limit))
      AND (hold_expires_at <= (SELECT now FROM clock) AND wants IS NULL) IS TRUE
    ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
"""

# The statement's snapshot, in which it reads the named seats, is from before the lock. Every change of a seat
# makes a new version: where the snapshot has the locked version, the seats are as they are now. NULL where it
# has another; where a quantity needs all seats; and where many seats are named, since a backlog's may be
# millions, and take longer than a statement may. A FAILED booking waits for the seats that it had held.
SEATS_LOOKED_FOR = 256
_SEEKS = "(wants = 'acquire' OR status = 'FAILED')"
_FREE = f"""
    CASE WHEN locked.version = (SELECT version FROM show_versions
                                WHERE {in_slot()} AND show_id = :show_id)
          AND (SELECT coalesce(sum(cardinality(seats)), 0) <= {SEATS_LOOKED_FOR}
                      AND count(quantity) FILTER (WHERE wants = 'acquire') = 0
               FROM waiting WHERE {_SEEKS}) THEN coalesce(
        ({NAMED_AVAILABLE.format(named=f"ARRAY(SELECT unnest(seats) FROM waiting WHERE {_SEEKS})")}),
        cast('{{}}' AS text[])) END
"""

# In one round trip, and all the same one after the other: the show's lock; the bookings; then the clock, so
# that what was asked for is never later than what came of it; the holds that have expired by it. The snapshot
# is from before the lock: what another batch changed in between is judged as it is now, like all that is
# locked, and what came in between is found by the look after the commit.
_LOCK_WORK = Prepared(
    "lock_work",
    f"""
    WITH locked AS MATERIALIZED ({LOCK_VERSION}),
    waiting AS MATERIALIZED ({_WAITING}),
    clock AS MATERIALIZED (SELECT clock_timestamp() AS now FROM (SELECT count(*) FROM waiting) AS all_locked),
    expired AS MATERIALIZED ({_EXPIRED})
    SELECT locked.version, clock.now, s.hold_seconds, s.max_seats_per_customer,
           s.max_held_seats_per_client, s.cancelled_at IS NOT NULL,
           CASE row_number() OVER () WHEN 1 THEN {_FREE} END, work.*
    FROM locked CROSS JOIN clock JOIN shows s ON s.id = :show_id
    LEFT JOIN (SELECT false AS is_expired, * FROM waiting UNION ALL SELECT true, * FROM expired) AS work
           ON true
    """,
)

# A cancelled show's live bookings: those that own seats are found through the seats; those that wait are
# in the queue anyway.
_UPDATE_CANCELLED_SHOW = text(f"""
    UPDATE bookings SET wants = 'cancel', tries = 0, retry_at = NULL
    WHERE {in_slot()}
      AND id = ANY(ARRAY(SELECT DISTINCT booking_id FROM seats
                         WHERE {in_slot()} AND show_id = :show_id AND booking_id IS NOT NULL
                         LIMIT :limit))
      AND wants IS DISTINCT FROM 'cancel'
""")

_SELECT_OWNED = text(f"""
    SELECT customer, sum(cardinality(seats))::int AS seats FROM bookings
    WHERE {in_slot()} AND show_id = :show_id AND customer = ANY(cast(:customers AS text[]))
      AND (status = 'CONFIRMED' OR hold_expires_at IS NOT NULL)
      AND id <> ALL(cast(:released AS uuid[]))
    GROUP BY customer
""")

# What clients hold, the holds that this batch ends too. Asked once the show is locked, as only who has its
# lock makes or ends a hold: in a snapshot from before it the last batch's would be missing. IS TRUE hides the
# show from the planner: where most shows are small, it would read all holds of a large one by its show.
_SELECT_HELD = Prepared(
    "select_held_by_clients",
    f"""
    SELECT client, sum(cardinality(seats))::int FROM bookings
    WHERE {in_slot()} AND client = ANY(cast(:clients AS text[])) AND (show_id = :show_id) IS TRUE
      AND hold_expires_at IS NOT NULL
    GROUP BY client
    """,
)

# Tries are of one thing to be done: what comes after it has its own. Those of quarantined bookings stay, and
# are counted.
_UPDATE_SETTLED = f"""
    UPDATE bookings b
    SET status = o.status, wants = NULL, seats = o.seats, amount = o.amount, held_at = o.held_at,
        hold_expires_at = o.hold_expires_at, failure_code = o.failure_code, failure_seats = o.failure_seats,
        updated_at = greatest(b.updated_at, :now), retry_at = NULL,
        tries = CASE WHEN :keeps_tries THEN tries ELSE 0 END
    FROM json_to_recordset(cast(:outcomes AS json)) AS o(
        id uuid, status text, seats text[], amount bigint, held_at timestamptz, hold_expires_at timestamptz,
        failure_code text, failure_seats text[])
    WHERE {in_slot("b")} AND b.id = ANY(cast(:ids AS uuid[])) AND b.id = o.id
"""

# All that a batch writes. The guard is in the statement, as its COMMIT may be in the same message: where
# other numbers of rows changed than were decided, the text that says so is cast to a number, and raises.
_NOT_AS_DECIDED = "rows changed where"
_WRITE_BATCH = Prepared(
    "write_batch",
    f"""
    WITH moved AS ({UPDATE_MOVED} RETURNING 1),
    settled AS ({_UPDATE_SETTLED} RETURNING 1),
    told AS ({INSERT_EVENTS}),
    versioned AS ({UPDATE_VERSION}),
    changed AS (SELECT (SELECT count(*) FROM moved) AS seats, (SELECT count(*) FROM settled) AS bookings)
    SELECT CASE WHEN (seats, bookings) = (cast(:seats_decided AS bigint), cast(:bookings_decided AS bigint))
                THEN 0
                ELSE cast(concat_ws(' ', seats, '+', bookings, '{_NOT_AS_DECIDED}',
                                    :seats_decided, '+', :bookings_decided, 'were decided') AS int) END
    FROM changed
    """,
)


class GuardError(Exception):
    """A statement changed another number of rows than was decided: the batch must not be committed."""


class Terms(NamedTuple):
    """What a batch goes by: the show's version and terms, and the database's clock once all was locked."""

    version: int
    now: datetime
    hold_seconds: int
    max_seats_per_customer: int | None
    max_held_seats_per_client: int | None
    is_cancelled: bool


class Work(NamedTuple):
    """What there is to be done, locked: bookings that want something, in order of arrival; expired holds.

    `free` has the seats that the bookings name and that are available; None where that is not known yet.
    """

    terms: Terms
    free: Sequence[str] | None
    waiting: list[Booking]
    expired: list[Booking]


def lock_work(
    transaction: BriefTransaction, show_id: int, *, limit: int, expired_limit: int, only: UUID | None = None
) -> Work | None:
    """Lock a show, its oldest bookings that want something and its holds that expired first, or `only` one.

    None where another has the show's lock.
    """
    if only is not None:
        # A kept plan would read all that waits for the one.
        transaction.plan_anew()
    parameters = {"limit": limit, "expired_limit": expired_limit, "only": only, **of_show(show_id)}
    rows = transaction.fetch_all(_LOCK_WORK, parameters)
    if not rows:
        return None
    size = len(Terms._fields)
    waiting = [Booking._make(row[size + 2 :]) for row in rows if row[size + 1] is False]
    expired = [Booking._make(row[size + 2 :]) for row in rows if row[size + 1]]
    waiting.sort(key=lambda booking: (booking.created_at, booking.id))
    return Work(Terms._make(rows[0][:size]), rows[0][size], waiting, expired)


def update_cancelled_show(connection: Connection, show_id: int, *, limit: int) -> None:
    """Make a cancelled show's bookings want to be cancelled, some at a time."""
    connection.execute(_UPDATE_CANCELLED_SHOW, {"limit": limit, **of_show(show_id)})


def select_owned(
    connection: Connection, show_id: int, *, customers: Sequence[str], released: Iterable[UUID]
) -> dict[str, int]:
    """How many of the show's seats each customer holds or owns, but for bookings released in this batch."""
    parameters = {"customers": list(customers), "released": to_array(released)}
    rows = connection.execute(_SELECT_OWNED, {**of_show(show_id), **parameters})
    return {row.customer: row.seats for row in rows}


def select_held(transaction: BriefTransaction, show_id: int, clients: Sequence[str]) -> dict[str, int]:
    """How many of the show's seats each client held, unconfirmed, before this batch."""
    rows = transaction.fetch_all(_SELECT_HELD, {**of_show(show_id), "clients": list(clients)})
    return dict(rows)


def write_batch(transaction: BriefTransaction, parameters: Mapping[str, Any], *, commits: bool) -> None:
    """Write a batch, and commit it in the same message where it `commits`. Raises GuardError."""
    try:
        if commits:
            transaction.commit_with(_WRITE_BATCH, parameters)
        else:
            transaction.fetch_all(_WRITE_BATCH, parameters)
    except DataError as error:
        if _NOT_AS_DECIDED in str(error):
            raise GuardError(str(error).splitlines()[0]) from error
        raise
