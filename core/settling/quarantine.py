"""Quarantine: ends a booking that settling keeps failing at; a confirm, a promise, waits instead."""

import logging
from uuid import UUID

from sqlalchemy.engine import Connection

from core.bookings.states import BookingStatus, FailureCode, Wants
from core.seats.queries import lock_version, update_freed
from core.settling import queries
from core.settling.batch import Batch, settle_batch, write_changes
from core.settling.changes import Changes

log = logging.getLogger(__name__)

# Once may be chance; what fails three times over, alone in its batch, will fail a fourth time.
TRIES = 3


def quarantine(connection: Connection, show_id: int, *, only: UUID) -> Batch | None:
    """End a booking that cannot be settled, and free what it owns; None where another is at this show.

    What it wanted decides how it ends: a cancel is done, a hold that expired has expired, an acquisition is
    FAILED as `timed_out`. A confirm was accepted in time and keeps its seats: it is tried once more, and
    stays as it is where that fails too. Nothing is done where the booking waits for nothing any more: who
    found it waiting had no lock yet.
    """
    version = lock_version(connection, show_id)
    if version is None:
        return None
    waiting = queries.lock_waiting(connection, show_id, limit=1, only=only)
    changes = Changes(queries.select_terms(connection, show_id).now)
    waiting = waiting or queries.lock_expired(connection, show_id, now=changes.now, limit=1, only=only)
    if not waiting:
        return Batch((), None)
    if waiting[0].wants == Wants.CONFIRM:
        log.error(
            "confirm tried again, and not given up", extra={"booking_id": str(only), "show_id": show_id}
        )
        return settle_batch(connection, show_id, only=only)
    freed = update_freed(connection, show_id, booking_id=only, version=version + 1)
    changes.give_up(waiting[0], *_find_end(waiting[0].wants), freed=freed)
    log.error("booking quarantined", extra={"booking_id": str(only), "show_id": show_id})
    return write_changes(connection, show_id, changes, version=version + 1, keeps_tries=True)


def _find_end(wants: str | None) -> tuple[BookingStatus, FailureCode | None]:
    if wants == Wants.CANCEL:
        return BookingStatus.CANCELLED, None
    return BookingStatus.FAILED, FailureCode.TIMED_OUT if wants else FailureCode.HOLD_EXPIRED
