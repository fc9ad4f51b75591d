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


def check_client_limit(most_held: int | None, *, per_booking: int, pointer: str) -> None:
    """Raise InvalidRequestError where a client may hold fewer seats than one booking may have."""
    if most_held is not None and most_held < per_booking:
        raise InvalidRequestError(
            f"max_held_seats_per_client ({most_held}) must not be below max_seats_per_booking "
            f"({per_booking}); null is no limit.",
            pointer=pointer,
        )


def check_sales_window(
    *, start_time: datetime, sales_open_at: datetime | None, sales_close_at: datetime | None
) -> None:
    """Raise InvalidRequestError where sales would close before, or as, they open."""
    if sales_open_at is not None and sales_open_at >= (sales_close_at or start_time):
        raise InvalidRequestError(
            "Sales must open before they close (without sales_close_at they close at start_time).",
            pointer="/sales_open_at",
        )
