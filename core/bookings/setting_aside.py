"""Setting aside: a booking at which settling keeps failing ends, so that the rest of its show goes on."""

import logging
from uuid import UUID

from sqlalchemy.engine import Connection

from core.bookings import settling_queries as queries
from core.bookings.changes import Changes
from core.bookings.settling import Batch, write_changes
from core.bookings.states import BookingStatus, FailureCode, Wants
from core.seats.queries import lock_version, update_freed

log = logging.getLogger(__name__)

# Once may be chance; what fails three times over, alone in its batch, will fail a fourth time.
TRIES = 3


def set_aside(connection: Connection, show_id: int, *, only: UUID) -> Batch | None:
    """End a booking that cannot be settled, and free what it owns; None where another is at this show.

    What it wanted decides how it ends: a cancel is done, a hold that ran out has expired, all else FAILED as
    `timed_out`.
    """
    version = lock_version(connection, show_id)
    if version is None:
        return None
    booking = queries.lock_only(connection, only)
    changes = Changes(queries.select_terms(connection, show_id).now)
    freed = update_freed(connection, show_id, booking_id=only, version=version + 1)
    if booking.wants == Wants.CANCEL:
        changes.give_up(booking, BookingStatus.CANCELLED, None, freed=freed)
    elif booking.wants is None:
        changes.give_up(booking, BookingStatus.FAILED, FailureCode.HOLD_EXPIRED, freed=freed)
    else:
        changes.give_up(booking, BookingStatus.FAILED, FailureCode.TIMED_OUT, freed=freed)
    log.error("booking set aside", extra={"booking_id": str(only), "show_id": show_id})
    return write_changes(connection, show_id, changes, version=version + 1)
