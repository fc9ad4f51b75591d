"""Events: as webhooks carry them, and in the feed."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.bookings import BookingAnswer
from api.schemas.fields import INT64
from api.schemas.types import WHOLE_NUMBER, AnswerModel, QueryModel, Time, leave_out
from core.events.models import EventType


class EventsQuery(QueryModel):
    """Where in the feed to begin."""

    after: str | None = Field(
        default=None,
        description="`next` of the answer before, or an event's `position`; else from the beginning",
    )
    limit: Annotated[int, Field(ge=1, le=1000, description="events a page"), WHOLE_NUMBER] = 100


class CloudEvent(AnswerModel):
    """An event in the JSON format of CloudEvents 1.0."""

    specversion: Literal["1.0"] = Field(description="the version of CloudEvents")
    id: UUID = Field(description="the event's id, the same each time that it is sent")
    source: str = Field(description="where it happened")
    type: str = Field(description="what happened")
    subject: str = Field(description="the id of what it happened to")
    time: Time = Field(description="when it happened")
    datacontenttype: Literal["application/json"] = Field(description="what `data` is")


class BookingEvent(CloudEvent):
    """What became of a booking, in the JSON format of CloudEvents 1.0."""

    type: EventType = Field(description="what happened")
    subject: str = Field(description="the booking's id")
    data: BookingAnswer = Field(description="the booking as it was then")
    traceparent: str = Field(
        default_factory=leave_out,
        description="the trace of the request that it came of (W3C Trace Context), where that was sampled",
    )


class EndpointTested(AnswerModel):
    """Which endpoint was tested."""

    endpoint_id: int = Field(ge=1, description="the endpoint's id", json_schema_extra=INT64)
    test: Literal[True] = Field(description="that nothing happened")


class EndpointTest(CloudEvent):
    """A test of a webhook endpoint, of no booking, in the JSON format of CloudEvents 1.0."""

    type: Literal["ENDPOINT_TEST"] = Field(description="that it is a test")
    subject: str = Field(description="the endpoint's id")
    data: EndpointTested = Field(description="what was tested")


class FeedEvent(BookingEvent):
    """An event, and its position in the feed."""

    position: int = Field(ge=1, description="its place in the feed", json_schema_extra=INT64)


class EventPage(AnswerModel):
    """Events in the feed's order."""

    items: list[FeedEvent] = Field(description="the events")
    next: str = Field(description="the `after` of the next page, also where this one is empty")
