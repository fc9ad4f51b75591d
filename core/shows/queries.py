"""Every SQL statement about shows."""

import csv
import io
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.halls.build import Hall
from core.infra.slot_groups import in_slot, is_whole, of_show
from core.infra.slots import to_slot
from core.shows.folding import fold_name

COPY_TIMEOUT = "60s"
# Rows that are made, and bytes that are sent, at a time.
MADE_AT_ONCE, COPIED_AT_ONCE = 1_000, 65_536
# From so many seats on, a plan made without statistics reads the whole show where it should use an index;
# autovacuum's come a minute after the rush has begun.
LARGE_SHOW = 5_000

# The one place that says what a show's status is: its times, judged by the database's clock.
SHOW_STATUS = """
    CASE WHEN s.cancelled_at IS NOT NULL THEN 'cancelled'
         WHEN clock_timestamp() >= coalesce(s.sales_close_at, s.start_time) THEN 'closed'
         WHEN clock_timestamp() < s.sales_open_at THEN 'scheduled'
         ELSE 'on_sale' END
"""

_COLUMNS = f"""
    s.id, s.name, s.start_time, s.total_seats, s.created_at, s.currency, s.price, s.hold_seconds,
    s.max_seats_per_booking, s.max_seats_per_customer, s.max_held_seats_per_client, s.sales_open_at,
    s.sales_close_at, s.cancel_until, s.payment_required, s.time_zone, s.focus,
    {SHOW_STATUS} AS status, v.version, v.available, v.held, v.booked
"""

_SELECT_SHOW = text(f"""
    SELECT {_COLUMNS}, s.sections
    FROM shows s JOIN show_versions v ON v.show_id = s.id
    WHERE s.id = :show_id AND {in_slot("v")}
""")

# The condition on s.name finds shows that the version before wrote, without search_name. The next version
# drops it, and its migration folds all names again.
# A list cuts each show's sections: those of 200 shows may be 50 MB.
_SELECT_SHOWS = text(f"""
    SELECT {_COLUMNS}, jsonb_path_query_array(
        s.sections, '$[0 to $last]', jsonb_build_object('last', cast(:sections AS int) - 1)
    ) AS sections
    FROM shows s JOIN show_versions v ON v.show_id = s.id
    WHERE s.start_time >= coalesce(cast(:start_from AS timestamptz), clock_timestamp())
      AND (cast(:after_time AS timestamptz) IS NULL OR (s.start_time, s.id) > (:after_time, :after_id))
      AND (cast(:status AS text) IS NULL OR {SHOW_STATUS} = :status)
      AND (cast(:name AS text) IS NULL OR :search_name <> '' AND position(:search_name IN s.search_name) > 0
           OR position(lower(:name) IN lower(s.name)) > 0)
    ORDER BY s.start_time, s.id
    LIMIT :limit
""")

_INSERT_SHOW = text("""
    INSERT INTO shows (name, start_time, total_seats, currency, price, sections, hold_seconds,
                       max_seats_per_booking, max_seats_per_customer, max_held_seats_per_client,
                       sales_open_at, sales_close_at, cancel_until, payment_required, time_zone, focus,
                       search_name)
    VALUES (:name, :start_time, :total_seats, :currency, :price, cast(:sections AS jsonb), :hold_seconds,
            :max_seats_per_booking, :max_seats_per_customer, :max_held_seats_per_client,
            :sales_open_at, :sales_close_at, :cancel_until, :payment_required, :time_zone,
            cast(:focus AS jsonb), :search_name)
    RETURNING id
""")

_UPDATE_IDS = text("""
    SELECT setval('shows_id_seq', :next, false) FROM shows_id_seq WHERE last_value < :next
""")

_INSERT_HALL = text(
    "INSERT INTO show_halls (show_id, description) VALUES (:show_id, cast(:description AS jsonb))"
)

_INSERT_VERSION = text(
    "INSERT INTO show_versions (slot, show_id, total, available) VALUES (:slot, :show_id, :total, :total)"
)

_SELECT_HALL = text("SELECT description FROM show_halls WHERE show_id = :show_id")

_LOCK_SHOW = text(f"SELECT s.*, {SHOW_STATUS} AS status FROM shows s WHERE s.id = :show_id FOR NO KEY UPDATE")

_LOCK_SHOW_FOR_TERMS = text("SELECT FROM shows WHERE id = :show_id FOR UPDATE")
# In its place on a distributed database, with the slot: accepting shares it (bookings/accepting_queries.py).
# The number is arbitrary, and only ours.
TERMS_LOCK = 732_854_628
_LOCK_TERMS = text(f"SELECT pg_advisory_xact_lock({TERMS_LOCK}, :slot)")

_UPDATE_SHOW = text("""
    UPDATE shows SET name = :name, start_time = :start_time, hold_seconds = :hold_seconds,
        max_seats_per_booking = :max_seats_per_booking, max_seats_per_customer = :max_seats_per_customer,
        max_held_seats_per_client = :max_held_seats_per_client,
        sales_open_at = :sales_open_at, sales_close_at = :sales_close_at, cancel_until = :cancel_until,
        time_zone = :time_zone, search_name = :search_name, currency = :currency,
        payment_required = :payment_required, updated_at = statement_timestamp()
    WHERE id = :show_id
""")

_UPDATE_SHOW_CANCELLED = text("""
    UPDATE shows SET cancelled_at = statement_timestamp(), updated_at = statement_timestamp()
    WHERE id = :show_id AND cancelled_at IS NULL
""")

_ANALYZE_SEATS = text("ANALYZE seats")

_SELECT_CLOCK = text("SELECT clock_timestamp()")

_SELECT_STATS = text(f"""
    SELECT count(*) AS shows, count(*) FILTER (WHERE {SHOW_STATUS} = 'on_sale') AS on_sale,
           coalesce(sum(v.available), 0)::bigint AS available, coalesce(sum(v.held), 0)::bigint AS held,
           coalesce(sum(v.booked), 0)::bigint AS booked
    FROM shows s JOIN show_versions v ON v.show_id = s.id
""")

_SELECT_SELLING = text(f"""
    SELECT s.id, s.name, v.available, v.held, v.booked
    FROM shows s JOIN show_versions v ON v.show_id = s.id
    WHERE s.start_time > clock_timestamp() AND {SHOW_STATUS} = 'on_sale'
    ORDER BY v.held DESC, s.start_time, s.id LIMIT :limit
""")


def select_show(connection: Connection, show_id: int) -> Row[Any] | None:
    """A show with its status, version and counts."""
    return connection.execute(_SELECT_SHOW, of_show(show_id)).one_or_none()


def select_shows(
    connection: Connection,
    *,
    start_from: datetime | None,
    status: str | None,
    name: str | None,
    after: tuple[datetime | None, int | None],
    limit: int,
    sections: int,
) -> list[Row[Any]]:
    """A page of shows, soonest first, from `start_from` (else from now) on, with their first `sections`."""
    parameters = {"start_from": start_from, "status": status, "name": name, "limit": limit}
    parameters |= {"after_time": after[0], "after_id": after[1], "sections": sections}
    parameters["search_name"] = None if name is None else fold_name(name)
    return list(connection.execute(_SELECT_SHOWS, parameters))


def insert_show(connection: Connection, columns: Mapping[str, Any]) -> int:
    """A new show's id."""
    return int(connection.execute(_INSERT_SHOW, _with_search_name(columns)).scalar_one())


def update_show_ids(connection: Connection, *, next_id: int) -> None:
    """Let new shows' ids go on from this one or a later one; at once, whatever becomes of the transaction."""
    connection.execute(_UPDATE_IDS, {"next": next_id})


def insert_hall(connection: Connection, *, show_id: int, description: str, total: int) -> None:
    """The show's hall as described, and its first version: every seat available."""
    connection.execute(_INSERT_HALL, {"show_id": show_id, "description": description})
    connection.execute(_INSERT_VERSION, {"total": total, **of_show(show_id)})


def select_hall(connection: Connection, show_id: int) -> dict[str, Any] | None:
    """The description of a show's hall."""
    description: dict[str, Any] | None = connection.execute(
        _SELECT_HALL, {"show_id": show_id}
    ).scalar_one_or_none()
    return description


def lock_show(connection: Connection, show_id: int) -> Row[Any] | None:
    """A show, locked against other changes of it; bookings that refer to it go on."""
    return connection.execute(_LOCK_SHOW, {"show_id": show_id}).one_or_none()


def lock_show_for_terms(connection: Connection, show_id: int) -> None:
    """Lock a show against bookings that refer to it too, once those being accepted are committed."""
    if is_whole():
        connection.execute(_LOCK_SHOW_FOR_TERMS, {"show_id": show_id})
    else:
        connection.execute(_LOCK_TERMS, {"slot": to_slot(show_id)})


def update_show(connection: Connection, show_id: int, columns: Mapping[str, Any]) -> None:
    """Write what an operator may change."""
    connection.execute(_UPDATE_SHOW, {**_with_search_name(columns), "show_id": show_id})


def _with_search_name(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {**columns, "search_name": fold_name(columns["name"])}


def update_show_cancelled(connection: Connection, show_id: int) -> bool:
    """Call a show off; whether it was not called off before."""
    return connection.execute(_UPDATE_SHOW_CANCELLED, {"show_id": show_id}).rowcount == 1


def select_clock(connection: Connection) -> datetime:
    """The database's clock, by which all times are judged. Ask it after the lock is held."""
    clock: datetime = connection.execute(_SELECT_CLOCK).scalar_one()
    return clock


def select_show_stats(connection: Connection) -> Row[Any]:
    """Shows and seats, counted."""
    return connection.execute(_SELECT_STATS).one()


def select_selling(connection: Connection, *, limit: int) -> list[Row[Any]]:
    """Shows on sale with their seats counted: those with the most held seats, then the soonest."""
    return list(connection.execute(_SELECT_SELLING, {"limit": limit}))


class _Rows:
    """Rows of CSV as a file, made as they are read.

    While COPY runs: to make 100,000 of them beforehand takes a second, or several on a busy machine, and the
    server ends a transaction that is idle for that long.
    """

    def __init__(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._rows, self._made = iter(rows), b""

    def read(self, size: int) -> bytes:
        """At most so many bytes, which is all that the driver has room for; nothing at the end."""
        while len(self._made) < size and (some := list(islice(self._rows, MADE_AT_ONCE))):
            lines = io.StringIO()
            csv.writer(lines, lineterminator="\n").writerows(some)
            self._made += lines.getvalue().encode()
        read, self._made = self._made[:size], self._made[size:]
        return read


def copy_seats(connection: Connection, show_id: int, hall: Hall) -> None:
    """The seats of a new show, in seat order (so that their ids ascend in it), by COPY."""
    slot = to_slot(show_id)
    rows = _Rows((slot, show_id, s.seat_number, s.section, s.row, s.place, s.price) for s in hall.seats())
    columns = "slot, show_id, seat_number, section, row, place, price"
    with closing(connection.connection.cursor()) as cursor:
        # A large hall on a slow disk takes longer than any other statement may.
        cursor.execute(f"SET LOCAL statement_timeout = '{COPY_TIMEOUT}'")
        cursor.copy_expert(f"COPY seats ({columns}) FROM STDIN WITH (FORMAT csv)", rows, COPIED_AT_ONCE)


def analyze_seats(connection: Connection) -> None:
    """Make the seats' statistics: about a second in a large table. Its lock must not last as long as a show's
    creation, so this has a transaction of its own."""
    connection.execute(_ANALYZE_SEATS)
