"""The SQL statements about seats. Those that change one are run by a show's settling alone."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.brief import BriefTransaction, to_array
from core.infra.prepared import Prepared
from core.infra.slot_groups import in_slot, of_show
from core.seats.states import SeatStatus

# SKIP LOCKED: waiting would park every worker on one hot show, and whoever has the lock looks for more work
# after its commit.
LOCK_VERSION = f"""
    SELECT version FROM show_versions
    WHERE {in_slot()} AND show_id = :show_id FOR NO KEY UPDATE SKIP LOCKED
"""

_LOCK_VERSION = Prepared("lock_version", LOCK_VERSION)

# The counts move by these differences; nothing where no seat changes, and so the version does not.
UPDATE_VERSION = f"""
    UPDATE show_versions
    SET version = :version, available = available + :available, held = held + :held, booked = booked + :booked
    WHERE {in_slot()} AND show_id = :show_id AND version < :version
"""

# One array: 100,000 rows would cost this process ten times as much.
_SELECT_AVAILABLE = Prepared(
    "select_available",
    f"""
    SELECT array_agg(seat_number) FROM seats
    WHERE {in_slot()} AND show_id = :show_id AND status = 'available'
""",
)

# An array of the seats in `{named}` that are available; the statement that locks a batch's work has it too.
NAMED_AVAILABLE = f"""
    SELECT array_agg(seat_number) FROM seats
    WHERE {in_slot()} AND show_id = :show_id
      AND status = 'available' AND seat_number = ANY({{named}})
"""
_SELECT_NAMED_AVAILABLE = Prepared(
    "select_named_available", NAMED_AVAILABLE.format(named="cast(:seats AS text[])")
)

# The guard: each seat is as it was when it was decided on, available or its owner's. The seats are named as
# an array besides: so the index on their numbers is used whatever the statistics say, and in the minutes
# after a large show was created they know nothing of it.
UPDATE_MOVED = f"""
    UPDATE seats s
    SET status = move.target, booking_id = move.taker, version = :version, updated_at = :now,
        hold_expires_at = CASE WHEN move.target = 'held' THEN cast(:hold_expires_at AS timestamptz) END
    FROM unnest(cast(:seats AS text[]), cast(:sources AS text[]), cast(:owners AS uuid[]),
                cast(:targets AS text[]), cast(:takers AS uuid[]))
         AS move(seat_number, source, owner, target, taker)
    WHERE {in_slot("s")} AND s.show_id = :show_id AND s.seat_number = ANY(cast(:seats AS text[]))
      AND s.seat_number = move.seat_number
      AND s.status = move.source AND s.booking_id IS NOT DISTINCT FROM move.owner
"""

# Found by their owner alone: no index helps, and none is worth it for what is not to happen.
_UPDATE_FREED = text(f"""
    WITH owned AS (
        SELECT id, seat_number, status FROM seats
        WHERE {in_slot()} AND show_id = :show_id AND booking_id = :booking_id
    ), freed AS (
        UPDATE seats s
        SET status = 'available', booking_id = NULL, hold_expires_at = NULL, version = :version,
            updated_at = statement_timestamp()
        FROM owned WHERE {in_slot("s")} AND s.show_id = :show_id AND s.id = owned.id
    )
    SELECT seat_number, status FROM owned
""")

_SELECT_VERSION = text(f"SELECT version FROM show_versions WHERE {in_slot()} AND show_id = :show_id")

_SELECT_SEATS = text(f"""
    WITH page AS MATERIALIZED (
        SELECT id, seat_number, status, section, row, price FROM seats
        WHERE {in_slot()} AND show_id = :show_id AND id > :after
          AND (cast(:status AS text) IS NULL OR status = :status)
          AND (cast(:section AS text) IS NULL OR section = :section)
        ORDER BY id LIMIT :limit
    )
    SELECT v.version, page.*
    FROM show_versions v LEFT JOIN page ON true
    WHERE {in_slot("v")} AND v.show_id = :show_id
    ORDER BY page.id
""")

# A restore may have undone a `since` from before it: then every seat counts as changed.
_CHANGED = "(s.version > :since OR v.restored_version > :since)"

_SELECT_PAGE_CHANGES = text(f"""
    SELECT v.version, s.id, s.status
    FROM show_versions v
    LEFT JOIN seats s ON {in_slot("s")} AND s.show_id = :show_id
                     AND s.id BETWEEN :first AND :last AND {_CHANGED}
    WHERE {in_slot("v")} AND v.show_id = :show_id
""")

_SELECT_OCCUPIED = text(f"""
    SELECT v.version, s.seat_number, s.status
    FROM show_versions v
    LEFT JOIN seats s ON {in_slot("s")} AND s.show_id = :show_id AND s.status <> 'available'
    WHERE {in_slot("v")} AND v.show_id = :show_id
    ORDER BY s.id
""")

# A digit a seat: 100,000 rows would cost this process ten times as much.
_SELECT_STATES = text(f"""
    SELECT v.version, array_to_string(ARRAY(
        SELECT CASE status WHEN 'available' THEN 0 WHEN 'held' THEN 1 WHEN 'booked' THEN 2 END FROM seats
        WHERE {in_slot()} AND show_id = :show_id ORDER BY id
    ), '') AS states
    FROM show_versions v
    WHERE {in_slot("v")} AND v.show_id = :show_id
""")
_DIGITS = bytes.maketrans(b"012", b"\0\1\2")

_SELECT_CHANGED = text(f"""
    SELECT v.version, s.seat_number, s.status
    FROM show_versions v
    LEFT JOIN seats s ON {in_slot("s")} AND s.show_id = :show_id AND {_CHANGED}
    WHERE {in_slot("v")} AND v.show_id = :show_id
    ORDER BY s.id
""")

_UPDATE_RESTORED = text("""
    UPDATE show_versions
    SET version = greatest(:version, version + 1), restored_version = greatest(:version, version + 1)
""")


class Move(NamedTuple):
    """A seat that changes hands: what and whose it is, what and whose it will be."""

    source: SeatStatus
    owner: UUID | None
    target: SeatStatus
    taker: UUID | None


class States(NamedTuple):
    """A version of a map, and a byte for each seat in seat order: 0 available, 1 held, 2 booked."""

    version: int
    states: bytes


def to_move_parameters(moves: Mapping[str, Move]) -> dict[str, Any]:
    """The moves by seat, as UPDATE_MOVED has them."""
    return {
        "seats": list(moves),
        "sources": to_array([move.source for move in moves.values()]),
        "owners": to_array([move.owner for move in moves.values()]),
        "targets": to_array([move.target for move in moves.values()]),
        "takers": to_array([move.taker for move in moves.values()]),
    }


def lock_version(connection: Connection, show_id: int) -> int | None:
    """The show's version, and with it the right to settle the show; None where another has it."""
    version: int | None = _LOCK_VERSION.execute(connection, of_show(show_id)).scalar_one_or_none()
    return version


def select_available(transaction: BriefTransaction, show_id: int, seats: Sequence[str] | None) -> set[str]:
    """Which seats are available: of those named, or of all where None."""
    if seats is None:
        rows = transaction.fetch_all(_SELECT_AVAILABLE, of_show(show_id))
    else:
        rows = transaction.fetch_all(_SELECT_NAMED_AVAILABLE, {**of_show(show_id), "seats": list(seats)})
    return set(rows[0][0] or ())


def update_freed(
    connection: Connection, show_id: int, *, booking_id: UUID, version: int
) -> list[tuple[str, SeatStatus]]:
    """Make available whatever seats a booking owns; each, and what it was."""
    parameters = {**of_show(show_id), "booking_id": booking_id, "version": version}
    rows = connection.execute(_UPDATE_FREED, parameters)
    return [(row.seat_number, SeatStatus(row.status)) for row in rows]


def select_version(connection: Connection, show_id: int) -> int | None:
    """The committed version of a show's map."""
    version: int | None = connection.execute(_SELECT_VERSION, of_show(show_id)).scalar_one_or_none()
    return version


def select_seats(
    connection: Connection, show_id: int, *, after: int, status: str | None, section: str | None, limit: int
) -> list[Row[Any]]:
    """A page of seats in seat order beside the version, of one snapshot; one empty row for none."""
    parameters = {**of_show(show_id), "after": after, "status": status, "section": section, "limit": limit}
    return list(connection.execute(_SELECT_SEATS, parameters))


def select_page_changes(
    connection: Connection, show_id: int, *, first: int, last: int, since: int
) -> list[Row[Any]]:
    """Seats from id `first` to `last` that changed after version `since`, like select_occupied."""
    parameters = {**of_show(show_id), "first": first, "last": last, "since": since}
    return list(connection.execute(_SELECT_PAGE_CHANGES, parameters))


def select_occupied(connection: Connection, show_id: int) -> list[Row[Any]]:
    """Held and booked seats beside the version, of one snapshot; one empty row where there are none."""
    return list(connection.execute(_SELECT_OCCUPIED, of_show(show_id)))


def select_states(connection: Connection, show_id: int) -> list[States]:
    """The seats of one snapshot, as the only item; none where there is no such show."""
    rows = connection.execute(_SELECT_STATES, of_show(show_id))
    return [States(row.version, row.states.encode().translate(_DIGITS)) for row in rows]


def select_changed(connection: Connection, show_id: int, since: int) -> list[Row[Any]]:
    """Seats that changed since a version, all where it is from before a restore; like select_occupied."""
    return list(connection.execute(_SELECT_CHANGED, {**of_show(show_id), "since": since}))


def update_restored(connection: Connection, version: int) -> int:
    """Raise every map's version to at least this one, and invalidate all earlier ones; how many maps."""
    return int(connection.execute(_UPDATE_RESTORED, {"version": version}).rowcount)
