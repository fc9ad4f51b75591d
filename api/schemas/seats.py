"""Requests and answers about a show's seats: maps, suggestions, the layout."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

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


class AvailabilityQuery(QueryModel):
    """Since which version; without, the full state."""

    since: Annotated[Since, WHOLE_NUMBER] | None = Field(
        default=None, description="a version: what changed after it; without, all that is taken"
    )


class StreamQuery(QueryModel):
    """After which version; without, the full state comes first."""

    since: Annotated[Since, WHOLE_NUMBER] | None = Field(
        default=None, description="a version: what changed after it comes first; without, all seats"
    )


class AvailabilityAnswer(AnswerModel):
    """Held and booked seats, the others being available; with `since`, the seats that changed.

    So either `held` and `booked` are there, or `since` and `changes`.
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
    """A section and its seats; an unnumbered one lists none."""

    name: str | None = Field(description="its name; null: the hall's one section has none")
    numbered: bool = Field(description="whether its seats are numbered")
    capacity: int = Field(ge=0, description="how many seats it has")
    seats: list[PlacedSeat] = Field(description="its seats, where it is numbered")


class CategoryAnswer(AnswerModel):
    """A price category."""

    name: str = Field(description="its name")
    color: str | None = Field(description="its colour, as the plan names it; null: none")
    price: Price


class LayoutAnswer(AnswerModel):
    """Where everything in the hall is; never changes."""

    show_id: ShowId
    size: Size = Field(description="the size of the whole plan")
    sections: list[PlacedSection] = Field(description="the hall's sections")
    areas: list[dict[str, Any]] = Field(
        description="what is drawn beside the seats, as the plan had it, at its place in the whole plan"
    )
    categories: list[CategoryAnswer] = Field(description="the price categories")
