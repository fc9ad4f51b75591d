"""Requests and answers about bookings."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from api.schemas.fields import (
    Amount,
    BookingId,
    CurrencyCode,
    Cursor,
    Next,
    SeatNumbers,
    ShowId,
)
from api.schemas.types import (
    DECIMAL_NUMBER,
    WHOLE_NUMBER,
    AnswerModel,
    Customer,
    QueryModel,
    RequestModel,
    SeatNumber,
    SectionName,
    Time,
    leave_out,
)
from core.bookings.requests import NewBooking, Origin
from core.bookings.states import BookingStatus, FailureCode, Wants
from core.halls.build import MAX_SEATS

LONGEST_WAIT_SECONDS = 25
MAX_BATCH = 100
MAX_IDS = 100


class BookingRequest(RequestModel):
    """Seats by their numbers, or a quantity of the best free ones."""

    show_id: ShowId
    seats: list[SeatNumber] | None = Field(
        default=None, min_length=1, description="the seats' numbers; else give `quantity`"
    )
    quantity: int | None = Field(
        default=None, ge=1, le=MAX_SEATS, description="so many of the best free seats; else give `seats`"
    )
    section: SectionName | None = Field(
        default=None, description="with `quantity`: the seats are of this section"
    )
    hold: bool = Field(default=False, description="hold the seats until they are confirmed")
    customer: Customer | None = Field(
        default=None,
        description="any id of yours, which the show's `max_seats_per_customer` goes by",
    )

    @model_validator(mode="after")
    def _ask_in_one_way(self) -> Self:
        if (self.seats is None) == (self.quantity is None):
            raise ValueError("give either seats or quantity")
        if self.section is not None and self.quantity is None:
            raise ValueError("section goes with quantity")
        return self

    def to_new(self, origin: Origin) -> NewBooking:
        """The request as the core takes it, of this origin."""
        return NewBooking(
            show_id=self.show_id,
            seats=tuple(self.seats or ()),
            quantity=self.quantity,
            section=self.section,
            hold=self.hold,
            customer=self.customer,
            client=origin.client,
            booked_by=origin.principal,
            request_id=origin.request_id,
            trace=origin.trace,
        )


class BatchRequest(RequestModel):
    """Several bookings, accepted together or not at all."""

    bookings: list[BookingRequest] = Field(
        min_length=1, max_length=MAX_BATCH, description="the bookings, all of one show"
    )


class Failure(AnswerModel):
    """Why a booking FAILED, and which of its seats were not to be had."""

    code: FailureCode = Field(description="the reason, to switch on")
    seats: SeatNumbers = Field(description="those of its seats that were not to be had")


class Payment(AnswerModel):
    """How a booking is paid."""

    id: str = Field(description="the payment's id")
    provider: str = Field(description="who takes the money")
    status: Literal["pending", "succeeded", "failed", "refund_pending", "refunded"] = Field(
        description="what became of it"
    )
    amount: Amount = Field(description="what is to be paid, in minor units of the currency")
    refunded_amount: Amount = Field(description="what was given back of it")
    currency: CurrencyCode


class BookingAnswer(AnswerModel):
    """A booking."""

    id: BookingId
    show_id: ShowId
    seats: SeatNumbers = Field(
        description="its seats' numbers; none as long as those of a `quantity` are not chosen"
    )
    status: BookingStatus = Field(description="what became of it; PENDING while it is not known, or held")
    hold: bool = Field(description="whether it asked for its seats to be held until it is confirmed")
    held: bool = Field(description="whether its seats are held for it now")
    hold_expires_at: Time | None = Field(description="until when they are held; null: they are not")
    wants: Wants | None = Field(description="what a worker has yet to do for it; null: nothing")
    failure: Failure | None = Field(description="why it FAILED; null: it did not")
    customer: str | None = Field(description="the customer it came with; null: none")
    ticket_code: str | None = Field(
        description="shown at the door for it, and good for nothing else; null unless it is CONFIRMED"
    )
    amount: Amount | None = Field(
        description="what its seats cost, in minor units of the currency; null while they are not chosen"
    )
    currency: CurrencyCode
    payment: Payment | None = Field(description="how it is paid; null: it is not, or not yet")
    created_at: Time = Field(description="when it was accepted")
    updated_at: Time = Field(description="when it changed last")
    quantity: int = Field(
        default_factory=leave_out,
        ge=1,
        le=MAX_SEATS,
        description="how many seats it asked for; left out where it named them",
    )
    section: str | None = Field(
        default_factory=leave_out,
        description="the section that its `quantity` is to be of; null: any",
    )


class BatchAnswer(AnswerModel):
    """The bookings, in the order asked."""

    bookings: list[BookingAnswer] = Field(description="a booking for each of the request's")


class BookingList(AnswerModel):
    """The bookings that exist, in the order asked."""

    items: list[BookingAnswer] = Field(description="the bookings")


class BookingPage(AnswerModel):
    """A page of bookings, newest first."""

    items: list[BookingAnswer] = Field(description="the bookings")
    next: Next


class WaitQuery(QueryModel):
    """How long to wait for a booking to change, in seconds."""

    wait: Annotated[
        float,
        Field(ge=0, le=LONGEST_WAIT_SECONDS, description="seconds to wait at most"),
        DECIMAL_NUMBER,
    ] = 0


class IdsQuery(QueryModel):
    """Up to 100 ids, separated by commas."""

    ids: str = Field(
        min_length=1,
        description=f"up to {MAX_IDS} ids, separated by commas; those that do not exist are left out",
    )


class BookingsQuery(QueryModel):
    """Which bookings an operator wants to see."""

    show_id: Annotated[ShowId, WHOLE_NUMBER] | None = Field(default=None, description="bookings of this show")
    status: BookingStatus | None = Field(default=None, description="bookings of this status")
    customer: Customer | None = Field(default=None, description="bookings of this customer")
    seat: SeatNumber | None = Field(
        default=None,
        description="with `show_id`: bookings that named this seat, or got it, whatever became of them",
    )
    failure: FailureCode | None = Field(default=None, description="bookings that FAILED for this reason")
    limit: Annotated[int, Field(ge=1, le=200, description="bookings a page"), WHOLE_NUMBER] = 50
    cursor: Cursor = None

    @field_validator("seat")
    @classmethod
    def _check_show(cls, seat: str | None, given: ValidationInfo) -> str | None:
        # Where the show's id is refused itself, that is enough.
        if seat is not None and given.data.get("show_id", 0) is None:
            raise ValueError("goes with show_id")
        return seat


class Rival(AnswerModel):
    """A seat that a booking did not get."""

    seat_number: str = Field(description="the seat")
    booking_id: BookingId = Field(description="the booking that had it then; its id is a key to it")


class BookingChange(AnswerModel):
    """One change of a booking: when, what, why, and by whose request."""

    at: Time = Field(description="when")
    change: str = Field(
        description="BOOKING_ACCEPTED, what was requested since, SHOW_CANCELLED, the event's type, or"
        " PAYMENT_ and the payment's status from then on"
    )
    status: BookingStatus | None = Field(description="its status from then on; null: unchanged")
    why: str = Field(description="for people: what led to it")
    client: str | None = Field(
        description="who asked for it: `key:` and the key's id, `admin` (ADMIN_API_KEY), `oidc:` and a digest"
        " of issuer and `sub`; without a credential a pseudonym of the address. null: nobody, or not known"
    )
    request_id: str | None = Field(
        description="the `X-Request-ID` of the request that asked for it, which may be its client's own;"
        " null: none, or not known"
    )
    rivals: list[Rival] = Field(
        description="the seats that it did not get, where it came too late for some, each with who had it"
    )


class BookingHistory(AnswerModel):
    """Every change of a booking, oldest first."""

    booking_id: BookingId
    items: list[BookingChange] = Field(description="the changes")
