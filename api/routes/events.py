"""The feed of events, for operators and for programs that follow along."""

import re
from typing import Any, Literal
from uuid import UUID

from flask import Blueprint, Response
from pydantic import Field

from api.contract import operation
from api.paging import decode_cursor, encode_cursor
from api.responses import respond
from api.schemas.bookings import BookingAnswer
from api.schemas.types import MAX_ID, AnswerModel, QueryModel, Time
from core.errors import InvalidRequestError, UnavailableError
from core.events import service
from core.events.models import EventType
from core.infra.db import primary, transaction

blueprint = Blueprint("events", __name__)
NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)


class EventsQuery(QueryModel):
    """Where in the feed to begin."""

    after: str | None = Field(
        default=None,
        description="`next` of the answer before, or an event's `position`; else from the beginning",
    )
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
    next: str


@blueprint.get("/admin/events")
@operation(
    summary="Follow what becomes of bookings",
    description="Events in the feed's order. Keep `next`, and ask with it as `after`: none is ever missed.",
    tag="Admin: events",
    query=EventsQuery,
    returns={200: EventPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_events(query: EventsQuery) -> Response:
    """A page of the feed."""
    after = _find_position(query.after)
    with transaction() as connection:
        service.place_events(connection)
    with primary() as connection:
        found = service.read_feed(connection, after=after, limit=query.limit)
    items: list[dict[str, Any]] = [{"position": item.position, **item.envelope} for item in found]
    return respond({"items": items, "next": encode_cursor(found[-1].position if found else after)})


def _find_position(after: str | None) -> int:
    if after is None:
        return 0
    # A bare position: `next` was one before it became an opaque cursor, and clients have kept it.
    if NUMBER.fullmatch(after) and int(after) <= MAX_ID:
        return int(after)
    (position,) = decode_cursor(after, int, pointer="/after")
    return int(position)
