"""What can go wrong with a booking."""

from core.errors import SeatlineError, UnavailableError


class BookingNotFoundError(SeatlineError):
    """There is no booking of this id."""

    code = "booking_not_found"
    title = "There is no such booking"
    advice = "Take the id from the answer by which the booking was accepted."

    def __init__(self, booking_id: object) -> None:
        super().__init__(f"There is no booking {booking_id}.")


class TicketNotFoundError(SeatlineError):
    """There is no CONFIRMED booking with this ticket code."""

    code = "not_found"
    title = "There is nothing here"


class NotHeldError(SeatlineError):
    """The booking's seats are not held yet."""

    code = "not_held"
    title = "The seats are not held"
    advice = "Read the booking with ?wait=10, and ask again once held is true."


class HoldExpiredError(SeatlineError):
    """The hold's time is over."""

    code = "hold_expired"
    title = "The hold has expired"
    advice = "Ask for the seats again, by a new booking with a new Idempotency-Key."


class AlreadySettledError(SeatlineError):
    """The booking has come to an end, or is about to, that leaves no room for this."""

    code = "already_settled"
    title = "The booking is already settled"
    advice = "Read the booking: status and wants tell what became of it."


class NotCancellableError(SeatlineError):
    """The time until which the show's sold seats can be given back is over."""

    code = "not_cancellable"
    title = "It is too late to cancel this booking"
    advice = "Leave it to the box office, whose key cancels it all the same."


class HoldRequiredError(SeatlineError):
    """The show wants payment, so its bookings must be holds."""

    code = "hold_required"
    title = "A hold is required"
    advice = 'Ask for a hold: send "hold": true.'


class PaymentRequiredError(SeatlineError):
    """The show wants payment, and this booking is not paid."""

    code = "payment_required"
    title = "Payment is required"
    advice = "Pay for the booking: that confirms it."


class IdempotencyKeyReusedError(SeatlineError):
    """The key was used before, for something else."""

    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another request"
    advice = "Send the body that came with the key before, or take a new key for a new request."


class BookingLockedError(UnavailableError):
    """Another transaction is changing the booking: ask again in a moment (`insist` in acting.py)."""
