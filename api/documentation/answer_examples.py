"""Examples of answers, by model; and by operation and status where one is not its model's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.documentation.access_examples import ACCESS_ANSWERS
from api.documentation.database_examples import DATABASE
from api.documentation.key_examples import KEY_ANSWERS
from api.documentation.map_examples import MAP_ANSWERS
from api.documentation.payment_examples import PAID, PAYMENT_ANSWERS
from api.documentation.request_examples import (
    BOOKING_ID,
    REQUESTED_AT,
    SEATS,
    SHOW_ID,
    START_TIME,
    TICKET_CODE,
    URL,
    Examples,
)
from api.problems import explain_problem
from api.routes.pages import INDEX
from api.schemas import bookings, events, operations, pages, shows, webhooks
from core.bookings.errors import HoldExpiredError
from core.events.models import EventType
from core.events.service import SOURCE, wrap
from core.webhooks.rules import TEST_TYPE, Outcome
from core.webhooks.testing import SOURCE as TEST_SOURCE

RIVAL_ID = "019b0c2e-7a10-7d21-8f44-5b1e90c3d7a6"
EVENT_ID = "019b0c2e-7b4f-7d21-9a63-0c5e8f17d2a4"
SETTLED_AT, HELD_UNTIL = "2026-06-01T10:00:01Z", "2026-06-01T10:02:00Z"

_PENDING = {
    "id": BOOKING_ID,
    "show_id": SHOW_ID,
    "seats": SEATS,
    "status": "PENDING",
    "hold": False,
    "held": False,
    "hold_expires_at": None,
    "wants": "acquire",
    "failure": None,
    "customer": None,
    "ticket_code": None,
    "amount": 6000,
    "currency": "EUR",
    "payment": None,
    "created_at": REQUESTED_AT,
    "updated_at": REQUESTED_AT,
}
_SETTLED = {**_PENDING, "wants": None, "updated_at": SETTLED_AT}
_CONFIRMED = {**_SETTLED, "status": "CONFIRMED", "ticket_code": TICKET_CODE}
_CANCELLED = {**_SETTLED, "status": "CANCELLED"}
_FAILED = {**_SETTLED, "status": "FAILED", "failure": {"code": "seats_unavailable", "seats": SEATS[:1]}}
_HELD = {**_SETTLED, "hold": True, "held": True, "hold_expires_at": HELD_UNTIL}
_SHOW = {
    "id": SHOW_ID,
    "name": "Hamlet",
    "start_time": START_TIME,
    "total_seats": 500,
    "created_at": REQUESTED_AT,
    "status": "on_sale",
    "currency": "EUR",
    "price": 0,
    "hold_seconds": 300,
    "max_seats_per_booking": 10,
    "max_seats_per_customer": None,
    "max_held_seats_per_client": 20,
    "sales_open_at": None,
    "sales_close_at": None,
    "cancel_until": None,
    "payment_required": False,
    "time_zone": "Europe/London",
    "focus": None,
    "sections": [
        {
            "name": "Stalls",
            "numbered": True,
            "capacity": 200,
            "rows": 10,
            "seats_per_row": 20,
            "price": 4500,
            "price_max": 4500,
        },
        {
            "name": "Standing",
            "numbered": False,
            "capacity": 300,
            "rows": None,
            "seats_per_row": None,
            "price": 2500,
            "price_max": 2500,
        },
    ],
    "seats": {"available": 490, "held": 4, "booked": 6},
}
_ENDPOINT = {
    "id": 1,
    "url": URL,
    "description": "The box office",
    "types": ["BOOKING_CONFIRMED", "BOOKING_CANCELLED"],
    "enabled": True,
    "disabled_reason": None,
    "old_secret_until": None,
    "waiting": 0,
    "delivered": 12,
    "failed": 1,
    "given_up": 0,
    "paused_until": None,
    "last_success_at": SETTLED_AT,
    "last_error": "HTTP 503",
    "last_error_at": REQUESTED_AT,
    "created_at": REQUESTED_AT,
}
_DELIVERY = {
    "id": 4711,
    "event_id": EVENT_ID,
    "type": EventType.BOOKING_CONFIRMED.value,
    "booking_id": BOOKING_ID,
    "event_time": SETTLED_AT,
    "attempt": 1,
    "status": Outcome.DELIVERED.value,
    "status_code": 204,
    "error": None,
    "sent_at": "2026-06-01T10:00:01.412Z",
    "took_milliseconds": 38,
    "next_attempt_at": None,
}
# What a booking has become when its event is made.
_AFTER = {
    EventType.BOOKING_HELD: _HELD,
    EventType.BOOKING_CONFIRMED: _CONFIRMED,
    EventType.BOOKING_FAILED: _FAILED,
    EventType.BOOKING_CANCELLED: _CANCELLED,
}


def make_event(type_: EventType) -> dict[str, Any]:
    """An event of this type, as a webhook carries it."""
    return _wrap(_AFTER[type_], source=SOURCE, type_=type_.value, subject=BOOKING_ID)


def make_test() -> dict[str, Any]:
    """The test of an endpoint, as its webhook carries it."""
    return _wrap({"endpoint_id": 1, "test": True}, source=TEST_SOURCE, type_=TEST_TYPE, subject="1")


def _wrap(data: dict[str, Any], *, source: str, type_: str, subject: str) -> dict[str, Any]:
    event = wrap(
        data,
        id_=UUID(EVENT_ID),
        source=source,
        type_=type_,
        subject=subject,
        time=datetime.fromisoformat(SETTLED_AT),
    )
    return {**event, "time": SETTLED_AT}


ANSWERS: dict[type[BaseModel], Examples] = {
    **KEY_ANSWERS,
    **PAYMENT_ANSWERS,
    **MAP_ANSWERS,
    shows.ShowAnswer: {"show": _SHOW},
    shows.ShowPage: {"page": {"items": [_SHOW], "next": None}},
    bookings.BookingAnswer: {"booking": _PENDING},
    bookings.BatchAnswer: {"bookings": {"bookings": [_PENDING]}},
    bookings.BookingList: {"bookings": {"items": [_CONFIRMED]}},
    bookings.BookingPage: {"page": {"items": [_CONFIRMED], "next": None}},
    bookings.BookingHistory: {
        "history": {
            "booking_id": BOOKING_ID,
            "items": [
                {
                    "at": REQUESTED_AT,
                    "change": "BOOKING_ACCEPTED",
                    "status": "PENDING",
                    "why": "asked for",
                    "client": "key:7",
                    "request_id": "5f0c2d7e9b3a4c61a8e2f4d0b7c91e35",
                    "rivals": [],
                },
                {
                    "at": SETTLED_AT,
                    "change": "BOOKING_FAILED",
                    "status": "FAILED",
                    "why": "seats_unavailable",
                    "client": None,
                    "request_id": None,
                    "rivals": [{"seat_number": "12", "booking_id": RIVAL_ID}],
                },
            ],
        }
    },
    events.EventPage: {
        "page": {"items": [{**make_event(EventType.BOOKING_CONFIRMED), "position": 1}], "next": "WzFd"}
    },
    webhooks.EndpointAnswer: {"endpoint": _ENDPOINT},
    webhooks.EndpointList: {"endpoints": {"items": [_ENDPOINT]}},
    webhooks.NewSecretAnswer: {
        "endpoint": {**_ENDPOINT, "secret": "whsec_c2VhdGxpbmUtZXhhbXBsZS1zZWNyZXQtMzItYnl0ZXM="}
    },
    webhooks.DeliveryAnswer: {"delivery": _DELIVERY},
    webhooks.DeliveryPage: {"page": {"items": [_DELIVERY], "next": None}},
    **ACCESS_ANSWERS,
    pages.ServiceIndex: {"index": INDEX},
    pages.ProblemType: {"problem": explain_problem(HoldExpiredError)},
    pages.ProblemTypes: {"problems": {"items": [explain_problem(HoldExpiredError)]}},
    operations.Alive: {"alive": {"status": "ok"}},
    operations.Ready: {"ready": {"status": "ok", "database": "up", "redis": "up"}},
    operations.Stats: {
        "stats": {
            "shows": {"total": 3, "on_sale": 2},
            "seats": {"available": 1710, "held": 4, "booked": 28},
            "waiting": {"acquire": 2, "confirm": 0, "cancel": 0, "oldest_seconds": 0.2},
            "payments": [{"show_id": SHOW_ID, "currency": "EUR", "revenue": 168000, "refunds": 6000}],
            "last_minute": {"BOOKING_CONFIRMED": 12, "BOOKING_FAILED": 1},
        }
    },
    operations.DatabaseStats: {"database": DATABASE},
}
# Where an operation's answer is not its model's.
OUTCOMES: dict[tuple[str, int], Examples] = {
    ("create_booking", 201): {"confirmed": _CONFIRMED, "failed": _FAILED, "held": _HELD},
    ("create_bookings", 201): {"bookings": {"bookings": [_CONFIRMED]}},
    ("get_ticket", 200): {"confirmed": _CONFIRMED},
    ("get_booking", 200): {"confirmed": _CONFIRMED, "failed": _FAILED, "held": _HELD},
    ("confirm_booking", 202): {"waiting": {**_HELD, "wants": "confirm"}},
    ("confirm_booking", 200): {"confirmed": {**_CONFIRMED, "hold": True}},
    ("extend_booking", 200): {"held": _HELD},
    ("cancel_booking", 202): {"waiting": {**_CONFIRMED, "wants": "cancel"}},
    ("cancel_booking", 200): {"cancelled": _CANCELLED},
    ("cancel_show", 202): {"show": {**_SHOW, "status": "cancelled"}},
    ("cancel_show", 200): {"show": {**_SHOW, "status": "cancelled"}},
    ("refund_booking", 202): {
        "booking": {**_CONFIRMED, "hold": True, "payment": {**PAID, "status": "refund_pending"}}
    },
    ("test_endpoint", 202): {
        "waiting": {
            **_DELIVERY,
            "type": TEST_TYPE,
            "booking_id": None,
            "status": Outcome.WAITING.value,
            "status_code": None,
            "sent_at": None,
            "took_milliseconds": None,
        }
    },
    ("create_show", 201): {"show": {**_SHOW, "seats": {"available": 500, "held": 0, "booked": 0}}},
}
# What is no JSON, by operation.
TEXTS: dict[str, Examples] = {
    "follow_show": {"event": 'event: seats\nid: 17\ndata: {"A-1-1":"held"}\n\n'},
    "get_metrics": {"metrics": 'seatline_http_requests_total{route="/shows",status="200"} 12.0\n'},
}
