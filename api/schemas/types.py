"""The kinds of values that requests are made of."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from core.halls.limits import LONGEST_SECTION

MAX_ID = 2**63 - 1
MAX_PRICE = 100_000_000
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 9990


class RequestModel(BaseModel):
    """A request: no conversion of types, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class QueryModel(BaseModel):
    """A query string: its values come as text."""

    # Requests without a query share one.
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerModel(BaseModel):
    """An answer, for the document only."""

    model_config = ConfigDict(extra="forbid")


def leave_out() -> Any:
    """What a field that was not named has for a value: nothing reads it."""
    return None


class EmptyBody(RequestModel):
    """No body, or an empty object."""


def parse_time(value: Any) -> datetime:
    """An RFC 3339 time, in UTC. Raises ValueError."""
    if isinstance(value, str) and RFC_3339.fullmatch(value):
        time = datetime.fromisoformat(value.upper())
        if FIRST_YEAR <= time.year <= LAST_YEAR:
            return time.astimezone(UTC)
    raise ValueError("must be an RFC 3339 time with an offset, such as 2027-01-10T19:30:00Z")


def _check_printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must not have control characters")
    return value


Time = Annotated[
    datetime, BeforeValidator(parse_time), WithJsonSchema({"type": "string", "format": "date-time"})
]
Text = Annotated[str, AfterValidator(_check_printable)]
SeatNumber = Annotated[Text, Field(min_length=1, max_length=300)]
SectionName = Annotated[Text, Field(min_length=1, max_length=LONGEST_SECTION)]
Customer = Annotated[Text, Field(min_length=1, max_length=128)]
Price = Annotated[int, Field(ge=0, le=MAX_PRICE, description="in minor units of the currency")]
