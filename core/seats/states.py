"""The states of a seat, each with what it means."""

from enum import StrEnum


class SeatStatus(StrEnum):
    """What a seat is; the show's settling alone changes it."""

    AVAILABLE = "available"  # nobody's
    HELD = "held"  # a booking's until hold_expires_at, unless it is confirmed before
    BOOKED = "booked"  # a CONFIRMED booking's
