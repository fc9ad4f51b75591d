"""The states of a payment and of a refund, each with what it means."""

from enum import StrEnum


class PaymentStatus(StrEnum):
    """What became of a payment."""

    PENDING = "pending"  # it is offered, and nobody has paid yet
    SUCCEEDED = "succeeded"  # paid; some of it may have been given back
    FAILED = "failed"  # declined, or closed unpaid
    REFUND_PENDING = "refund_pending"  # all of it is to be given back
    REFUNDED = "refunded"  # all of it was given back


class RefundReason(StrEnum):
    """Why money is given back."""

    CANCELLED = "cancelled"  # its booking was cancelled, alone or with its show
    TOO_LATE = "too_late"  # its seats were gone when it was paid
    SPARE = "spare"  # another payment had paid its booking already
    MISMATCH = "mismatch"  # what was paid is not what was asked, or for another booking
    OPERATOR = "operator"  # an operator asked for it


class Method(StrEnum):
    """How a buyer pays."""

    CHECKOUT = "checkout"  # on a page of the provider's: `checkout_url`
    ELEMENTS = "elements"  # on a page of the seller's own, by the provider's script: `client_secret`
