"""The SQL statements about bookings and their idempotency keys, but for those of acting and accepting."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.bookings.views import COLUMNS, Booking, read_bookings, read_by_id
from core.infra.prepared import Prepared
from core.infra.query import Query, to_id_arrays
from core.infra.slot_groups import SlotGroup, in_group, in_slot, of_show, of_slot
from core.infra.slots import to_slot

if TYPE_CHECKING:
    from core.bookings.idempotency import Key

# The bookings of these ids that exist, by id.
SELECT_BOOKINGS = Query(
    Prepared(
        "select_bookings",
        f"""
        SELECT {COLUMNS} FROM bookings
        WHERE {in_group()} AND id = ANY(cast(:ids AS uuid[]))
        """,
    ),
    to_id_arrays,
    read_by_id,
)

# How many bookings of a group want something, by show: all of them, or any `limit` of them. Without an order
# the partial index alone will do, and whoever counts reads no more rows than asked for.
SELECT_WAITING = Query(
    Prepared(
        "select_waiting",
        f"""
        SELECT show_id, count(*)::int
        FROM (SELECT show_id FROM bookings WHERE {in_group()} AND wants IS NOT NULL LIMIT :limit) AS waiting
        GROUP BY show_id
        """,
    ),
    lambda group, *, limit: {"limit": limit, **group.parameters},
    lambda rows: {show_id: count for show_id, count in rows},
)


class Past(NamedTuple):
    """What only a booking's row, and its show's, tell of its history.

    What was asked of it after it was accepted, in order; whose request it came by, and which; and of the show
    the times of its making and its end.
    """

    requests: list[dict[str, Any]]
    client: str | None
    request_id: str | None
    show_cancelled_at: datetime | None
    show_created_at: datetime


# The columns of a Past, of `b` and its show `s`.
PAST = """
    coalesce(b.requests, '[]'), coalesce(b.booked_by, b.client), b.request_id,
    s.cancelled_at, s.created_at
"""
_SELECT_PAST = text(f"""
    SELECT {PAST} FROM bookings b JOIN shows s ON s.id = b.show_id WHERE {in_slot("b")} AND b.id = :id
""")

_INSERT_KEY = text("""
    INSERT INTO used_keys (slot, principal, show_id, key, fingerprint, booking_ids)
    VALUES (:slot, :principal, :show_id, :key, :fingerprint, ARRAY[cast(:booking_id AS uuid)])
    ON CONFLICT DO NOTHING
""")

_SELECT_FINGERPRINT = text(f"""
    SELECT fingerprint FROM used_keys
    WHERE {in_slot()} AND principal = :principal AND show_id = :show_id AND key = :key
""")

_DELETE_OLD_KEYS = text(f"""
    DELETE FROM used_keys WHERE {in_group()} AND (principal, show_id, key) IN (
        SELECT principal, show_id, key FROM used_keys
        WHERE {in_group()} AND created_at < statement_timestamp() - make_interval(hours => :hours)
        ORDER BY created_at LIMIT :limit)
""")

# What is held or CONFIRMED has seats, archived bookings too; what is PENDING otherwise waits.
_SELECT_LIVE = text(f"""
    SELECT (SELECT held + booked > 0 FROM show_versions WHERE {in_slot()} AND show_id = :show_id)
        OR (SELECT true FROM bookings WHERE {in_slot()} AND show_id = :show_id AND wants IS NOT NULL
            ORDER BY created_at, id LIMIT 1) IS NOT NULL
""")

# In the show's slot, where it is of one show.
_SELECT_PAGE = text(f"""
    SELECT {COLUMNS} FROM bookings
    WHERE {in_slot()} AND (cast(:show_id AS bigint) IS NULL OR show_id = :show_id)
      AND (cast(:status AS text) IS NULL OR status = :status)
      AND (cast(:customer AS text) IS NULL OR customer = :customer)
      AND (cast(:seat AS text) IS NULL OR cast(:seat AS text) = ANY(seats))
      AND (cast(:failure AS text) IS NULL OR failure_code = :failure)
      AND (cast(:after AS uuid) IS NULL OR id < :after)
    ORDER BY id DESC
    LIMIT :limit
""")

# Of bookings and archived ones, the first and the last id included. The slot is always a condition: other
# slots' ids are no candidates, and the primary keys have the slot too.
_SELECT_IDS_BETWEEN = text("""
    SELECT id FROM bookings WHERE slot = :slot AND id BETWEEN cast(:first AS uuid) AND cast(:last AS uuid)
    UNION ALL
    SELECT id FROM archived_bookings
    WHERE slot = :slot AND id BETWEEN cast(:first AS uuid) AND cast(:last AS uuid)
""")

_SELECT_STATS = text("""
    SELECT count(*) FILTER (WHERE wants = 'acquire') AS acquire,
           count(*) FILTER (WHERE wants = 'confirm') AS confirm,
           count(*) FILTER (WHERE wants = 'cancel') AS cancel,
           coalesce(extract(epoch FROM clock_timestamp() - min(updated_at)), 0)::float AS oldest_seconds
    FROM bookings WHERE wants IS NOT NULL
""")


def select_past(connection: Connection, booking: Booking) -> Past | None:
    """What its row tells of a booking's history; None where it is not here any more."""
    row = connection.execute(
        _SELECT_PAST, {**of_slot(to_slot(booking.show_id)), "id": booking.id}
    ).one_or_none()
    return Past._make(row) if row else None


def insert_key(connection: Connection, key: "Key", *, show_id: int, booking_id: UUID) -> bool:
    """Use a key for a booking of the show; False where it was used before."""
    parameters = {**of_show(show_id), **asdict(key), "booking_id": booking_id}
    return connection.execute(_INSERT_KEY, parameters).rowcount == 1


def select_fingerprint(connection: Connection, key: "Key", *, show_id: int) -> str:
    """What a key of the show was used for."""
    parameters = {**of_show(show_id), "principal": key.principal, "key": key.key}
    return str(connection.execute(_SELECT_FINGERPRINT, parameters).scalar_one())


def delete_old_keys(connection: Connection, group: SlotGroup, *, hours: int, limit: int) -> int:
    """Forget keys of a group older than this; returns how many."""
    parameters = {"hours": hours, "limit": limit, **group.parameters}
    return int(connection.execute(_DELETE_OLD_KEYS, parameters).rowcount)


def has_live_bookings(connection: Connection, show_id: int) -> bool:
    """Whether a booking of the show is PENDING or CONFIRMED."""
    return bool(connection.execute(_SELECT_LIVE, of_show(show_id)).scalar_one())


def select_page(
    connection: Connection,
    *,
    show_id: int | None,
    status: str | None,
    customer: str | None,
    seat: str | None,
    failure: str | None,
    after: UUID | None,
    limit: int,
) -> list[Booking]:
    """A page of bookings, newest first. Raises UnavailableError."""
    parameters = {
        **({"whole": True, "slot": None, "show_id": None} if show_id is None else of_show(show_id)),
        "status": status,
        "customer": customer,
        "seat": seat,
        "failure": failure,
        "after": after,
        "limit": limit,
    }
    return read_bookings(connection.execute(_SELECT_PAGE, parameters))


def select_ids_between(connection: Connection, slot: int, *, first: UUID, last: UUID) -> list[UUID]:
    """The ids of a slot's bookings, archived ones too, from the first to the last."""
    parameters = {"slot": slot, "first": first, "last": last}
    return list(connection.execute(_SELECT_IDS_BETWEEN, parameters).scalars())


def select_waiting_stats(connection: Connection) -> Row[Any]:
    """How many bookings wait for a worker, by what they want, and for how long the oldest has, in seconds."""
    return connection.execute(_SELECT_STATS).one()
