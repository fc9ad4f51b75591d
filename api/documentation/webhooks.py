"""What is sent to webhook endpoints, as the document's `webhooks`."""

from typing import Any

from pydantic import BaseModel

from api.documentation.answer_examples import make_event, make_test
from api.documentation.components import refer
from api.schemas.events import BookingEvent, EndpointTest
from core.events.models import EventType
from core.events.publisher import CONTENT_TYPE
from core.webhooks.rules import TEST_TYPE

SUMMARIES = {
    EventType.BOOKING_HELD: "A booking's seats are held",
    EventType.BOOKING_CONFIRMED: "A booking's seats are its own",
    EventType.BOOKING_FAILED: "A booking got no seats, or lost its hold",
    EventType.BOOKING_CANCELLED: "A booking gave its seats back",
}
DESCRIPTION = (
    "Sent to every endpoint that is registered for it, at least once, and in order for one booking. Verify"
    " the signature as Standard Webhooks says, and answer within ten seconds."
)
HEADERS = {
    "webhook-id": "the event's `id`, the same each time that it is sent: go by it to do things once",
    "webhook-timestamp": "when this attempt was made, in seconds since 1970; refuse what is minutes old",
    "webhook-signature": "`v1,` and the base64 of an HMAC-SHA256 by the endpoint's secret, over id, timestamp"
    " and body, joined by dots; while a secret is replaced, one of each, separated by a space",
}
ANSWERS = {
    "2XX": "Taken.",
    "410": "No more of it: the endpoint is turned off.",
    "default": "Not taken, and tried again for three days, ever more rarely; `Retry-After` is heeded.",
}


def describe_webhooks() -> dict[str, Any]:
    """The path item of each event, by the event's type."""
    events = {
        type_.value: _describe(said, BookingEvent, make_event(type_)) for type_, said in SUMMARIES.items()
    }
    return events | {TEST_TYPE: _describe("A test that somebody asked for", EndpointTest, make_test())}


def refer_to_webhooks() -> dict[str, Any]:
    """References to the path items. Written out here, clients would be generated that send the webhooks."""
    return {name: {"$ref": f"#/components/pathItems/{name}"} for name in describe_webhooks()}


def _describe(summary: str, model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    described = {
        "summary": summary,
        "description": DESCRIPTION,
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": said,
                "schema": {"type": "string"},
            }
            for name, said in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "description": model.__doc__,
            "content": {CONTENT_TYPE: {"schema": refer(model), "example": example}},
        },
        "responses": {status: {"description": said} for status, said in ANSWERS.items()},
    }
    return {"post": described}
