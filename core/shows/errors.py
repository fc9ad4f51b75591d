"""What can go wrong with a show."""

from core.errors import SeatlineError


class ShowNotFoundError(SeatlineError):
    """There is no show of this id."""

    code = "show_not_found"
    title = "There is no such show"
    advice = "Take the id from GET /shows."

    def __init__(self, show_id: object) -> None:
        super().__init__(f"There is no show {show_id}.", pointer="/show_id")


class ShowCancelledError(SeatlineError):
    """The show was cancelled and takes nothing any more."""

    code = "show_cancelled"
    title = "The show is cancelled"
    advice = "Offer another show; this one's bookings are cancelled without being asked."


class SalesNotOpenError(SeatlineError):
    """The show's sales have not begun."""

    code = "sales_not_open"
    title = "Sales have not opened yet"
    advice = "Ask again from the show's sales_open_at on."


class SalesClosedError(SeatlineError):
    """The show's sales are over."""

    code = "sales_closed"
    title = "Sales are closed"
    advice = "Offer another show; what was accepted before is settled all the same."


class ShowHasBookingsError(SeatlineError):
    """A booking of the show is live, and goes by what was to be changed."""

    code = "show_has_bookings"
    title = "The show has bookings"
    advice = "Change currency and payment_required while no booking of the show is PENDING or CONFIRMED."
