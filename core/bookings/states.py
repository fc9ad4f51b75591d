"""The states of a booking, each with what it means."""

from enum import StrEnum


class BookingStatus(StrEnum):
    """What became of a booking."""

    PENDING = "PENDING"  # waits to be settled, or holds its seats
    CONFIRMED = "CONFIRMED"  # owns all of its seats
    FAILED = "FAILED"  # owns none; `failure` says why
    CANCELLED = "CANCELLED"  # owns none; cancelled by its customer or with its show


class Wants(StrEnum):
    """What a booking waits for a worker to do."""

    ACQUIRE = "acquire"  # get its seats, all or none
    CONFIRM = "confirm"  # make its hold a sale
    CANCEL = "cancel"  # give back what it has


class FailureCode(StrEnum):
    """Why a booking FAILED."""

    SEATS_UNAVAILABLE = "seats_unavailable"  # another booking owns one of its seats
    NOT_ENOUGH_SEATS = "not_enough_seats"  # fewer are free than it asked for
    HOLD_EXPIRED = "hold_expired"  # nobody confirmed its hold in time
    CUSTOMER_LIMIT = "customer_limit"  # its customer would own more seats than the show allows
    CLIENT_LIMIT = "client_limit"  # its client would hold more seats unconfirmed than the show allows
    SALES_CLOSED = "sales_closed"  # sales ended before it could be taken up
    PAYMENT_FAILED = "payment_failed"  # its payment failed for good
    TIMED_OUT = "timed_out"  # no worker got to it before the deadline
