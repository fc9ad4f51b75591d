"""The feed of events, for operators and for programs that follow along."""

import re
from typing import Any

from flask import Blueprint

from api.contract import operation
from api.paging import decode_numbers, encode_cursor
from api.responses import Answer, respond
from api.schemas import events as schemas
from api.schemas.types import MAX_ID
from core.access.principals import Role
from core.errors import InvalidRequestError, UnavailableError
from core.events import service
from core.infra.slot_groups import list_groups

blueprint = Blueprint("events", __name__)
NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)


@blueprint.get("/admin/events")
@operation(
    role=Role.OPERATOR,
    summary="Follow what becomes of bookings",
    description="Events in the feed's order. Keep `next`, and ask with it as `after`: none is ever missed.",
    tag="Admin: events",
    query=schemas.EventsQuery,
    returns={200: schemas.EventPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_events(query: schemas.EventsQuery) -> Answer:
    """A page of the feed."""
    page = service.read_feed(_find_places(query.after), limit=query.limit)
    items: list[dict[str, Any]] = [{"position": item.position, **item.envelope} for item in page.items]
    return respond({"items": items, "next": encode_cursor(*page.places)})


def _find_places(after: str | None) -> list[int]:
    """Places in the feed, one a slot group."""
    if after is None:
        return []
    count = len(list_groups())
    # A bare position: `next` was one before it became an opaque cursor, and clients have kept it. It says
    # nothing of other groups.
    if count == 1 and NUMBER.fullmatch(after) and int(after) <= MAX_ID:
        return [int(after)]
    return decode_numbers(after, at_most=count, pointer="/after")
