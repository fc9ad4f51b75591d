"""Requests and answers about webhook endpoints."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.schemas.fields import INT64, Count, CreatedAt, Cursor, Next
from api.schemas.types import WHOLE_NUMBER, AnswerModel, QueryModel, RequestModel, Time, leave_out
from core.events.models import EventType
from core.texts import NAME, TEXT, TRIMMED
from core.webhooks.rules import TEST_TYPE, Outcome

Url = Annotated[
    str, Field(min_length=1, max_length=2000, description="the https:// or http:// address to POST to"), TEXT
]
Description = Annotated[str, TRIMMED, Field(max_length=200), NAME]
# Both come as text, which a strict model takes for neither.
Type = Annotated[EventType, Field(strict=False)]
Id = Annotated[UUID, Field(strict=False)]
Types = Annotated[list[Type], Field(min_length=1, max_length=len(EventType))]

TYPES = "which events; null: all of them"
NOTE = "a note of yours; null: none"
ENABLED = "whether it is told of events"


class EndpointRequest(RequestModel):
    """An address that is to be told of events."""

    url: Url
    types: Types | None = Field(default=None, description=TYPES)
    description: Description | None = Field(default=None, description=NOTE)


class EndpointChange(RequestModel):
    """What is to change; what is not named stays."""

    url: Url = Field(default_factory=leave_out)
    types: Types | None = Field(default=None, description=TYPES)
    description: Description | None = Field(default=None, description=NOTE)
    enabled: bool = Field(default_factory=leave_out, description=ENABLED)

    @model_validator(mode="after")
    def _change_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def to_changes(self) -> dict[str, Any]:
        """What was named."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class ReplayRequest(RequestModel):
    """Where to begin: with the first event of a time or later, or with an event by its id."""

    from_time: Time | None = Field(default=None, description="events of then or later; else give `from_id`")
    from_id: Id | None = Field(
        default=None, description="the id of the first event, which is sent too; else give `from_time`"
    )

    @model_validator(mode="after")
    def _begin_in_one_way(self) -> Self:
        if (self.from_time is None) == (self.from_id is None):
            raise ValueError("give either from_time or from_id")
        return self


class EndpointAnswer(AnswerModel):
    """An endpoint and how it does.

    `waiting` deliveries are queued, `delivered` were taken, `failed` attempts were not, `given_up` deliveries
    failed for three days. An endpoint that is down is left alone until `paused_until`.
    """

    id: int = Field(ge=1, description="the endpoint's id", json_schema_extra=INT64)
    url: str = Field(description="the address that is posted to")
    description: str | None = Field(description=NOTE)
    types: list[EventType] | None = Field(description=TYPES)
    enabled: bool = Field(description=ENABLED)
    disabled_reason: str | None = Field(
        description="`gone`: it answered 410; `operator`: turned off; null: it is not off"
    )
    old_secret_until: Time | None = Field(
        description="until then deliveries are signed with the secret before as well; null: they are not"
    )
    waiting: Count = Field(description="deliveries that are queued")
    delivered: Count = Field(description="deliveries that it took")
    failed: Count = Field(description="attempts that it did not take")
    given_up: Count = Field(description="deliveries that failed for three days")
    paused_until: Time | None = Field(description="until then it is left alone; null: it is not")
    last_success_at: Time | None = Field(description="when it took a delivery last; null: never")
    last_error: str | None = Field(description="why an attempt failed last; null: none did")
    last_error_at: Time | None = Field(description="when that was; null: never")
    created_at: CreatedAt


class NewSecretAnswer(EndpointAnswer):
    """An endpoint with the secret just made for it, which is not shown again."""

    secret: str = Field(description="`whsec_…`, as Standard Webhooks has it")


class EndpointList(AnswerModel):
    """All endpoints, the oldest first."""

    items: list[EndpointAnswer] = Field(description="the endpoints")


class DeliveriesQuery(QueryModel):
    """Which attempts an operator wants to see."""

    status: Outcome | None = Field(default=None, description="only those that came to this")
    limit: Annotated[int, Field(ge=1, le=200, description="attempts a page"), WHOLE_NUMBER] = 50
    cursor: Cursor = None


class DeliveryAnswer(AnswerModel):
    """One attempt to tell an endpoint of an event, or a test that waits for it."""

    id: int = Field(
        ge=1, description="higher than that of any attempt noted before it", json_schema_extra=INT64
    )
    event_id: UUID = Field(description="the event's `id`, and so its `webhook-id`")
    type: str = Field(description=f"the event's type; `{TEST_TYPE}`: a test")
    booking_id: UUID | None = Field(description="the event's booking; null: a test, which is of none")
    event_time: Time = Field(description="when what the event tells of happened, its `time`")
    attempt: int = Field(ge=1, description="which attempt at this event it was")
    status: Outcome = Field(
        description=(
            "`delivered`: answered 2xx. `failed`: any other answer, or none; tried again, but for a test. "
            "`given_up`: failed for three days. `gone`: answered 410. `waiting`: a test without an answer yet"
        )
    )
    status_code: int | None = Field(description="the HTTP status of the answer; null: there was none")
    error: str | None = Field(description="what was wrong, in words; null where nothing was")
    sent_at: Time | None = Field(description="when it was sent; null: a test that has yet to be")
    took_milliseconds: int | None = Field(
        ge=0, description="how long that took, connecting included; null while it waits"
    )
    next_attempt_at: Time | None = Field(
        description="the earliest time of the next attempt; null where there is to be none"
    )


class DeliveryPage(AnswerModel):
    """What an endpoint was sent, the last first."""

    items: list[DeliveryAnswer] = Field(description="the attempts of this page")
    next: Next
