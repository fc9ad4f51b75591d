"""Settling: the one place where seats change hands, a batch of one show's bookings a transaction."""

import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.bookings.rules import Applicant, Award, award_seats
from core.bookings.states import BookingStatus, FailureCode, Wants
from core.bookings.views import Booking
from core.events.models import EventType
from core.events.service import Transition, record_transitions
from core.halls.best import BestSeats
from core.infra.settings import get_settings
from core.maps.cache import mark_changing
from core.seats.queries import SeatWriter, lock_version, select_available, update_version
from core.seats.states import SeatStatus
from core.settling import queries
from core.settling.changes import Changes, to_outcomes
from core.shows.catalogue import get_entry

# Large enough that a batch's fixed cost is spread thin: of a backlog 2,000 at a time cost a fifth less than
# 500. Small enough that its first booking need not wait long for its last: a fifth of a second.
BATCH_SIZE = 2_000
# Of holds that expired fewer, beside the bookings that wait: tens of thousands may at the same moment, and
# who books meanwhile is not to wait for all of them.
EXPIRED_AT_ONCE = 1_000
# And so many seats, of large bookings fewer: no statement comes near its 5 s (core/infra/db.py).
SEATS_AT_ONCE = 10_000
# Seats are chosen in memory while the transaction stands idle, which the server ends after 3 s
# (core/infra/db.py).
# Choosing for hundreds of large groups in a large hall takes longer: what is decided by then is committed.
CHOOSING_SECONDS = 0.5

# A booking is PENDING after it was settled only where its seats are held.
EVENT_OF: Mapping[str, EventType] = {
    BookingStatus.PENDING: EventType.BOOKING_HELD,
    BookingStatus.CONFIRMED: EventType.BOOKING_CONFIRMED,
    BookingStatus.FAILED: EventType.BOOKING_FAILED,
    BookingStatus.CANCELLED: EventType.BOOKING_CANCELLED,
}


class GuardError(Exception):
    """A statement changed another number of rows than was decided: the batch must not be committed."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch came to: the bookings it changed, and the map's version (None: no seat changed)."""

    booking_ids: tuple[UUID, ...]
    version: int | None


def settle_batch(connection: Connection, show_id: int, *, only: UUID | None = None) -> Batch | None:
    """Settle a batch of the show's bookings, or `only` one; None where another worker is at this show.

    First the holds that have expired are released, then what was asked of bookings is done: cancels and
    confirms, and acquisitions in order of arrival. All of it commits or none. Raises GuardError where the
    seats are not as this transaction found them.
    """
    version = lock_version(connection, show_id)
    if version is None:
        return None
    waiting = _fit(queries.lock_waiting(connection, show_id, limit=BATCH_SIZE, only=only))
    # The clock is asked once they are locked: what was asked for is never later than what came of it.
    terms = queries.select_terms(connection, show_id)
    changes = Changes(terms.now)
    if terms.is_cancelled:
        # The next batch finds these waiting.
        queries.update_cancelled_show(connection, show_id, limit=BATCH_SIZE)
    expired = queries.lock_expired(connection, show_id, now=terms.now, limit=EXPIRED_AT_ONCE, only=only)
    for booking in _fit(expired):
        changes.release(booking, BookingStatus.FAILED, FailureCode.HOLD_EXPIRED)
    applicants = _decide_wants(waiting, changes, is_show_cancelled=terms.is_cancelled)
    writer = SeatWriter(connection, show_id=show_id, version=version + 1, now=terms.now)
    # Seats are given back before they are awarded: what this batch releases it can sell.
    _guard(writer.update_released(changes.released), len(changes.released))
    _guard(writer.update_confirmed(changes.confirmed), len(changes.confirmed))
    _decide_awards(connection, applicants, terms, changes)
    _write_taken(writer, changes, hold_seconds=terms.hold_seconds)
    return write_changes(connection, show_id, changes, version=version + 1)


def _fit(bookings: Sequence[Booking]) -> Sequence[Booking]:
    """The first of them, with at most so many seats, and at least one; the others are in the next batch."""
    sums = list(accumulate(booking.quantity or len(booking.seats) for booking in bookings))
    return bookings[: max(1, bisect_right(sums, SEATS_AT_ONCE))]


def write_changes(
    connection: Connection, show_id: int, changes: Changes, *, version: int, keeps_tries: bool = False
) -> Batch:
    """Write the bookings as they will be, their events, and the map's new version where a seat changed.

    With `keeps_tries` they go on telling how often each was tried: they were given up.
    """
    _write_bookings(connection, changes, keeps_tries=keeps_tries)
    if not changes.has_seats:
        return Batch(tuple(b.id for b in changes.settled), None)
    counts = {status.value: changes.counts[status] for status in SeatStatus}
    update_version(connection, show_id, version=version, **counts)
    mark_changing(show_id, version)
    return Batch(tuple(b.id for b in changes.settled), version)


def _decide_wants(waiting: Sequence[Booking], changes: Changes, *, is_show_cancelled: bool) -> list[Booking]:
    """Decide cancels and confirms; what is left are the bookings that want seats."""
    applicants = []
    for booking in waiting:
        if booking.wants == Wants.CANCEL or is_show_cancelled:
            changes.release(booking, BookingStatus.CANCELLED)
        elif booking.wants == Wants.CONFIRM:
            changes.confirm(booking)
        else:
            applicants.append(booking)
    return applicants


def _decide_awards(
    connection: Connection, bookings: Sequence[Booking], terms: Row[Any], changes: Changes
) -> None:
    deadline = timedelta(seconds=get_settings().accept_deadline_seconds)
    in_time = []
    for booking in bookings:
        if booking.created_at + deadline <= terms.now:
            late = Award(failure=FailureCode.TIMED_OUT)
            changes.award(booking, late, hold_seconds=terms.hold_seconds)
        else:
            in_time.append(booking)
    if in_time:
        # Those for whom the time to choose was over have no award, and go on waiting.
        awards = _award(connection, in_time, terms, changes)
        for booking, award in zip(in_time, awards, strict=False):
            changes.award(booking, award, hold_seconds=terms.hold_seconds)


def _award(
    connection: Connection, bookings: Sequence[Booking], terms: Row[Any], changes: Changes
) -> list[Award]:
    show_id, stop_at = bookings[0].show_id, time.monotonic() + CHOOSING_SECONDS
    has_quantity = any(booking.quantity is not None for booking in bookings)
    named = None if has_quantity else sorted({seat for booking in bookings for seat in booking.seats})
    free = select_available(connection, show_id, named)
    owned = {}
    if terms.max_seats_per_customer is not None:
        customers = sorted({booking.customer for booking in bookings if booking.customer is not None})
        released = [booking_id for _, booking_id in changes.released]
        owned = queries.select_owned(connection, show_id, customers=customers, released=released)
    return award_seats(
        [Applicant(b.seats, b.quantity, b.section, b.customer) for b in bookings],
        free=free,
        best=BestSeats(get_entry(show_id).hall, free) if has_quantity else None,
        owned=owned,
        customer_limit=terms.max_seats_per_customer,
        is_over=lambda: time.monotonic() > stop_at,
    )


def _write_taken(writer: SeatWriter, changes: Changes, *, hold_seconds: int) -> None:
    expires_at = changes.now + timedelta(seconds=hold_seconds)
    _guard(writer.update_held(changes.held, hold_expires_at=expires_at), len(changes.held))
    _guard(writer.update_booked(changes.booked), len(changes.booked))


def _write_bookings(connection: Connection, changes: Changes, *, keeps_tries: bool) -> None:
    if not changes.settled:
        return
    outcomes = to_outcomes(changes.settled)
    written = queries.update_settled(connection, outcomes, now=changes.now, keeps_tries=keeps_tries)
    _guard(written, len(changes.settled))
    transitions = [Transition(EVENT_OF[b.status], b.id, b.to_document()) for b in changes.settled]
    record_transitions(connection, transitions, now=changes.now)


def _guard(changed: int, decided: int) -> None:
    if changed != decided:
        raise GuardError(f"{changed} rows changed where {decided} were decided")
