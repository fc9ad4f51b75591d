"""Requests and answers about bookings."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.schemas.types import (
    MAX_ID,
    AnswerModel,
    Customer,
    QueryModel,
    RequestModel,
    SeatNumber,
    SectionName,
    Time,
)
from core.bookings.requests import NewBooking
from core.bookings.states import BookingStatus, FailureCode, Wants
from core.halls.build import MAX_SEATS

LONGEST_WAIT_SECONDS = 25
MAX_BATCH = 100
MAX_IDS = 100


class BookingRequest(RequestModel):
    """Seats by their numbers, or a quantity of the best free ones."""

    show_id: int = Field(ge=1, le=MAX_ID)
    seats: list[SeatNumber] | None = Field(default=None, min_length=1)
    quantity: int | None = Field(default=None, ge=1, le=MAX_SEATS)
    section: SectionName | None = Field(
        default=None, description="with quantity: the seats are of this section"
    )
    hold: bool = Field(default=False, description="hold the seats until they are confirmed")
    customer: Customer | None = Field(default=None, description="any id of yours")

    @model_validator(mode="after")
    def _ask_in_one_way(self) -> Self:
        if (self.seats is None) == (self.quantity is None):
            raise ValueError("give either seats or quantity")
        if self.section is not None and self.quantity is None:
            raise ValueError("section goes with quantity")
        return self

    def to_new(self) -> NewBooking:
        """The request as the core takes it."""
        return NewBooking(
            show_id=self.show_id,
            seats=tuple(self.seats or ()),
            quantity=self.quantity,
            section=self.section,
            hold=self.hold,
            customer=self.customer,
        )


class BatchRequest(RequestModel):
    """Several bookings, accepted together or not at all."""

    bookings: list[BookingRequest] = Field(min_length=1, max_length=MAX_BATCH)


class Failure(AnswerModel):
    """Why a booking FAILED, and which of its seats were not to be had."""

    code: FailureCode
    seats: list[str]


class BookingAnswer(AnswerModel):
    """A booking."""

    id: UUID
    show_id: int
    seats: list[str]
    status: BookingStatus
    hold: bool
    held: bool
    hold_expires_at: Time | None
    wants: Wants | None = Field(description="what a worker has yet to do for it")
    failure: Failure | None
    customer: str | None
    amount: int | None
    currency: str
    payment: None
    created_at: Time
    updated_at: Time
    quantity: int = Field(default=0, description="where a quantity was asked for")
    section: str | None = Field(default=None, description="where a quantity was asked for")


class BatchAnswer(AnswerModel):
    """The bookings, in the order asked."""

    bookings: list[BookingAnswer]


class BookingList(AnswerModel):
    """The bookings that exist, in the order asked."""

    items: list[BookingAnswer]


class BookingPage(AnswerModel):
    """A page of bookings, newest first."""

    items: list[BookingAnswer]
    next: str | None


class WaitQuery(QueryModel):
    """How long to wait for a booking to change, in seconds."""

    wait: Annotated[float, Field(ge=0, le=LONGEST_WAIT_SECONDS)] = 0


class IdsQuery(QueryModel):
    """Up to 100 ids, separated by commas."""

    ids: str = Field(min_length=1)


class BookingsQuery(QueryModel):
    """Which bookings an operator wants to see."""

    show_id: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    status: BookingStatus | None = None
    customer: Customer | None = None
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = None


class Change(AnswerModel):
    """One change of a booking: when, what, and why."""

    at: Time
    change: str
    status: BookingStatus | None
    why: str


class History(AnswerModel):
    """Every change of a booking, oldest first."""

    booking_id: UUID
    items: list[Change]
