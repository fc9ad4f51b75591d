"""Quarantine: ends a booking that settling keeps failing at; a confirm, a promise, waits instead."""

import logging
from uuid import UUID

from core.bookings.states import BookingStatus, FailureCode, Wants
from core.infra.brief import BriefTransaction
from core.seats.queries import update_freed
from core.settling.batch import Batch, settle_batch, write_changes
from core.settling.batch_queries import lock_work
from core.settling.changes import Changes

log = logging.getLogger(__name__)

# Once may be chance; what fails three times over, alone in its batch, will fail a fourth time.
TRIES = 3


def quarantine(transaction: BriefTransaction, show_id: int, *, only: UUID) -> Batch | None:
    """End a booking that cannot be settled, and free what it owns; None where another is at this show.

    What it wanted decides how it ends: a cancel is done, a hold that expired has expired, an acquisition is
    FAILED as `timed_out`. A confirm was accepted in time and keeps its seats: it is tried once more, and
    stays as it is where that fails too. Nothing is done where the booking waits for nothing any more: who
    found it waiting had no lock yet.
    """
    work = lock_work(transaction, show_id, limit=1, expired_limit=1, only=only)
    if work is None:
        return None
    waiting = work.waiting or work.expired
    if not waiting:
        return Batch((), None)
    if waiting[0].wants == Wants.CONFIRM:
        log.error(
            "confirm tried again, and not given up", extra={"booking_id": str(only), "show_id": show_id}
        )
        return settle_batch(transaction, show_id, only=only)
    freed = update_freed(transaction.connection, show_id, booking_id=only, version=work.terms.version + 1)
    changes = Changes(work.terms.now)
    changes.give_up(waiting[0], *_find_end(waiting[0].wants), freed=freed)
    log.error("booking quarantined", extra={"booking_id": str(only), "show_id": show_id})
    return write_changes(transaction, show_id, work.terms, changes, is_small=True, keeps_tries=True)


def _find_end(wants: str | None) -> tuple[BookingStatus, FailureCode | None]:
    if wants == Wants.CANCEL:
        return BookingStatus.CANCELLED, None
    return BookingStatus.FAILED, FailureCode.TIMED_OUT if wants else FailureCode.HOLD_EXPIRED
