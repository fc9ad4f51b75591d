"""Requests and answers about a show's seats: maps, suggestions, the layout."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from api.schemas.fields import Amount, Cursor, Next, SeatNumbers, ShowId, Since, Version
from api.schemas.types import WHOLE_NUMBER, AnswerModel, Price, QueryModel, SeatNumber, SectionName, leave_out
from core.halls.best import LARGEST_SUGGESTED
from core.halls.limits import MAX_SEATS
from core.seats.states import SeatStatus

SEAT_NUMBER = "its number, which is its own in the show"
SECTION = "seats of this section"


class SeatsQuery(QueryModel):
    """Which seats to list."""

    limit: Annotated[int, Field(ge=1, le=10_000, description="seats a page"), WHOLE_NUMBER] = 1000
    cursor: Cursor = None
    status: SeatStatus | None = Field(default=None, description="seats of this status")
    section: SectionName | None = Field(default=None, description=SECTION)


class SeatAnswer(AnswerModel):
    """A seat."""

    seat_number: SeatNumber = Field(description=SEAT_NUMBER)
    status: SeatStatus = Field(description="whether it can be booked")
    section: str | None = Field(description="its section's name; null: it has none")
    row: str | None = Field(description="its row's label; null: it is in none")
    price: Price


class SeatPage(AnswerModel):
    """A page of seats in seat order, of one version of the map."""

    show_id: ShowId
    version: Version
    seats: list[SeatAnswer] = Field(description="the seats")
    next: Next


class AvailabilityFormat(StrEnum):
    """How a map is told other than by the seats that are taken."""

    STATES = "states"


class AvailabilityQuery(QueryModel):
    """Since which version; without, the full state, in a format."""

    format: AvailabilityFormat | None = Field(
        default=None, description="`states`: two bits for every seat; not with `since`"
    )
    since: Annotated[Since, WHOLE_NUMBER] | None = Field(
        default=None, description="a version: what changed after it; without, all that is taken"
    )

    @field_validator("since")
    @classmethod
    def _check_format(cls, since: int | None, given: ValidationInfo) -> int | None:
        if since is not None and given.data.get("format") is not None:
            raise ValueError(f"must be left out with format={given.data['format']}, which has every seat")
        return since


class StreamQuery(QueryModel):
    """After which version; without, the full state comes first."""

    since: Annotated[Since, WHOLE_NUMBER] | None = Field(
        default=None, description="a version: what changed after it comes first; without, all seats"
    )


class AvailabilityAnswer(AnswerModel):
    """Held and booked seats, the others being available; with `since`, the seats that changed.

    So either `held` and `booked` are there, or `since` and `changes`; or, with `format=states`, `states`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {
                "held": ["booked"],
                "booked": ["held"],
                "since": ["changes"],
                "changes": ["since"],
            }
        }
    )

    show_id: ShowId
    version: Version
    held: SeatNumbers = Field(default_factory=leave_out, description="without `since`: seats that are held")
    booked: SeatNumbers = Field(default_factory=leave_out, description="without `since`: seats that are sold")
    since: Since = Field(default_factory=leave_out, description="with `since`: that version")
    changes: dict[str, SeatStatus] = Field(
        default_factory=leave_out,
        description="with `since`: the seats that changed after it, and what they are now",
    )
    states: str = Field(
        default_factory=leave_out,
        description="with `format=states`: base64 of two bits for each seat, in seat order: 0 available, "
        "1 held, 2 booked; the first seat is in the lowest bits of the first byte, and what is left of the "
        "last is 0",
        json_schema_extra={"contentEncoding": "base64"},
    )


class SuggestionsQuery(QueryModel):
    """How many seats, where."""

    quantity: Annotated[int, Field(ge=1, le=MAX_SEATS, description="how many seats"), WHOLE_NUMBER]
    section: SectionName | None = Field(default=None, description=SECTION)
    near: SeatNumber | None = Field(default=None, description="seats near this one")


class SuggestionAnswer(AnswerModel):
    """A set of free seats."""

    seats: SeatNumbers
    together: bool = Field(description="whether they are side by side in one row")
    amount: Amount = Field(description="what they cost together, in minor units of the currency")


class SuggestionsAnswer(AnswerModel):
    """Up to three sets of free seats, best first: a hint and no promise."""

    version: Version
    suggestions: list[SuggestionAnswer] = Field(description=f"none of more than {LARGEST_SUGGESTED} seats")


class LayoutFormat(StrEnum):
    """How a layout is told other than by sections and their seats."""

    COLUMNS = "columns"


class LayoutQuery(QueryModel):
    """In which format."""

    format: LayoutFormat | None = Field(
        default=None, description="`columns`: every seat, in one list for each property"
    )


class Size(AnswerModel):
    """Width and height in the plan's units."""

    width: float = Field(ge=0, description="from left to right")
    height: float = Field(ge=0, description="from top to bottom")


class PlacedSeat(AnswerModel):
    """A seat and its place on the plan."""

    seat_number: SeatNumber = Field(description=SEAT_NUMBER)
    row: str | None = Field(description="its row's label; null: it is in none")
    label: str = Field(description="what is written on it")
    x: float = Field(description="its middle, from the left, in the plan's units")
    y: float = Field(description="its middle, from the top, in the plan's units")
    price: Price
    category: str | None = Field(description="its price category; null: it is in none")


class PlacedSection(AnswerModel):
    """A section and, but with `format=columns`, its seats; an unnumbered one lists none."""

    name: str | None = Field(description="its name; null: the hall's one section has none")
    numbered: bool = Field(description="whether its seats are numbered")
    capacity: int = Field(ge=0, description="how many seats it has")
    seats: list[PlacedSeat] = Field(
        default_factory=leave_out, description="without `format`: its seats, where it is numbered"
    )


class CategoryAnswer(AnswerModel):
    """A price category."""

    name: str = Field(description="its name")
    color: str | None = Field(description="its colour, as the plan names it; null: none")
    price: Price


class SeatColumns(AnswerModel):
    """Every seat of the hall, those of unnumbered sections too: a list for each property, in seat order."""

    seat_number: list[SeatNumber] = Field(description="their numbers, each its own in the show")
    section: list[Annotated[int, Field(ge=0)]] = Field(
        description="their sections: places in `sections`, from 0"
    )
    row: list[str | None] = Field(description="their rows' labels; null: in none")
    label: list[str] = Field(description="what is written on them")
    x: list[float | None] = Field(
        description="their middles, from the left, in the plan's units, to a millionth of what the seats "
        "extend over; null: of an unnumbered section"
    )
    y: list[float | None] = Field(description="their middles, from the top, likewise")
    category: list[Annotated[int, Field(ge=0)] | None] = Field(
        description="their price categories: places in `categories`, from 0; null: in none"
    )
    price: list[Price] = Field(description="their prices")


class LayoutAnswer(AnswerModel):
    """Where everything in the hall is; never changes."""

    show_id: ShowId
    size: Size = Field(description="the size of the whole plan")
    sections: list[PlacedSection] = Field(description="the hall's sections")
    areas: list[dict[str, Any]] = Field(
        description="what is drawn beside the seats, as the plan had it, at its place in the whole plan"
    )
    categories: list[CategoryAnswer] = Field(description="the price categories")
    seats: SeatColumns = Field(default_factory=leave_out, description="with `format=columns`: all seats")
