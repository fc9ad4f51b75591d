"""What can go wrong with seats asked for."""

from core.errors import SeatlineError


class UnknownSeatsError(SeatlineError):
    """Some of the seats are not in the hall."""

    code = "unknown_seats"
    title = "There are no such seats"
    advice = "Take seat numbers from the show's layout; errors points at those that are not in it."


class DuplicateSeatsError(SeatlineError):
    """A seat is named twice."""

    code = "duplicate_seats"
    title = "A seat is named twice"
    advice = "Name each seat once."


class TooManySeatsError(SeatlineError):
    """More seats than the show allows in one booking."""

    code = "too_many_seats"
    title = "Too many seats"
    advice = "Ask for at most the show's max_seats_per_booking."
