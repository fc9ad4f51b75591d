"""Every SQL statement about seats. Those that change one are run by a show's settling alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.db import Prepared
from core.seats.states import SeatStatus

_LOCK_VERSION = Prepared(
    "lock_version",
    """
    SELECT version FROM show_versions WHERE show_id = :show_id FOR NO KEY UPDATE SKIP LOCKED
""",
)

_UPDATE_VERSION = Prepared(
    "update_version",
    """
    UPDATE show_versions
    SET version = :version, available = available + :available, held = held + :held, booked = booked + :booked
    WHERE show_id = :show_id
""",
)

# One array: 100,000 rows would cost this process ten times as much.
_SELECT_AVAILABLE = text("""
    SELECT array_agg(seat_number) FROM seats
    WHERE show_id = :show_id AND status = 'available'
""")

_SELECT_NAMED_AVAILABLE = text("""
    SELECT array_agg(seat_number) FROM seats
    WHERE show_id = :show_id AND status = 'available' AND seat_number = ANY(cast(:seats AS text[]))
""")

# The pairs of seat and owner, as the statements below join them. The seats are named as an array besides:
# so the index on their numbers is used whatever the statistics say, and in the minutes after a large show
# was created they know nothing of it.
_PAIRS = "unnest(cast(:seats AS text[]), cast(:owners AS uuid[])) AS pair(seat_number, booking_id)"
_PAIRED = """
    s.show_id = :show_id AND s.seat_number = ANY(cast(:seats AS text[])) AND s.seat_number = pair.seat_number
"""

_UPDATE_TAKEN = text(f"""
    UPDATE seats s
    SET status = :status, booking_id = pair.booking_id, hold_expires_at = :hold_expires_at,
        version = :version, updated_at = :now
    FROM {_PAIRS}
    WHERE {_PAIRED} AND s.status = 'available'
""")

_UPDATE_CONFIRMED = text(f"""
    UPDATE seats s
    SET status = 'booked', hold_expires_at = NULL, version = :version, updated_at = :now
    FROM {_PAIRS}
    WHERE {_PAIRED} AND s.booking_id = pair.booking_id AND s.status = 'held'
""")

_UPDATE_RELEASED = text(f"""
    UPDATE seats s
    SET status = 'available', booking_id = NULL, hold_expires_at = NULL, version = :version, updated_at = :now
    FROM {_PAIRS}
    WHERE {_PAIRED} AND s.booking_id = pair.booking_id
""")

# Found by their owner alone: no index helps, and none is worth it for what is not to happen.
_UPDATE_FREED = text("""
    WITH owned AS (
        SELECT id, seat_number, status FROM seats WHERE show_id = :show_id AND booking_id = :booking_id
    ), freed AS (
        UPDATE seats s
        SET status = 'available', booking_id = NULL, hold_expires_at = NULL, version = :version,
            updated_at = clock_timestamp()
        FROM owned WHERE s.show_id = :show_id AND s.id = owned.id
    )
    SELECT seat_number, status FROM owned
""")

_UPDATE_HOLD_EXTENDED = text("""
    UPDATE seats SET hold_expires_at = :hold_expires_at
    WHERE show_id = :show_id AND seat_number = ANY(cast(:seats AS text[]))
      AND booking_id = :booking_id AND status = 'held'
""")

_SELECT_VERSION = text("SELECT version FROM show_versions WHERE show_id = :show_id")

_SELECT_SEATS = text("""
    WITH page AS MATERIALIZED (
        SELECT id, seat_number, status, section, row, price FROM seats
        WHERE show_id = :show_id AND id > :after
          AND (cast(:status AS text) IS NULL OR status = :status)
          AND (cast(:section AS text) IS NULL OR section = :section)
        ORDER BY id LIMIT :limit
    )
    SELECT v.version, page.*
    FROM show_versions v LEFT JOIN page ON true
    WHERE v.show_id = :show_id
    ORDER BY page.id
""")

# A restore may have undone a `since` from before it: then every seat counts as changed.
_CHANGED = "(s.version > :since OR v.restored_version > :since)"

_SELECT_PAGE_CHANGES = text(f"""
    SELECT v.version, s.id, s.status
    FROM show_versions v
    LEFT JOIN seats s ON s.show_id = :show_id AND s.id BETWEEN :first AND :last AND {_CHANGED}
    WHERE v.show_id = :show_id
""")

_SELECT_OCCUPIED = text("""
    SELECT v.version, s.seat_number, s.status
    FROM show_versions v LEFT JOIN seats s ON s.show_id = :show_id AND s.status <> 'available'
    WHERE v.show_id = :show_id
    ORDER BY s.id
""")

_SELECT_FREE = text("""
    SELECT v.version, array_to_string(ARRAY(
        SELECT CASE status WHEN 'available' THEN 1 ELSE 0 END FROM seats WHERE show_id = :show_id ORDER BY id
    ), '') AS free
    FROM show_versions v
    WHERE v.show_id = :show_id
""")
_DIGITS = bytes.maketrans(b"01", b"\0\1")

_SELECT_CHANGED = text(f"""
    SELECT v.version, s.seat_number, s.status
    FROM show_versions v LEFT JOIN seats s ON s.show_id = :show_id AND {_CHANGED}
    WHERE v.show_id = :show_id
    ORDER BY s.id
""")

_UPDATE_RESTORED = text("""
    UPDATE show_versions
    SET version = greatest(:version, version + 1), restored_version = greatest(:version, version + 1)
""")

Pair = tuple[str, UUID]


def lock_version(connection: Connection, show_id: int) -> int | None:
    """The show's version, and with it the right to settle the show; None where another has it.

    SKIP LOCKED: waiting would park every worker on one hot show, and whoever has the lock looks for more
    work after its commit.
    """
    version: int | None = _LOCK_VERSION.execute(connection, {"show_id": show_id}).scalar_one_or_none()
    return version


def update_version(
    connection: Connection, show_id: int, *, version: int, available: int, held: int, booked: int
) -> None:
    """Set the show's version and move its counts by these differences."""
    counts = {"available": available, "held": held, "booked": booked}
    _UPDATE_VERSION.execute(connection, {"show_id": show_id, "version": version, **counts})


def select_available(connection: Connection, show_id: int, seats: Sequence[str] | None) -> set[str]:
    """Which seats are available: of those named, or of all where None."""
    if seats is None:
        rows = connection.execute(_SELECT_AVAILABLE, {"show_id": show_id})
    else:
        rows = connection.execute(_SELECT_NAMED_AVAILABLE, {"show_id": show_id, "seats": list(seats)})
    return set(rows.scalar_one() or ())


class SeatWriter:
    """The changes of seats, within one batch of one show: each returns how many rows it changed."""

    def __init__(self, connection: Connection, *, show_id: int, version: int, now: datetime) -> None:
        self._connection = connection
        self._shared = {"show_id": show_id, "version": version, "now": now}

    def update_held(self, pairs: Iterable[Pair], *, hold_expires_at: datetime) -> int:
        """Hold available seats for their new owners; the guard is that they still are available."""
        return self._run(_UPDATE_TAKEN, pairs, status=SeatStatus.HELD, hold_expires_at=hold_expires_at)

    def update_booked(self, pairs: Iterable[Pair]) -> int:
        """Sell available seats to their new owners, under the same guard."""
        return self._run(_UPDATE_TAKEN, pairs, status=SeatStatus.BOOKED, hold_expires_at=None)

    def update_confirmed(self, pairs: Iterable[Pair]) -> int:
        """Make held seats booked; the guard is that this booking holds them."""
        return self._run(_UPDATE_CONFIRMED, pairs)

    def update_released(self, pairs: Iterable[Pair]) -> int:
        """Make seats available; the guard is that this booking owns them."""
        return self._run(_UPDATE_RELEASED, pairs)

    def _run(self, statement: Any, pairs: Iterable[Pair], **parameters: Any) -> int:
        seats, owners = [], []
        for seat, owner in pairs:
            seats.append(seat)
            owners.append(str(owner))
        if not seats:
            return 0
        parameters |= {**self._shared, "seats": seats, "owners": owners}
        return int(self._connection.execute(statement, parameters).rowcount)


def update_freed(
    connection: Connection, show_id: int, *, booking_id: UUID, version: int
) -> list[tuple[str, SeatStatus]]:
    """Make available whatever seats a booking owns; each, and what it was."""
    parameters = {"show_id": show_id, "booking_id": booking_id, "version": version}
    rows = connection.execute(_UPDATE_FREED, parameters)
    return [(row.seat_number, SeatStatus(row.status)) for row in rows]


def update_hold_extended(
    connection: Connection, *, show_id: int, booking_id: UUID, seats: Sequence[str], hold_expires_at: datetime
) -> None:
    """Move the end of one booking's hold, under that booking's lock; changes no status and no version."""
    parameters = {"show_id": show_id, "booking_id": booking_id, "seats": list(seats)}
    connection.execute(_UPDATE_HOLD_EXTENDED, {**parameters, "hold_expires_at": hold_expires_at})


def select_version(connection: Connection, show_id: int) -> int | None:
    """The committed version of a show's map."""
    version: int | None = connection.execute(_SELECT_VERSION, {"show_id": show_id}).scalar_one_or_none()
    return version


def select_seats(
    connection: Connection, show_id: int, *, after: int, status: str | None, section: str | None, limit: int
) -> list[Row[Any]]:
    """A page of seats in seat order beside the version, of one snapshot; one empty row for none."""
    parameters = {"show_id": show_id, "after": after, "status": status, "section": section, "limit": limit}
    return list(connection.execute(_SELECT_SEATS, parameters))


def select_page_changes(
    connection: Connection, show_id: int, *, first: int, last: int, since: int
) -> list[Row[Any]]:
    """Seats from id `first` to `last` that changed after version `since`, like select_occupied."""
    parameters = {"show_id": show_id, "first": first, "last": last, "since": since}
    return list(connection.execute(_SELECT_PAGE_CHANGES, parameters))


def select_occupied(connection: Connection, show_id: int) -> list[Row[Any]]:
    """Held and booked seats beside the version, of one snapshot; one empty row where there are none."""
    return list(connection.execute(_SELECT_OCCUPIED, {"show_id": show_id}))


def select_free(connection: Connection, show_id: int) -> tuple[int, bytes]:
    """The version, and of that snapshot a byte for each seat in seat order: 1 where it is available."""
    row = connection.execute(_SELECT_FREE, {"show_id": show_id}).one()
    return row.version, row.free.encode().translate(_DIGITS)


def select_changed(connection: Connection, show_id: int, since: int) -> list[Row[Any]]:
    """Seats that changed since a version, all where it is from before a restore; like select_occupied."""
    return list(connection.execute(_SELECT_CHANGED, {"show_id": show_id, "since": since}))


def update_restored(connection: Connection, version: int) -> int:
    """Raise every map's version to at least this one, and invalidate all earlier ones; how many maps."""
    return int(connection.execute(_UPDATE_RESTORED, {"version": version}).rowcount)
