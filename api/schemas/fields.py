"""Fields that stand in several requests and answers: what each is, and within which bounds, said once."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.schemas.types import MAX_ID, MAX_PRICE, SeatNumber, Time
from core.halls.limits import MAX_SEATS

# Numbers that may be beyond 32 bits: clients in typed languages go by it.
INT64: dict[str, Any] = {"format": "int64"}
# JavaScript counts no further.
MAX_VERSION = 2**53 - 1

ShowId = Annotated[int, Field(ge=1, le=MAX_ID, description="the show's id", json_schema_extra=INT64)]
BookingId = Annotated[UUID, Field(description="the booking's id, which is also the key to it")]
Version = Annotated[
    int,
    Field(
        ge=0,
        le=MAX_VERSION,
        description="the version of the show's seat map, which grows with every change of a seat",
        json_schema_extra=INT64,
    ),
]
Since = Annotated[int, Field(ge=0, le=MAX_ID, json_schema_extra=INT64)]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", description="the currency, by ISO 4217")]
Amount = Annotated[int, Field(ge=0, le=MAX_PRICE * MAX_SEATS, json_schema_extra=INT64)]
# Figures that only grow.
Count = Annotated[int, Field(ge=0, json_schema_extra=INT64)]
SeatNumbers = Annotated[list[SeatNumber], Field(description="the seats' numbers")]
CreatedAt = Annotated[Time, Field(description="when it was made")]
Next = Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]
Cursor = Annotated[str | None, Field(description="`next` of the page before; without, the first page")]
