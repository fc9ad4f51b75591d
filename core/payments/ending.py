"""Payments of bookings that end: what was paid goes back, what is still offered is closed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from core.bookings.states import BookingStatus
from core.bookings.views import Booking
from core.payments.ending_queries import update_ended
from core.payments.states import PaymentStatus

_ENDED = frozenset({BookingStatus.FAILED, BookingStatus.CANCELLED})
_OPEN = frozenset({PaymentStatus.PENDING, PaymentStatus.SUCCEEDED})


def end_payments(
    connection: Connection, show_id: int, bookings: Sequence[Booking], *, now: datetime
) -> list[Booking]:
    """The bookings of a batch of settling, of which those that end owe their buyers what was paid.

    In the transaction that ends them. Their payments are due: have them settled after the commit.
    """
    ended = [each for each in bookings if owes(each)]
    cancelled = [each.id for each in ended if each.status == BookingStatus.CANCELLED]
    shown = update_ended(connection, show_id, [each.id for each in ended], cancelled=cancelled, now=now)
    return [each._replace(payment=shown.get(each.id, each.payment)) for each in bookings]


def owes(booking: Booking) -> bool:
    """Whether a booking has ended with a payment that is offered, or paid."""
    return booking.payment is not None and booking.status in _ENDED and booking.payment["status"] in _OPEN
