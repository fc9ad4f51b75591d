"""Halls drawn elsewhere: the open pretix seating-plan JSON, as far as it is read.

The tools that write it leave out, or write as null or "", what their users did not fill in: docs/api.md says
what each of these then is.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
    with_config,
)
from typing_extensions import TypedDict

from core.halls.areas import FARTHEST
from core.halls.limits import (
    LONGEST_NAME,
    LONGEST_SECTION,
    MAX_CATEGORIES,
    MAX_SECTIONS,
    check_label,
    check_parts,
)
from core.texts import NAME, TEXT, TRIMMED, check_text

DEEPEST_AREA = 20
LARGEST_INTEGER = 2**63 - 1
LINES = str.maketrans("\t\n\r", "   ")
EXTENTS = ("polygon", "rectangle", "ellipse", "circle")


Coordinate = Annotated[float, Field(strict=True, ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]
Length = Annotated[float, Field(strict=True, ge=0, le=FARTHEST, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=LONGEST_NAME), TEXT]
CategoryName = Annotated[str, TRIMMED, Field(max_length=LONGEST_NAME), NAME]
ZoneName = Annotated[str, TRIMMED, Field(max_length=LONGEST_SECTION), NAME]
Label = Annotated[Name, AfterValidator(check_label)]
SeatNumber = Annotated[str, Field(min_length=1, max_length=200), TEXT]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


# Positions and seats are plain dicts: 100,000 of them as models took five times as long.
@with_config(ConfigDict(strict=True))
class Position(TypedDict):
    """A place, relative to what surrounds it."""

    x: NotRequired[Coordinate | None]
    y: NotRequired[Coordinate | None]


def find_place(position: Position | None) -> tuple[float, float]:
    """Where it is: 0 where that is not said."""
    place = position or Position()
    return place.get("x") or 0.0, place.get("y") or 0.0


class Size(_Part):
    """The size of the whole plan."""

    width: Length | None = None
    height: Length | None = None


class Category(_Part):
    """A price level."""

    name: CategoryName | None = None
    color: Name | None = None


@with_config(ConfigDict(strict=True))
class Seat(TypedDict):
    """A seat; its place is relative to its row."""

    seat_guid: SeatNumber
    seat_number: NotRequired[Name | None]
    position: NotRequired[Position | None]
    category: NotRequired[Name | None]


class Row(_Part):
    """A row of seats; a label may hold `%s` for the number."""

    row_number: Name | None = None
    row_label: Label | None = None
    seat_label: Label | None = None
    position: Position | None = None
    seats: Annotated[list[Seat], Field(fail_fast=True)] | None = None


class Rectangle(_Part):
    """The extent of a rectangle, whose position is its corner."""

    width: Length
    height: Length


class Circle(_Part):
    """The extent of a circle, whose position is its middle."""

    radius: Length


@with_config(ConfigDict(strict=True))
class Radii(TypedDict):
    """The radii of an ellipse, across and down."""

    x: Length
    y: Length


class Ellipse(_Part):
    """The extent of an ellipse, whose position is its middle."""

    radius: Radii


class Polygon(_Part):
    """The corners of a polygon, relative to its position."""

    points: Annotated[list[Position], Field(fail_fast=True)]


class AreaText(_Part):
    """The label of an area."""

    text: str | None = None


class Area(_Part):
    """A thing drawn beside the seats; what is not read here is passed on as it came."""

    model_config = ConfigDict(strict=True, extra="allow")

    shape: Literal["polygon", "rectangle", "ellipse", "circle", "text"] | None = None
    position: Position | None = None
    polygon: Polygon | None = None
    rectangle: Rectangle | None = None
    ellipse: Ellipse | None = None
    circle: Circle | None = None
    text: AreaText | None = None
    _given: dict[str, Any] = {}

    @model_validator(mode="wrap")
    @classmethod
    def _keep_what_was_given(cls, given: Any, read: Any) -> "Area":
        area: Area = read(given)
        _check_storable(given)
        area._given = given
        return area

    def placed_in(self, zone: Position | None) -> dict[str, Any]:
        """The area as it was given, at its place in the plan, and with its shape."""
        (left, top), (x, y) = find_place(zone), find_place(self.position)
        shape: str = self.shape or next((one for one in EXTENTS if getattr(self, one)), "text")
        return {**self._given, "shape": shape, "position": {"x": left + x, "y": top + y}}


class Zone(_Part):
    """A part of the hall with a name; its rows and areas are placed relative to it."""

    name: ZoneName | None = None
    position: Position | None = None
    rows: Annotated[list[Row], Field(fail_fast=True)] | None = None
    areas: Annotated[list[Area], Field(fail_fast=True)] | None = None


class SeatingPlan(_Part):
    """A hall in the pretix seating-plan format."""

    name: Name | None = None
    size: Size | None = None
    categories: Annotated[list[Category], Field(max_length=MAX_CATEGORIES, fail_fast=True)] | None = None
    # Limits are checked before models are built, and validation stops at the first wrong element: 100,000
    # equal errors help nobody.
    zones: Annotated[list[Zone], Field(max_length=MAX_SECTIONS, fail_fast=True), BeforeValidator(check_parts)]

    def rows(self) -> Iterator[tuple[str, Zone, Row]]:
        """Every row with its zone and its pointer in the request, in the plan's order."""
        for zone_index, zone in enumerate(self.zones):
            for row_index, row in enumerate(zone.rows or ()):
                yield f"/seating_plan/zones/{zone_index}/rows/{row_index}", zone, row


def _check_storable(area: Any) -> None:
    # An area is kept as it came, so what a database or a JSON parser would choke on must be refused here.
    waiting = [(area, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST_AREA:
            raise ValueError("is nested too deeply")
        if isinstance(value, str):
            # Labels are shown to people, and may have several lines.
            check_text(value.translate(LINES))
        if isinstance(value, float) and not isfinite(value):
            raise ValueError("has a number that is not finite")
        if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise ValueError("has a number that is too large")
        if isinstance(value, dict):
            waiting.extend((one, depth + 1) for pair in value.items() for one in pair)
        elif isinstance(value, list):
            waiting.extend((one, depth + 1) for one in value)
