"""The feed of events, for operators and for programs that follow along."""

from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, Response
from pydantic import Field

from api.responses import respond
from api.routes import operation
from api.schemas.bookings import BookingAnswer
from api.schemas.types import MAX_ID, AnswerModel, QueryModel, Time
from core.db import snapshot, transaction
from core.errors import InvalidRequestError, UnavailableError
from core.events import service
from core.events.models import EventType

blueprint = Blueprint("events", __name__)


class EventsQuery(QueryModel):
    """Where in the feed to begin."""

    after: Annotated[int, Field(ge=0, le=MAX_ID)] = 0
    limit: int = Field(default=100, ge=1, le=1000)


class EventAnswer(AnswerModel):
    """An event as CloudEvents 1.0 has it, and its position in the feed."""

    position: int
    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: EventType
    subject: str
    time: Time
    datacontenttype: str
    data: BookingAnswer


class EventPage(AnswerModel):
    """Events in the feed's order; `next` is the `after` of the next page, also where this one is empty."""

    items: list[EventAnswer]
    next: int


@blueprint.get("/admin/events")
@operation(
    summary="Follow what becomes of bookings",
    description="Events in the order of the feed: `after` a position, none is ever missed.",
    tag="Admin: events",
    query=EventsQuery,
    returns={200: EventPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_events(query: EventsQuery) -> Response:
    """A page of the feed."""
    with transaction() as connection:
        service.place_events(connection)
    with snapshot() as connection:
        found = service.read_feed(connection, after=query.after, limit=query.limit)
    items: list[dict[str, Any]] = [{"position": item.position, **item.envelope} for item in found]
    return respond({"items": items, "next": found[-1].position if found else query.after})
