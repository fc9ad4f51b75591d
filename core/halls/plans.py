"""Halls drawn elsewhere: the open pretix seating-plan JSON, as far as it is read, and its normal form."""

from collections.abc import Iterator
from functools import partial
from math import isfinite
from typing import Annotated, Any, Literal

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

from core.halls.limits import (
    LONGEST_NAME,
    LONGEST_SECTION,
    MAX_CATEGORIES,
    MAX_SEATS,
    MAX_SECTIONS,
    PLACEHOLDER,
    check_label,
    check_parts,
)
from core.halls.seating import HallError

DEEPEST_AREA = 20
LARGEST_INTEGER = 2**63 - 1
AXES: tuple[Literal["x"], Literal["y"]] = ("x", "y")
MARGIN = 40
UNDECLARED = "the seating plan declares no such category"


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


# Bounded, so that sums and squares of coordinates stay finite too.
Coordinate = Annotated[float, Field(strict=True, ge=-1e9, le=1e9, allow_inf_nan=False)]
Length = Annotated[float, Field(strict=True, ge=0, le=1e9, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_check_printable)]
ZoneName = Annotated[str, Field(max_length=LONGEST_SECTION), AfterValidator(_check_printable)]
Label = Annotated[Name, AfterValidator(check_label)]
SeatNumber = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_printable)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


# Positions and seats are plain dicts: 100,000 of them as models took five times as long.
@with_config(ConfigDict(strict=True))
class Position(TypedDict):
    """A place, relative to what surrounds it."""

    x: Coordinate
    y: Coordinate


class Size(_Part):
    """The size of the whole plan."""

    width: Annotated[Length, Field(gt=0)]
    height: Annotated[Length, Field(gt=0)]


class Category(_Part):
    """A price level."""

    name: Name
    color: Name | None = None


@with_config(ConfigDict(strict=True))
class Seat(TypedDict):
    """A seat; its place is relative to its row."""

    seat_guid: SeatNumber
    seat_number: Name
    position: Position
    category: Name


class Row(_Part):
    """A row of seats; a label may hold `%s` for the number."""

    row_number: Name
    row_label: Label | None = None
    seat_label: Label | None = None
    position: Position = Field(default_factory=lambda: Position(x=0, y=0))
    seats: Annotated[list[Seat], Field(fail_fast=True)]


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

    points: Annotated[list[Position], Field(min_length=1, fail_fast=True)]


class AreaText(_Part):
    """The label of an area."""

    text: str = ""


class Area(_Part):
    """A thing drawn beside the seats; what is not read here is passed on as it came."""

    model_config = ConfigDict(strict=True, extra="allow")

    shape: Literal["polygon", "rectangle", "ellipse", "circle", "text"]
    position: Position
    rectangle: Rectangle | None = None
    circle: Circle | None = None
    ellipse: Ellipse | None = None
    polygon: Polygon | None = None
    text: AreaText | None = None
    _given: dict[str, Any] = {}

    @model_validator(mode="wrap")
    @classmethod
    def _keep_what_was_given(cls, given: Any, read: Any) -> "Area":
        area: Area = read(given)
        _check_storable(given)
        area._given = given
        return area

    def placed_in(self, zone: Position) -> dict[str, Any]:
        """The area as it was given, at its place in the plan."""
        place = {axis: zone[axis] + self.position[axis] for axis in AXES}
        return {**self._given, "position": place}


class Zone(_Part):
    """A part of the hall with a name; its rows and areas are placed relative to it."""

    name: ZoneName | None = None
    position: Position
    rows: Annotated[list[Row], Field(fail_fast=True)]
    areas: Annotated[list[Area], Field(fail_fast=True)] = []


class SeatingPlan(_Part):
    """A hall in the pretix seating-plan format."""

    name: Name
    size: Size | None = None
    categories: Annotated[list[Category], Field(max_length=MAX_CATEGORIES, fail_fast=True)]
    # Limits are checked before models are built, and validation stops at the first wrong element: 100,000
    # equal errors help nobody.
    zones: Annotated[list[Zone], Field(max_length=MAX_SECTIONS, fail_fast=True), BeforeValidator(check_parts)]

    def rows(self) -> Iterator[tuple[str, Zone, Row]]:
        """Every row with its zone and its pointer in the request, in the plan's order."""
        for zone_index, zone in enumerate(self.zones):
            for row_index, row in enumerate(zone.rows):
                yield f"/seating_plan/zones/{zone_index}/rows/{row_index}", zone, row


def normalise_plan(plan: SeatingPlan, prices: dict[str, int]) -> dict[str, Any]:
    """The compact JSON that `build_hall({"plan": …})` reads; `prices` in minor units, by category.

    Raises HallError where the plan has no seat or too many, two seats with one seat_guid, or a category that
    is not declared or declared twice.
    """
    categories = _read_categories(plan, prices)
    _check_seats(plan, categories)
    sections: dict[str | None, int] = {}
    rows = []
    for pointer, zone, row in plan.rows():
        if row.seats:
            section = sections.setdefault(zone.name or None, len(sections))
            rows.append({"section": section, **_normalise_row(pointer, zone, row, categories)})
    return {
        "size": _size(plan, rows),
        "areas": [area.placed_in(zone.position) for zone in plan.zones for area in zone.areas],
        "categories": [{**one.model_dump(), "price": prices.get(one.name, 0)} for one in plan.categories],
        "sections": list(sections),
        "rows": rows,
    }


def _read_categories(plan: SeatingPlan, prices: dict[str, int]) -> dict[str, int]:
    categories: dict[str, int] = {}
    for index, category in enumerate(plan.categories):
        if category.name in categories:
            raise HallError(f"/seating_plan/categories/{index}/name", "two categories have this name")
        categories[category.name] = index
    for name in prices:
        if name not in categories:
            escaped = name.replace("~", "~0").replace("/", "~1")
            raise HallError(f"/prices/{escaped}", UNDECLARED)
    return categories


def _check_seats(plan: SeatingPlan, categories: dict[str, int]) -> None:
    if not any(row.seats for _, _, row in plan.rows()):
        raise HallError("/seating_plan/zones", f"a hall has 1 to {MAX_SEATS} seats, this one none")
    numbers: set[str] = set()
    for pointer, _, row in plan.rows():
        for index, seat in enumerate(row.seats):
            if seat["category"] not in categories:
                raise HallError(f"{pointer}/seats/{index}/category", UNDECLARED)
            if seat["seat_guid"] in numbers:
                raise HallError(f"{pointer}/seats/{index}/seat_guid", "two seats have this seat_guid")
            numbers.add(seat["seat_guid"])


def _normalise_row(pointer: str, zone: Zone, row: Row, categories: dict[str, int]) -> dict[str, Any]:
    left, top = (zone.position[axis] + row.position[axis] for axis in AXES)
    label_of = partial(_label, f"{pointer}/seat_label", row.seat_label)
    return {
        "row": _label(f"{pointer}/row_label", row.row_label, row.row_number),
        "numbers": [seat["seat_guid"] for seat in row.seats],
        "labels": [label_of(seat["seat_number"]) for seat in row.seats],
        "xs": [left + seat["position"]["x"] for seat in row.seats],
        "ys": [top + seat["position"]["y"] for seat in row.seats],
        "categories": [categories[seat["category"]] for seat in row.seats],
    }


def _label(pointer: str, template: str | None, number: str) -> str:
    if not template:
        return number
    # The limit is checked before any seat is made.
    if len(template) + template.count(PLACEHOLDER) * (len(number) - len(PLACEHOLDER)) > LONGEST_NAME:
        raise HallError(pointer, f"makes labels of more than {LONGEST_NAME} characters")
    return template.replace(PLACEHOLDER, number)


def _size(plan: SeatingPlan, rows: list[dict[str, Any]]) -> tuple[float, float]:
    if plan.size:
        return plan.size.width, plan.size.height
    right, bottom = max(max(row["xs"]) for row in rows), max(max(row["ys"]) for row in rows)
    return max(right, 0) + MARGIN, max(bottom, 0) + MARGIN


def _check_storable(area: Any) -> None:
    # An area is kept as it came, so what a database or a JSON parser would choke on must be refused here.
    waiting = [(area, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST_AREA:
            raise ValueError("is nested too deeply")
        if isinstance(value, str) and "\0" in value:
            raise ValueError("has a character that cannot be kept")
        if isinstance(value, float) and not isfinite(value):
            raise ValueError("has a number that is not finite")
        if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise ValueError("has a number that is too large")
        if isinstance(value, dict):
            waiting.extend((one, depth + 1) for pair in value.items() for one in pair)
        elif isinstance(value, list):
            waiting.extend((one, depth + 1) for one in value)
