"""Decisions about shows, without I/O."""

from datetime import datetime
from enum import StrEnum

from core.errors import InvalidRequestError


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
