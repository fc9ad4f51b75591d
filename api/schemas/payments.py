"""Requests and answers about payments."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.bookings import Payment
from api.schemas.fields import Amount, BookingId, Count, CreatedAt, Cursor, Next, ShowId
from api.schemas.types import MAX_PRICE, WHOLE_NUMBER, AnswerModel, OptionalBody, QueryModel, Time
from core.halls.limits import MAX_SEATS
from core.payments.listing import DIFFERS
from core.payments.states import Method, PaymentStatus, RefundReason
from core.texts import TEXT

ReturnUrl = Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s/?#]+[^\s]*$"), TEXT]
# It comes as text, which a strict model does not take for one.
PaymentMethod = Annotated[Method, Field(strict=False)]


class PaymentChoice(StrEnum):
    """Payments of a status, or those that the provider has otherwise."""

    PENDING = PaymentStatus.PENDING
    SUCCEEDED = PaymentStatus.SUCCEEDED
    FAILED = PaymentStatus.FAILED
    REFUND_PENDING = PaymentStatus.REFUND_PENDING
    REFUNDED = PaymentStatus.REFUNDED
    DIFFERS = DIFFERS


class PaymentRequest(OptionalBody):
    """How a booking is to be paid."""

    method: PaymentMethod = Field(
        default=Method.CHECKOUT,
        description="`checkout`: on a page of the provider's, `checkout_url`; `elements`: on a page of your"
        " own, by the provider's script and `client_secret`, where the provider has one",
    )
    return_url: ReturnUrl | None = Field(
        default=None,
        description="where the provider's page leads back to; null: to the booking",
    )


class PaymentOffer(Payment):
    """A payment, and how its buyer gets there."""

    checkout_url: str | None = Field(
        description="the page to pay on; null: with another `method` there is none"
    )
    client_secret: str | None = Field(description="what the provider's script pays by; null: there is none")


class PaymentList(AnswerModel):
    """All payments of a booking, those that failed too."""

    items: list[Payment] = Field(description="the payments, the oldest first")


class RefundRequest(OptionalBody):
    """How much is to be given back."""

    amount: Annotated[int, Field(ge=1, le=MAX_PRICE * MAX_SEATS)] | None = Field(
        default=None,
        description="in minor units of the currency; null: all that is left",
    )


class RefundAnswer(AnswerModel):
    """Some of a payment that goes back."""

    amount: Amount = Field(description="how much, in minor units of the currency")
    reason: RefundReason = Field(description="why")
    created_at: CreatedAt
    taken_at: Time | None = Field(description="when the provider took it; null: it is tried again and again")
    tries: Count = Field(description="how often the provider was asked")
    error: str | None = Field(description="what the provider said last; null: nothing is wrong")


class AdminPayment(Payment):
    """A payment as operators see it."""

    booking_id: BookingId
    show_id: ShowId | None = Field(description="its show; null: there is no such payment here")
    provider_id: str | None = Field(description="the provider's own id of it; null: it has none yet")
    paid_amount: Amount = Field(description="what came in")
    refunds: list[RefundAnswer] = Field(description="what goes back of it, the oldest first")
    difference: str | None = Field(
        description="what the provider has otherwise, in words; null where that was not asked for"
    )
    created_at: Time | None = Field(description="when it was offered; null: there is no such payment here")
    updated_at: Time | None = Field(description="when it changed last; null likewise")


class AdminPaymentPage(AnswerModel):
    """A page of payments, the newest first."""

    items: list[AdminPayment] = Field(description="the payments")
    next: Next


class PaymentsQuery(QueryModel):
    """Which payments an operator wants to see."""

    status: Annotated[PaymentChoice, Field(strict=False)] | None = Field(
        default=None,
        description="payments of this status; `differs`: those that the provider has otherwise, as compared"
        " once a day",
    )
    limit: Annotated[int, Field(ge=1, le=200, description="payments a page"), WHOLE_NUMBER] = 50
    cursor: Cursor = None


class NoticeAnswer(AnswerModel):
    """A webhook that was taken."""

    received: Literal[True] = Field(description="it is recorded, now or before")
