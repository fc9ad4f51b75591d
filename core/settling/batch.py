"""Settling: the one place where seats change hands, a batch of one show's bookings a transaction."""

import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from core.bookings.announcements import encode
from core.bookings.rules import Applicant, Award, Limit, award_seats, limit_customers, limit_holders
from core.bookings.states import BookingStatus, FailureCode, Wants
from core.bookings.views import Booking
from core.events.models import EventType
from core.events.service import Transition, to_events
from core.halls.best import BestSeats
from core.infra.brief import BriefTransaction, to_array
from core.infra.json import to_json, to_json_text
from core.infra.settings import get_settings
from core.infra.slot_groups import of_show
from core.infra.slots import to_slot
from core.maps.cache import mark_changing
from core.payments.ending import end_payments, owes
from core.seats.queries import select_available, to_move_parameters
from core.seats.states import SeatStatus
from core.settling import batch_queries as queries
from core.settling.batch_queries import Terms, Work
from core.settling.changes import Changes, to_outcomes
from core.shows.catalogue import get_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a batch."""

    # Large enough that a batch's fixed cost is spread thin: of a backlog 2,000 at a time cost a fifth less
    # than 500. Small enough that its first booking need not wait long for its last: a fifth of a second.
    bookings: int = 2_000
    # Of holds that expired fewer, beside the bookings that wait: tens of thousands may at the same moment,
    # and who books meanwhile is not to wait for all of them.
    expired: int = 1_000
    # And so many seats, of large bookings fewer: no statement comes near its 5 s (core/infra/db.py).
    seats: int = 10_000
    # Up to so many bookings and seats together a batch is settled by kept plans, and written in one message
    # with its COMMIT: half of what a batch of one takes is planning. For more rows the planning pays.
    small: int = 256
    # Seats are chosen in memory while the transaction stands idle, which the server ends after 3 s
    # (core/infra/db.py). Choosing for hundreds of large groups in a large hall takes longer: what is decided
    # by then is committed.
    choosing_seconds: float = 0.5


LIMITS = Limits()

# A booking is PENDING after it was settled only where its seats are held.
EVENT_OF: Mapping[str, EventType] = {
    BookingStatus.PENDING: EventType.BOOKING_HELD,
    BookingStatus.CONFIRMED: EventType.BOOKING_CONFIRMED,
    BookingStatus.FAILED: EventType.BOOKING_FAILED,
    BookingStatus.CANCELLED: EventType.BOOKING_CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch came to: the bookings it changed, as they are now, and the map's version (None: no seat
    changed).
    """

    settled: Sequence[Booking]
    version: int | None
    # When it was, by the database's clock; None: it changed nothing.
    now: datetime | None = None
    # Whether a payment is due, to be given back or closed.
    has_payments: bool = False
    # What is to be told of them after the commit (core/bookings/announcements.py).
    announcement: bytes = b""

    @property
    def booking_ids(self) -> tuple[UUID, ...]:
        """The bookings that it changed."""
        return tuple(booking.id for booking in self.settled)


def settle_batch(
    transaction: BriefTransaction, show_id: int, *, only: UUID | None = None, limits: Limits = LIMITS
) -> Batch | None:
    """Settle a batch of the show's bookings, or `only` one; None where another worker is at this show.

    First the holds that have expired are released, then what was asked of bookings is done: cancels and
    confirms, and acquisitions in order of arrival. All of it commits or none: with the last statement, or as
    the transaction ends. Raises GuardError where the seats are not as this transaction found them.
    """
    work = queries.lock_work(
        transaction, show_id, limit=limits.bookings, expired_limit=limits.expired, only=only
    )
    if work is None:
        return None
    terms, waiting, expired = work.terms, _fit(work.waiting, limits), _fit(work.expired, limits)
    is_small = _count_rows(waiting) + _count_rows(expired) <= limits.small
    if not is_small:
        transaction.plan_anew()
    if terms.is_cancelled:
        # The next batch finds these waiting.
        queries.update_cancelled_show(transaction.connection, show_id, limit=limits.bookings)
    changes = Changes(terms.now)
    for booking in expired:
        changes.release(booking, BookingStatus.FAILED, FailureCode.HOLD_EXPIRED)
    applicants = _decide_wants(waiting, changes, is_show_cancelled=terms.is_cancelled)
    _decide_awards(transaction, applicants, work, changes, limits)
    return write_changes(transaction, show_id, terms, changes, is_small=is_small)


def _fit(bookings: Sequence[Booking], limits: Limits) -> Sequence[Booking]:
    """The first of them, with at most so many seats, and at least one; the others are in the next batch."""
    sums = list(accumulate(booking.quantity or len(booking.seats) for booking in bookings))
    return bookings[: max(1, bisect_right(sums, limits.seats))]


def _count_rows(bookings: Sequence[Booking]) -> int:
    return sum(1 + (booking.quantity or len(booking.seats)) for booking in bookings)


def write_changes(
    transaction: BriefTransaction,
    show_id: int,
    terms: Terms,
    changes: Changes,
    *,
    is_small: bool,
    keeps_tries: bool = False,
) -> Batch:
    """Write the bookings as they will be, their events, and the map's new version where a seat changed.

    With `keeps_tries` they go on telling how often each was tried: they were given up.
    """
    if not changes.settled:
        return Batch((), None)
    has_payments = any(map(owes, changes.settled))
    if has_payments:
        changes.settled = end_payments(transaction.connection, show_id, changes.settled, now=terms.now)
    version = terms.version + 1
    documents = [to_json(booking.to_document()) for booking in changes.settled]
    parameters = _to_parameters(show_id, terms, changes, documents) | {"keeps_tries": keeps_tries}
    # Readers ask the database while a version is marked: not for the tenth of a second that many rows take.
    if not is_small:
        queries.write_batch(transaction, parameters, commits=False)
    if changes.has_seats:
        mark_changing(show_id, version)
    if is_small:
        queries.write_batch(transaction, parameters, commits=True)
    return Batch(
        changes.settled,
        version if changes.has_seats else None,
        terms.now,
        has_payments,
        encode(list(zip(changes.settled, documents, strict=True))),
    )


def _to_parameters(
    show_id: int, terms: Terms, changes: Changes, documents: Sequence[bytes]
) -> dict[str, Any]:
    transitions = [
        Transition(EVENT_OF[booking.status], booking.id, document, booking.trace)
        for booking, document in zip(changes.settled, documents, strict=True)
        if booking.id not in changes.unchanged
    ]
    return {
        **of_show(show_id),
        "version": terms.version + changes.has_seats,
        "now": terms.now,
        "hold_expires_at": terms.now + timedelta(seconds=terms.hold_seconds),
        **to_move_parameters(changes.moves),
        "seats_decided": changes.moves_decided,
        "outcomes": to_json_text(to_outcomes(changes.settled)),
        "ids": to_array([booking.id for booking in changes.settled]),
        "bookings_decided": len(changes.settled),
        "events": to_json_text(to_events(transitions, slot=to_slot(show_id))),
        **{status.value: changes.counts[status] for status in SeatStatus},
    }


def _decide_wants(waiting: Sequence[Booking], changes: Changes, *, is_show_cancelled: bool) -> list[Booking]:
    """Decide cancels and confirms; what is left are the bookings that want seats."""
    applicants = []
    for booking in waiting:
        is_late = booking.status == BookingStatus.FAILED
        if is_late and is_show_cancelled:
            changes.stay_failed(booking)
        elif booking.wants == Wants.CANCEL or is_show_cancelled:
            changes.release(booking, BookingStatus.CANCELLED)
        elif booking.wants == Wants.CONFIRM and not is_late:
            changes.confirm(booking)
        else:
            applicants.append(booking)
    return applicants


def _decide_awards(
    transaction: BriefTransaction,
    bookings: Sequence[Booking],
    work: Work,
    changes: Changes,
    limits: Limits,
) -> None:
    terms = work.terms
    deadline = timedelta(seconds=get_settings().accept_deadline_seconds)
    in_time = []
    for booking in bookings:
        if booking.wants == Wants.ACQUIRE and booking.created_at + deadline <= terms.now:
            late = Award(failure=FailureCode.TIMED_OUT)
            changes.award(booking, late, hold_seconds=terms.hold_seconds)
        else:
            in_time.append(booking)
    if in_time:
        # Those for whom the time to choose was over have no award, and go on waiting.
        awards = _award(transaction, in_time, work, changes, limits)
        for booking, award in zip(in_time, awards, strict=False):
            changes.award(booking, award, hold_seconds=terms.hold_seconds)


def _award(
    transaction: BriefTransaction,
    bookings: Sequence[Booking],
    work: Work,
    changes: Changes,
    limits: Limits,
) -> list[Award]:
    show_id, stop_at = bookings[0].show_id, time.monotonic() + limits.choosing_seconds
    applicants = [_to_applicant(booking) for booking in bookings]
    has_quantity = any(each.quantity is not None for each in applicants)
    if work.free is not None:
        free = set(work.free)
    else:
        named = None if has_quantity else sorted({seat for each in applicants for seat in each.seats})
        free = select_available(transaction, show_id, named)
    # A batch can sell the seats that it releases.
    free |= changes.released.keys()
    return award_seats(
        applicants,
        free=free,
        best=BestSeats(get_entry(show_id).hall, free) if has_quantity else None,
        limits=_find_limits(transaction, show_id, applicants, work.terms, changes),
        is_over=lambda: time.monotonic() > stop_at,
    )


def _to_applicant(booking: Booking) -> Applicant:
    if booking.status == BookingStatus.FAILED:
        # It was paid too late: it had its seats within all limits, and gets the very same or none.
        return Applicant(booking.seats, None, None, None, None)
    holder = booking.client if booking.hold else None
    return Applicant(booking.seats, booking.quantity, booking.section, booking.customer, holder)


def _find_limits(
    transaction: BriefTransaction,
    show_id: int,
    applicants: Sequence[Applicant],
    terms: Terms,
    changes: Changes,
) -> list[Limit]:
    """The show's limits, with what counts against them once the batch's other changes are made."""
    limits = []
    if terms.max_seats_per_customer is not None:
        customers = sorted({each.customer for each in applicants if each.customer is not None})
        released = set(changes.released.values())
        owned = queries.select_owned(transaction.connection, show_id, customers=customers, released=released)
        limits.append(limit_customers(terms.max_seats_per_customer, owned))
    holders = sorted({each.holder for each in applicants if each.holder is not None})
    if terms.max_held_seats_per_client is not None and holders:
        held = queries.select_held(transaction, show_id, holders)
        left = {client: seats - changes.unheld[client] for client, seats in held.items()}
        limits.append(limit_holders(terms.max_held_seats_per_client, left))
    return limits
