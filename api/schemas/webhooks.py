"""Requests and answers about webhook endpoints."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.schemas.types import AnswerModel, RequestModel, Text, Time, leave_out
from core.events.models import EventType

Url = Annotated[Text, Field(min_length=1, max_length=2000)]
Description = Annotated[Text, Field(max_length=200)]
# Both come as text, which a strict model takes for neither.
Type = Annotated[EventType, Field(strict=False)]
Id = Annotated[UUID, Field(strict=False)]
Types = Annotated[
    list[Type],
    Field(min_length=1, max_length=len(EventType), description="which events; null: all of them"),
]


class EndpointRequest(RequestModel):
    """An address that is to be told of events."""

    url: Url
    types: Types | None = None
    description: Description | None = None


class EndpointChange(RequestModel):
    """What is to change; what is not named stays."""

    url: Url = Field(default_factory=leave_out)
    types: Types | None = None
    description: Description | None = None
    enabled: bool = Field(default_factory=leave_out)

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

    from_time: Time | None = None
    from_id: Id | None = None

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

    id: int
    url: str
    description: str | None
    types: list[EventType] | None
    enabled: bool
    disabled_reason: str | None = Field(description="`gone`: it answered 410; `operator`: turned off")
    old_secret_until: Time | None = Field(description="until then deliveries are signed by two secrets")
    waiting: int
    delivered: int
    failed: int
    given_up: int
    paused_until: Time | None
    last_success_at: Time | None
    last_error: str | None
    last_error_at: Time | None
    created_at: Time


class NewSecretAnswer(EndpointAnswer):
    """An endpoint with the secret just made for it, which is not shown again."""

    secret: str = Field(description="`whsec_…`, as Standard Webhooks has it")


class EndpointList(AnswerModel):
    """All endpoints, the oldest first."""

    items: list[EndpointAnswer]
