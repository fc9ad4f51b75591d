"""What a batch is in the traces of the requests that it settled."""

from collections.abc import Sequence

from core.bookings.states import BookingStatus
from core.bookings.views import Booking
from core.infra import tracing
from core.infra.tracing import TRACEPARENT, Deferred
from core.settling.counting import OUTCOME_OF


def trace_batch(deferred: Deferred, show_id: int, settled: Sequence[Booking]) -> None:
    """Tell of a batch that is committed: a span of its own, and one in the trace of each sampled request."""
    traced = [(booking, booking.trace) for booking in settled if booking.trace]
    about = {"seatline.show_id": show_id, "seatline.bookings": len(settled)}
    batch = deferred.tell("settle batch", [trace for _, trace in traced], about)
    for booking, trace in traced:
        # The booking's id is left out: it is the key to the booking.
        outcome = {"seatline.outcome": OUTCOME_OF[BookingStatus(booking.status)]}
        if booking.failure_code:
            outcome["seatline.failure"] = booking.failure_code
        span = tracing.start_from(
            {TRACEPARENT: trace},
            "settle booking",
            "CONSUMER",
            links=[batch] if batch else (),
            attributes=outcome,
            began=deferred.began,
        )
        tracing.end_span(span)
