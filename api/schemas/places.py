"""Where a show takes place: its hall as it was drawn, its time zone, what its audience looks at."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    with_config,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from api.schemas.types import AnswerModel
from core.halls.focus import SIDES
from core.halls.limits import MAX_AREAS, MAX_ROWS, MAX_SEATS
from core.halls.plans import Coordinate
from core.shows.time_zones import is_time_zone

PLAN = (
    f"a hall drawn in the pretix format, of at most {MAX_SEATS} seats, {MAX_ROWS} rows and {MAX_AREAS} areas"
)
PRICES = 'with seating_plan: by category; those of seats without one by ""'
TIME_ZONE = (
    "the IANA time zone that the show takes place in, for who shows its times; they themselves are UTC"
)
FOCUS = (
    "what the audience looks at, from which the best seats are found: a side of the plan, or a place in it. "
    "null: the stage, field or screen that the plan draws and labels, else what its rows face. "
    "It is of the hall: it never changes"
)


def _check_time_zone(name: str) -> str:
    if not is_time_zone(name):
        raise ValueError("must be the name of an IANA time zone, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, AfterValidator(_check_time_zone), Field(description=TIME_ZONE)]


@with_config(ConfigDict(extra="forbid", strict=True))
class FocusPlace(TypedDict):
    """A place, in the plan's units; it may lie outside of the plan."""

    x: Annotated[Coordinate, Field(description="from left to right")]
    y: Annotated[Coordinate, Field(description="from top to bottom")]


def _take_side(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    # A union would tell of what each of its types misses.
    if isinstance(value, dict):
        return read(value)
    if isinstance(value, str) and value in SIDES:
        return value
    raise ValueError(f'must be one of {", ".join(SIDES)}, or {{"x": …, "y": …}}')


class _OrSide:
    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "enum": list(SIDES)}, handler(core_schema)]}


class Place(AnswerModel):
    """A place, in the plan's units."""

    x: float = Field(description="from left to right")
    y: float = Field(description="from top to bottom")


FocusField = Annotated[FocusPlace, WrapValidator(_take_side), _OrSide()]
FocusAnswer = Literal["top", "bottom", "left", "right"] | Place
