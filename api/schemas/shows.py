"""Requests and answers about shows and their seats."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from api.schemas.types import (
    MAX_ID,
    MAX_PRICE,
    AnswerModel,
    Price,
    QueryModel,
    RequestModel,
    SeatNumber,
    SectionName,
    Text,
    Time,
    leave_out,
)
from core.halls.best import LARGEST_SUGGESTED
from core.halls.limits import (
    LISTED_SECTIONS,
    LONGEST_NAME,
    MAX_AREAS,
    MAX_CATEGORIES,
    MAX_ROWS,
    MAX_SEATS,
    MAX_SECTIONS,
)
from core.halls.plans import SeatingPlan
from core.infra.settings import get_settings
from core.seats.states import SeatStatus
from core.shows.rules import ShowStatus
from core.shows.service import NewShow

ShowName = Annotated[Text, Field(min_length=1, max_length=200)]
CategoryName = Annotated[Text, Field(max_length=LONGEST_NAME)]
HoldSeconds = Annotated[int, Field(ge=15, le=900)]
SeatLimit = Annotated[int, Field(ge=1, le=MAX_SEATS)]

CANCEL_UNTIL = "from then on a CONFIRMED booking stays, but for the admin key; null: start_time"


class SectionRequest(RequestModel):
    """A section of numbered rows, or an unnumbered one of a capacity."""

    name: SectionName
    rows: int | None = Field(default=None, ge=1, le=MAX_ROWS)
    seats_per_row: int | None = Field(default=None, ge=1, le=MAX_SEATS)
    capacity: int | None = Field(default=None, ge=1, le=MAX_SEATS)
    price: Price = 0

    @model_validator(mode="after")
    def _measure_in_one_way(self) -> Self:
        in_rows = self.rows is not None and self.seats_per_row is not None
        partly = self.rows is not None or self.seats_per_row is not None
        if in_rows == (self.capacity is not None) or (partly and not in_rows):
            raise ValueError("give either rows and seats_per_row, or capacity")
        return self


class ShowRequest(RequestModel):
    """A show; exactly one of total_seats, sections and seating_plan describes its hall."""

    name: ShowName
    start_time: Time
    total_seats: int | None = Field(default=None, ge=1, le=MAX_SEATS)
    sections: list[SectionRequest] | None = Field(default=None, min_length=1, max_length=MAX_SECTIONS)
    seating_plan: SeatingPlan | None = Field(
        default=None, description=f"of at most {MAX_SEATS} seats, {MAX_ROWS} rows and {MAX_AREAS} areas"
    )
    prices: dict[CategoryName, Price] | None = Field(
        default=None, max_length=MAX_CATEGORIES, description="with seating_plan: by category"
    )
    price: Price = Field(default=0, description="with total_seats")
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$", description="ISO 4217")
    hold_seconds: HoldSeconds = Field(default_factory=lambda: get_settings().hold_seconds)
    max_seats_per_booking: SeatLimit = 10
    max_seats_per_customer: SeatLimit | None = None
    sales_open_at: Time | None = None
    sales_close_at: Time | None = None
    cancel_until: Time | None = Field(default=None, description=CANCEL_UNTIL)
    payment_required: bool = False

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
        return NewShow(**fields)


class ShowChanges(RequestModel):
    """What to change of a show; what is left out stays."""

    name: ShowName = Field(default_factory=leave_out)
    start_time: Time = Field(default_factory=leave_out)
    hold_seconds: HoldSeconds = Field(default_factory=leave_out)
    max_seats_per_booking: SeatLimit = Field(default_factory=leave_out)
    max_seats_per_customer: SeatLimit | None = None
    sales_open_at: Time | None = None
    sales_close_at: Time | None = None
    cancel_until: Time | None = Field(default=None, description=CANCEL_UNTIL)

    def to_changes(self) -> dict[str, Any]:
        """What was named, by column."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class SectionAnswer(AnswerModel):
    """A section; `price` is the lowest in it, `price_max` the highest."""

    name: str | None
    numbered: bool
    capacity: int
    rows: int | None
    seats_per_row: int | None
    price: int
    price_max: int


class SeatCountsAnswer(AnswerModel):
    """Seats by status."""

    available: int
    held: int
    booked: int


class ShowAnswer(AnswerModel):
    """A show."""

    id: int
    name: str
    start_time: Time
    total_seats: int
    created_at: Time
    status: ShowStatus
    currency: str
    price: int
    hold_seconds: int
    max_seats_per_booking: int
    max_seats_per_customer: int | None
    sales_open_at: Time | None
    sales_close_at: Time | None
    cancel_until: Time | None = Field(description=CANCEL_UNTIL)
    payment_required: bool
    sections: list[SectionAnswer]
    seats: SeatCountsAnswer


class ShowPage(AnswerModel):
    """A page of shows, soonest first."""

    items: list[ShowAnswer] = Field(
        description=f"each with its first {LISTED_SECTIONS} sections; `GET /shows/{{show_id}}` has all"
    )
    next: str | None


class ShowsQuery(QueryModel):
    """Which shows to list; from now on unless `from` says otherwise."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = None
    status: ShowStatus | None = None
    start_from: Time | None = Field(default=None, alias="from")
    q: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="part of the name, whatever its case and accents"
    )


class SeatsQuery(QueryModel):
    """Which seats to list."""

    limit: int = Field(default=1000, ge=1, le=10_000)
    cursor: str | None = None
    status: SeatStatus | None = None
    section: SectionName | None = None


class SeatAnswer(AnswerModel):
    """A seat."""

    seat_number: str
    status: SeatStatus
    section: str | None
    row: str | None
    price: int


class SeatPage(AnswerModel):
    """A page of seats in seat order, of one version of the map."""

    show_id: int
    version: int
    seats: list[SeatAnswer]
    next: str | None


class AvailabilityQuery(QueryModel):
    """Since which version; without, the full state."""

    since: Annotated[int, Field(ge=0, le=MAX_ID)] | None = None


class StreamQuery(QueryModel):
    """After which version; without, the full state comes first."""

    since: Annotated[int, Field(ge=0, le=MAX_ID)] | None = None


class AvailabilityAnswer(AnswerModel):
    """Held and booked seats, the others being available; with `since`, the seats that changed."""

    show_id: int
    version: int
    held: list[str] = Field(default_factory=list)
    booked: list[str] = Field(default_factory=list)
    since: int = 0
    changes: dict[str, SeatStatus] = Field(default_factory=dict)


class SuggestionsQuery(QueryModel):
    """How many seats, where."""

    quantity: int = Field(ge=1, le=MAX_SEATS)
    section: SectionName | None = None
    near: SeatNumber | None = None


class SuggestionAnswer(AnswerModel):
    """A set of free seats."""

    seats: list[str]
    together: bool
    amount: int = Field(le=MAX_PRICE * MAX_SEATS)


class SuggestionsAnswer(AnswerModel):
    """Up to three sets of free seats, best first: a hint and no promise."""

    version: int
    suggestions: list[SuggestionAnswer] = Field(description=f"none of more than {LARGEST_SUGGESTED} seats")


class Size(AnswerModel):
    """Width and height in the plan's units."""

    width: float
    height: float


class PlacedSeat(AnswerModel):
    """A seat and its place on the plan."""

    seat_number: str
    row: str | None
    label: str
    x: float
    y: float
    price: int
    category: str | None


class PlacedSection(AnswerModel):
    """A section and its seats; an unnumbered one lists none."""

    name: str | None
    numbered: bool
    capacity: int
    seats: list[PlacedSeat]


class CategoryAnswer(AnswerModel):
    """A price category."""

    name: str
    color: str | None
    price: int


class LayoutAnswer(AnswerModel):
    """Where everything in the hall is; never changes."""

    show_id: int
    size: Size
    sections: list[PlacedSection]
    areas: list[dict[str, Any]]
    categories: list[CategoryAnswer]
