"""SQL statements of settling that find work, and count tries; those of a batch are in batch_queries.py."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.brief import USE_INDEXES, fetch_one
from core.infra.prepared import Prepared
from core.infra.slot_groups import SlotGroup, in_group, in_slot, of_show
from core.shows.queries import select_clock

# An InitPlan asks the clock once, so that an index is read up to that moment. clock_timestamp() by itself is
# volatile: it would be asked for each row, and every hold of a show be read.
_NOW = "(SELECT clock_timestamp())"
# retry_at is NULL where the version before counted the try.
_IS_DUE = f"coalesce(retry_at <= {_NOW}, true)"

# ORDER BY … LIMIT 1 makes the planner use the partial indexes; EXISTS made it scan the table. A cancelled
# show's bookings that want to be cancelled are waiting rows. Its seats are looked at once it is known to be
# cancelled, and the booking of each by itself: a join would read all bookings there are, of any show.
# bookings_set_aside finds the retried ones, which are few, if any: IS TRUE keeps the planner from reading all
# of the show's instead.
_SELECT_WORK = Prepared(
    "select_work",
    f"""
    SELECT (SELECT true FROM bookings
            WHERE {in_slot()} AND show_id = :show_id AND wants IS NOT NULL AND tries = 0
            ORDER BY created_at, id LIMIT 1) IS NOT NULL
        OR (SELECT true FROM bookings
            WHERE {in_slot()} AND show_id = :show_id
              AND hold_expires_at <= {_NOW} AND wants IS NULL AND tries = 0
            ORDER BY hold_expires_at LIMIT 1) IS NOT NULL
        OR EXISTS (SELECT FROM shows s JOIN show_versions v ON v.show_id = s.id
                   WHERE s.id = :show_id AND {in_slot("v")}
                     AND s.cancelled_at IS NOT NULL AND v.held + v.booked > 0)
           AND EXISTS (SELECT FROM seats
                       WHERE {in_slot()} AND show_id = :show_id AND booking_id IS NOT NULL
                         AND (SELECT wants IS DISTINCT FROM 'cancel' FROM bookings
                              WHERE {in_slot()} AND id = booking_id))
           AS for_batch,
           EXISTS (SELECT FROM bookings
                   WHERE {in_slot()} AND tries > 0 AND (show_id = :show_id) IS TRUE AND {_IS_DUE}
                     AND (wants IS NOT NULL OR hold_expires_at <= {_NOW})) AS alone
""",
)

# Statistics may be of a rush in which nearly everything waited, and reading the table would seem the shorter
# way: to this statement, and to the sweeps'. Several statements in a message are one transaction, and the
# last one's rows come back.
# The two kinds alternate, so that a turn that ends early has reached both.
_SELECT_WAITING_IDS = text(f"""{USE_INDEXES}
    SELECT id FROM (
        (SELECT id, row_number() OVER (ORDER BY hold_expires_at) AS place FROM bookings
         WHERE {in_slot()} AND show_id = :show_id AND wants IS NULL AND hold_expires_at <= {_NOW}
           AND (tries > 0 AND {_IS_DUE} OR tries = 0 AND NOT :only_retried)
         ORDER BY hold_expires_at LIMIT :limit)
        UNION ALL
        (SELECT id, row_number() OVER (ORDER BY created_at, id) AS place FROM bookings
         WHERE {in_slot()} AND show_id = :show_id AND wants IS NOT NULL
           AND (tries > 0 AND {_IS_DUE} OR tries = 0 AND NOT :only_retried)
         ORDER BY created_at, id LIMIT :limit)
    ) AS work
    ORDER BY place
""")

# SKIP LOCKED: the count runs under the show's lock, and must not wait for a request that locks the booking.
_UPDATE_TRIED = text(f"""
    UPDATE bookings b SET tries = b.tries + 1, retry_at = tried.retry_at
    FROM (SELECT id, :now + make_interval(secs => least(power(2, least(tries, 10)), :longest_seconds))
                     AS retry_at
          FROM bookings
          WHERE {in_slot()} AND id = :id AND (wants IS NOT NULL OR hold_expires_at <= :now)
          FOR NO KEY UPDATE SKIP LOCKED) AS tried
    WHERE {in_slot("b")} AND b.id = tried.id
    RETURNING b.tries
""")

# Citus takes no time by the clock within CASE, where rows are changed.
_UPDATE_NOT_TRIED = text(f"""
    UPDATE bookings
    SET tries = greatest(tries - 1, 0),
        retry_at = statement_timestamp() + CASE WHEN tries > 1 THEN interval '0' END
    WHERE {in_slot()} AND id = :id AND tries > 0
""")

# In a later second of the database's clock, whichever machine asks.
_UPDATE_SWEPT = text("""
    UPDATE heartbeats SET at = statement_timestamp()
    WHERE name = 'sweep' AND at <= statement_timestamp() - make_interval(secs => :seconds)
""")

_SELECT_RECOVERY_STATS = text("""
    SELECT (SELECT count(*)::int FROM bookings
            WHERE tries > :tries AND status IN ('FAILED', 'CANCELLED')) AS quarantined,
           (SELECT count(*)::int FROM bookings WHERE tries >= :tries AND wants = 'confirm') AS stuck_confirms
""")

_SELECT_SWEEP_AGE = text("""
    SELECT extract(epoch FROM clock_timestamp() - at)::float FROM heartbeats WHERE name = 'sweep'
""")

_SINCE = "min(CASE WHEN tries > 0 THEN coalesce(retry_at, updated_at) ELSE updated_at END)"

_SELECT_WAITING_SHOWS = text(f"""{USE_INDEXES}
    SELECT show_id FROM bookings
    WHERE {in_group()} AND wants IS NOT NULL
    GROUP BY show_id HAVING {_SINCE} < clock_timestamp() - make_interval(secs => :seconds)
    ORDER BY {_SINCE}
""")

_SELECT_EXPIRED_SHOWS = text(f"""{USE_INDEXES}
    SELECT show_id FROM bookings
    WHERE {in_group()} AND wants IS NULL
      AND hold_expires_at <= {_NOW} - make_interval(secs => :seconds)
      AND (tries = 0 OR coalesce(retry_at <= {_NOW} - make_interval(secs => :seconds), true))
    GROUP BY show_id
""")

_SELECT_CANCELLED_SHOWS = text(f"""
    SELECT s.id FROM shows s JOIN show_versions v ON v.show_id = s.id
    WHERE s.cancelled_at IS NOT NULL AND {in_group("v")} AND v.held + v.booked > 0
""")


class Due(NamedTuple):
    """Whether there is something for a batch, and something that is tried again alone."""

    for_batch: bool
    alone: bool


def select_waiting_ids(
    connection: Connection, show_id: int, *, limit: int, only_retried: bool = False
) -> list[UUID]:
    """The show's holds that expired and its bookings that want something, in turn, oldest first.

    Those that settling failed at once it is time to try them again; with `only_retried` no others.
    """
    parameters = {"limit": limit, "only_retried": only_retried, **of_show(show_id)}
    return list(connection.execute(_SELECT_WAITING_IDS, parameters).scalars())


def update_tried(connection: Connection, show_id: int, booking_id: UUID, *, longest_seconds: float) -> int:
    """Count a try to settle a booking alone, and put off the next: 1 s, 2 s, 4 s … to the longest.

    Returns how many there were, this one included; 0 where nothing of it waits any more, or a request has it.
    """
    parameters = {**of_show(show_id), "id": booking_id, "longest_seconds": longest_seconds}
    parameters["now"] = select_clock(connection)
    return int(connection.execute(_UPDATE_TRIED, parameters).scalar_one_or_none() or 0)


def update_not_tried(connection: Connection, show_id: int, booking_id: UUID) -> None:
    """Take back a try that was not made."""
    connection.execute(_UPDATE_NOT_TRIED, {**of_show(show_id), "id": booking_id})


def update_swept(connection: Connection, *, seconds: float = 0) -> bool:
    """Note that a sweep begins; False, and nothing noted, where the last began less than so long ago."""
    return connection.execute(_UPDATE_SWEPT, {"seconds": seconds}).rowcount == 1


def select_recovery_stats(connection: Connection, *, tries: int) -> Row[Any]:
    """Bookings given up, and confirms that settling goes on to fail at."""
    return connection.execute(_SELECT_RECOVERY_STATS, {"tries": tries}).one()


def select_sweep_age(connection: Connection) -> float:
    """The seconds since the last sweep began."""
    return float(connection.execute(_SELECT_SWEEP_AGE).scalar_one())


def select_work(connection: Connection, show_id: int) -> Due:
    """Whether anything of this show is to be settled or released now."""
    return Due._make(fetch_one(connection, _SELECT_WORK, of_show(show_id)))


def select_expired_shows(connection: Connection, group: SlotGroup, *, seconds: float = 0) -> list[int]:
    """Shows of a group with holds that expired at least so long ago."""
    parameters = {"seconds": seconds, **group.parameters}
    return list(connection.execute(_SELECT_EXPIRED_SHOWS, parameters).scalars())


def select_overdue_shows(connection: Connection, group: SlotGroup, *, seconds: float) -> list[int]:
    """Shows with something that should have been done so long ago: those that waited longest come first.

    Bookings that want something, holds that expired, and cancelled shows that still own seats.
    """
    parameters = {"seconds": seconds, **group.parameters}
    waiting = connection.execute(_SELECT_WAITING_SHOWS, parameters).scalars()
    expired = select_expired_shows(connection, group, seconds=seconds)
    cancelled = connection.execute(_SELECT_CANCELLED_SHOWS, group.parameters).scalars()
    return list(dict.fromkeys([*waiting, *expired, *cancelled]))
