"""What a batch adds to the metrics, once it is committed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from core.bookings.states import BookingStatus, FailureCode
from core.bookings.views import Booking
from core.infra.metrics import BATCH_BOOKINGS, BATCH_SECONDS, HOLDS_EXPIRED, SETTLED, SETTLED_SECONDS

# A booking is PENDING after it was settled only where its seats are held.
OUTCOME_OF = {
    BookingStatus.PENDING: "held",
    BookingStatus.CONFIRMED: "confirmed",
    BookingStatus.FAILED: "failed",
    BookingStatus.CANCELLED: "cancelled",
}


def count_batch(settled: Sequence[Booking], *, now: datetime, seconds: float) -> None:
    """Count a batch of these bookings, settled at `now`, whose transaction took so many seconds."""
    BATCH_BOOKINGS.observe(len(settled))
    BATCH_SECONDS.observe(seconds)
    outcomes = Counter((booking.status, booking.failure_code) for booking in settled)
    for (status, failure), number in outcomes.items():
        SETTLED.labels(OUTCOME_OF[BookingStatus(status)], failure or "").inc(number)
    HOLDS_EXPIRED.inc(outcomes[BookingStatus.FAILED, FailureCode.HOLD_EXPIRED])
    for booking in settled:
        if _has_acquired(booking):
            SETTLED_SECONDS.observe((now - booking.created_at).total_seconds())


def _has_acquired(booking: Booking) -> bool:
    """Whether this was the outcome of the booking itself, and not of its confirm, cancel or expiry."""
    if booking.status == BookingStatus.CONFIRMED:
        return not booking.hold
    if booking.status == BookingStatus.FAILED:
        return booking.failure_code != FailureCode.HOLD_EXPIRED
    return booking.status == BookingStatus.PENDING
