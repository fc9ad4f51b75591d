"""Requests and answers about shows; about their seats: seats.py."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from api.schemas.fields import Count, CreatedAt, CurrencyCode, Cursor, Next, ShowId
from api.schemas.places import FOCUS, PLAN, PRICES, TIME_ZONE, FocusAnswer, FocusField, TimeZone
from api.schemas.types import (
    WHOLE_NUMBER,
    AnswerModel,
    CategoryName,
    Currency,
    Price,
    QueryModel,
    RequestModel,
    SectionName,
    ShowName,
    Time,
    leave_out,
)
from core.halls.limits import (
    LISTED_SECTIONS,
    MAX_CATEGORIES,
    MAX_ROWS,
    MAX_SEATS,
    MAX_SECTIONS,
)
from core.halls.plans import SeatingPlan
from core.infra.settings import get_settings
from core.shows.rules import ShowStatus
from core.shows.service import NewShow

HoldSeconds = Annotated[int, Field(ge=15, le=900)]
SeatLimit = Annotated[int, Field(ge=1, le=MAX_SEATS)]

NAME = "what it is called"
START_TIME = "when it begins"
HOLD_SECONDS = "seconds that a hold lasts"
PER_BOOKING = "seats that one booking may have"
PER_CUSTOMER = "seats that one `customer` may have, in all bookings; null: any number"
PER_CLIENT = (
    "seats that one client without a credential may hold unconfirmed at one time, at least "
    "max_seats_per_booking; null: any number"
)
SALES_OPEN_AT = "when sales open; null: at once"
SALES_CLOSE_AT = "when sales close; null: start_time"
CANCEL_UNTIL = "from then on a CONFIRMED booking stays, but for box_office and above; null: start_time"
WHILE_UNSOLD = "changes only while no booking of the show is PENDING or CONFIRMED"
PAYMENT_REQUIRED = "whether a booking must be a hold, and be paid to be confirmed"


class SectionRequest(RequestModel):
    """A section of numbered rows, or an unnumbered one of a capacity."""

    name: SectionName = Field(description="the section's name; its seats' numbers begin with it")
    rows: int | None = Field(
        default=None, ge=1, le=MAX_ROWS, description="numbered: rows, which become A … Z, AA …"
    )
    seats_per_row: int | None = Field(default=None, ge=1, le=MAX_SEATS, description="numbered: seats a row")
    capacity: int | None = Field(default=None, ge=1, le=MAX_SEATS, description="unnumbered: places")
    price: Price = Field(default=0, description="of each seat, in minor units of the currency")

    @model_validator(mode="after")
    def _measure_in_one_way(self) -> Self:
        in_rows = self.rows is not None and self.seats_per_row is not None
        partly = self.rows is not None or self.seats_per_row is not None
        if in_rows == (self.capacity is not None) or (partly and not in_rows):
            raise ValueError("give either rows and seats_per_row, or capacity")
        return self


class ShowRequest(RequestModel):
    """A show; exactly one of total_seats, sections and seating_plan describes its hall."""

    name: ShowName = Field(description=NAME)
    start_time: Time = Field(description=START_TIME)
    total_seats: int | None = Field(
        default=None, ge=1, le=MAX_SEATS, description="a hall of so many seats, numbered from 1"
    )
    sections: list[SectionRequest] | None = Field(
        default=None, min_length=1, max_length=MAX_SECTIONS, description="a hall of these sections"
    )
    seating_plan: SeatingPlan | None = Field(default=None, description=PLAN)
    prices: dict[CategoryName, Price] | None = Field(None, max_length=MAX_CATEGORIES, description=PRICES)
    price: Price = Field(
        default=0, description="with `total_seats`: of each seat, in minor units of the currency"
    )
    currency: Currency = "EUR"
    hold_seconds: HoldSeconds = Field(
        default_factory=lambda: get_settings().hold_seconds,
        description=f"{HOLD_SECONDS}; without, the service's own",
    )
    max_seats_per_booking: SeatLimit = Field(default=10, description=PER_BOOKING)
    max_seats_per_customer: SeatLimit | None = Field(default=None, description=PER_CUSTOMER)
    max_held_seats_per_client: SeatLimit | None = Field(
        default_factory=lambda: get_settings().held_seats_per_client,
        description=f"{PER_CLIENT}; without, the service's own, or max_seats_per_booking where that is more",
    )
    sales_open_at: Time | None = Field(default=None, description=SALES_OPEN_AT)
    sales_close_at: Time | None = Field(default=None, description=SALES_CLOSE_AT)
    cancel_until: Time | None = Field(default=None, description=CANCEL_UNTIL)
    payment_required: bool = Field(default=False, description=PAYMENT_REQUIRED)
    time_zone: TimeZone = "UTC"
    focus: FocusField | None = Field(default=None, description=FOCUS)

    @model_validator(mode="after")
    def _describe_hall_in_one_way(self) -> Self:
        if sum(part is not None for part in (self.total_seats, self.sections, self.seating_plan)) != 1:
            raise ValueError("give exactly one of total_seats, sections and seating_plan")
        if self.prices is not None and self.seating_plan is None:
            raise ValueError("prices go with seating_plan")
        if "price" in self.model_fields_set and self.total_seats is None:
            raise ValueError("price goes with total_seats")
        return self

    def to_new(self) -> NewShow:
        """The request as the core takes it."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        if self.sections is not None:
            fields["sections"] = [section.model_dump(exclude_none=True) for section in self.sections]
        most_held = self.max_held_seats_per_client
        if most_held is not None and "max_held_seats_per_client" not in self.model_fields_set:
            fields["max_held_seats_per_client"] = max(most_held, self.max_seats_per_booking)
        return NewShow(**fields)


class ShowChanges(RequestModel):
    """What to change of a show; what is left out stays."""

    name: ShowName = Field(default_factory=leave_out, description=NAME)
    start_time: Time = Field(default_factory=leave_out, description=START_TIME)
    hold_seconds: HoldSeconds = Field(default_factory=leave_out, description=HOLD_SECONDS)
    max_seats_per_booking: SeatLimit = Field(default_factory=leave_out, description=PER_BOOKING)
    max_seats_per_customer: SeatLimit | None = Field(default=None, description=PER_CUSTOMER)
    max_held_seats_per_client: SeatLimit | None = Field(default=None, description=PER_CLIENT)
    sales_open_at: Time | None = Field(default=None, description=SALES_OPEN_AT)
    sales_close_at: Time | None = Field(default=None, description=SALES_CLOSE_AT)
    cancel_until: Time | None = Field(default=None, description=CANCEL_UNTIL)
    currency: Currency = Field(
        default_factory=leave_out, description=f"the currency, by ISO 4217; {WHILE_UNSOLD}"
    )
    payment_required: bool = Field(
        default_factory=leave_out, description=f"{PAYMENT_REQUIRED}; {WHILE_UNSOLD}"
    )
    time_zone: TimeZone = Field(default_factory=leave_out)

    def to_changes(self) -> dict[str, Any]:
        """What was named, by column."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class SectionAnswer(AnswerModel):
    """A section; `price` is the lowest in it, `price_max` the highest."""

    name: str | None = Field(description="its name; null: the hall's one section has none")
    numbered: bool = Field(description="whether its seats are numbered")
    capacity: int = Field(ge=0, description="how many seats it has")
    rows: int | None = Field(description="how many rows it has; null where it has none, or a plan drew it")
    seats_per_row: int | None = Field(description="seats a row; null where that is not one number")
    price: Price = Field(description="of its cheapest seat, in minor units of the currency")
    price_max: Price = Field(description="of its dearest seat, in minor units of the currency")


class SeatCountsAnswer(AnswerModel):
    """Seats by status."""

    available: Count = Field(description="seats that can be booked")
    held: Count = Field(description="seats that are held until somebody confirms")
    booked: Count = Field(description="seats that are sold")


class ShowAnswer(AnswerModel):
    """A show."""

    id: ShowId
    name: str = Field(description=NAME)
    start_time: Time = Field(description=START_TIME)
    total_seats: int = Field(ge=0, le=MAX_SEATS, description="how many seats it has")
    created_at: CreatedAt
    status: ShowStatus = Field(description="whether it sells")
    currency: CurrencyCode
    price: Price = Field(description="where it was made by `total_seats`: of each seat, in minor units")
    hold_seconds: int = Field(description=HOLD_SECONDS)
    max_seats_per_booking: int = Field(description=PER_BOOKING)
    max_seats_per_customer: int | None = Field(description=PER_CUSTOMER)
    max_held_seats_per_client: int | None = Field(description=PER_CLIENT)
    sales_open_at: Time | None = Field(description=SALES_OPEN_AT)
    sales_close_at: Time | None = Field(description=SALES_CLOSE_AT)
    cancel_until: Time | None = Field(description=CANCEL_UNTIL)
    payment_required: bool = Field(description=PAYMENT_REQUIRED)
    time_zone: str = Field(description=TIME_ZONE)
    focus: FocusAnswer | None = Field(description=FOCUS)
    sections: list[SectionAnswer] = Field(description="the hall's sections")
    seats: SeatCountsAnswer = Field(description="its seats by status")


class ShowPage(AnswerModel):
    """A page of shows, soonest first."""

    items: list[ShowAnswer] = Field(
        description=f"each with its first {LISTED_SECTIONS} sections; `GET /shows/{{show_id}}` has all"
    )
    next: Next


class ShowsQuery(QueryModel):
    """Which shows to list; from now on unless `from` says otherwise."""

    limit: Annotated[int, Field(ge=1, le=200, description="shows a page"), WHOLE_NUMBER] = 50
    cursor: Cursor = None
    status: ShowStatus | None = Field(default=None, description="shows of this status")
    start_from: Time | None = Field(
        default=None, alias="from", description="shows that begin then or later; without, from now on"
    )
    q: ShowName | None = Field(default=None, description="part of the name, whatever its case and accents")
