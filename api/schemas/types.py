"""The kinds of values that requests are made of."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from core.halls.limits import LONGEST_NAME, LONGEST_SECTION
from core.shows.currencies import check_currency
from core.texts import NAME, TEXT, TRIMMED

MAX_ID = 2**63 - 1
MAX_PRICE = 100_000_000
# .NET writes seven digits of a second, Java and Go nine.
RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII)
_OFFSET = re.compile(r"[Zz]|[+-]([01]\d|2[0-3]):[0-5]\d", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 9990
# What HTTP means by a number, where int() and float() would also take 1_0, +1 and spaces.
WHOLE = re.compile(r"-?[0-9]{1,30}", re.ASCII)
DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)


class RequestModel(BaseModel):
    """A request: no conversion of types, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class QueryModel(BaseModel):
    """A query string: its values come as text."""

    # Requests without a query share one.
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerModel(BaseModel):
    """An answer, for the document only; clients are to expect fields that it does not name."""


def leave_out() -> Any:
    """What a field that was not named has for a value: nothing reads it."""
    return None


class OptionalBody(RequestModel):
    """An optional request body: all of its fields are optional."""


class EmptyBody(OptionalBody):
    """No body, or an empty object."""


def parse_time(value: Any) -> datetime:
    """An RFC 3339 time, in UTC, cut to microseconds. Raises ValueError."""
    found = RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be an RFC 3339 time with an offset, such as 2027-01-10T19:30:00Z")
    date, clock, fraction, offset = found.groups(default="")
    if clock.endswith(":60"):
        raise ValueError("must not be in a leap second: write the second before or after it")
    if not _TIME_OF_DAY.fullmatch(clock):
        raise ValueError("must have a time of day from 00:00:00 to 23:59:59")
    if not _OFFSET.fullmatch(offset):
        raise ValueError("must have an offset from -23:59 to +23:59")
    try:
        time = datetime.fromisoformat(f"{date}T{clock}{fraction[:7]}{offset.upper()}")
    except ValueError as error:
        raise ValueError("must have a day that is in the calendar") from error
    # Both: beyond the calendar there is no time in UTC.
    if not (FIRST_YEAR <= time.year <= LAST_YEAR and FIRST_YEAR <= time.astimezone(UTC).year <= LAST_YEAR):
        raise ValueError(f"must be of a year from {FIRST_YEAR} to {LAST_YEAR}, in UTC")
    return time.astimezone(UTC)


def _check_whole(value: Any) -> Any:
    return _match(WHOLE, value, "must be a whole number, of digits alone")


def _check_decimal(value: Any) -> Any:
    return _match(DECIMAL, value, "must be a number, of digits and perhaps a point")


def _match(form: re.Pattern[str], value: Any, otherwise: str) -> Any:
    if isinstance(value, str) and not form.fullmatch(value):
        raise ValueError(otherwise)
    return value


Time = Annotated[
    datetime, BeforeValidator(parse_time), WithJsonSchema({"type": "string", "format": "date-time"})
]
# Numbers of a query, which is text.
WHOLE_NUMBER, DECIMAL_NUMBER = BeforeValidator(_check_whole), BeforeValidator(_check_decimal)
# Ids of seats and customers are opaque, and compared as they were sent.
SeatNumber = Annotated[str, Field(min_length=1, max_length=300), TEXT]
Customer = Annotated[str, Field(min_length=1, max_length=128), TEXT]
SectionName = Annotated[str, TRIMMED, Field(min_length=1, max_length=LONGEST_SECTION), NAME]
ShowName = Annotated[str, TRIMMED, Field(min_length=1, max_length=200), NAME]
# Not trimmed here: of two names that are then one, the first price would be lost without a word.
CategoryName = Annotated[str, Field(max_length=LONGEST_NAME), NAME]
Price = Annotated[int, Field(ge=0, le=MAX_PRICE, description="in minor units of the currency")]
Currency = Annotated[
    str,
    Field(pattern="^[A-Z]{3}$", description="ISO 4217, of a currency that has minor units"),
    AfterValidator(check_currency),
]
