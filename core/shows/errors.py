"""What can go wrong with a show."""

from core.errors import SeatlineError


class ShowNotFoundError(SeatlineError):
    """There is no show of this id."""

    code = "show_not_found"
    title = "There is no such show"

    def __init__(self, show_id: object) -> None:
        super().__init__(f"There is no show {show_id}.", pointer="/show_id")


class ShowCancelledError(SeatlineError):
    """The show was cancelled and takes nothing any more."""

    code = "show_cancelled"
    title = "The show is cancelled"


class SalesNotOpenError(SeatlineError):
    """The show's sales have not begun."""

    code = "sales_not_open"
    title = "Sales have not opened yet"


class SalesClosedError(SeatlineError):
    """The show's sales are over."""

    code = "sales_closed"
    title = "Sales are closed"
