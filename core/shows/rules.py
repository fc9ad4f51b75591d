"""Decisions about shows, without I/O."""

from datetime import datetime
from enum import StrEnum

from core.errors import InvalidRequestError, SeatlineError
from core.shows.errors import SalesClosedError, SalesNotOpenError, ShowCancelledError


class ShowStatus(StrEnum):
    """Whether a show sells; follows from its times and the database's clock (see SHOW_STATUS in queries)."""

    SCHEDULED = "scheduled"  # sales open later
    ON_SALE = "on_sale"  # bookings are taken
    CLOSED = "closed"  # sales are over
    CANCELLED = "cancelled"  # called off; its bookings are being, or have been, cancelled


def check_sales_window(
    *, start_time: datetime, sales_open_at: datetime | None, sales_close_at: datetime | None
) -> None:
    """Raise InvalidRequestError where sales would close before, or as, they open."""
    if sales_open_at is not None and sales_open_at >= (sales_close_at or start_time):
        raise InvalidRequestError(
            "Sales must open before they close (without sales_close_at they close at start_time).",
            pointer="/sales_open_at",
        )


def find_sales_refusal(status: str) -> SeatlineError | None:
    """Why a show of this status takes no booking, or None where it takes them."""
    match ShowStatus(status):
        case ShowStatus.CANCELLED:
            return ShowCancelledError("The show is cancelled.")
        case ShowStatus.SCHEDULED:
            return SalesNotOpenError("Sales for this show have not opened yet.")
        case ShowStatus.CLOSED:
            return SalesClosedError("Sales for this show are closed.")
        case ShowStatus.ON_SALE:
            return None
