"""Examples of requests: each is good as it stands, beside the demo show of `make run`."""

from typing import Any

from pydantic import BaseModel

from api.schemas import bookings, keys, payments, shows, webhooks
from api.schemas.types import EmptyBody

# By name, which is shown where there are several.
Examples = dict[str, Any]

SHOW_ID, SEATS = 1, ["A-1-1", "A-1-2"]
BOOKING_ID = "019b0c2e-7a10-7c35-8f0e-4d2a91c6b573"
TICKET_CODE = "008P-BM93-F613-APXB-051A"
REQUESTED_AT, START_TIME = "2026-06-01T10:00:00Z", "2099-01-10T19:30:00Z"
URL = "https://receiver.example/seatline"
KEY_EXPIRES_AT = "2099-12-31T23:00:00Z"

# Examples of path parameters and of required query parameters.
PARAMETERS: Examples = {
    "show_id": SHOW_ID,
    "booking_id": BOOKING_ID,
    "endpoint_id": 1,
    "key_id": 1,
    "ticket_code": TICKET_CODE,
    "provider": "sandbox",
    "code": "hold_expired",
    "ids": BOOKING_ID,
    "quantity": 2,
}

_BY_SEATS = {"show_id": SHOW_ID, "seats": SEATS}
_BY_QUANTITY = {"show_id": SHOW_ID, "quantity": 2, "section": "Block B"}
PLAN = {
    "name": "Studio",
    "size": {"width": 120, "height": 80},
    "categories": [{"name": "Front", "color": "#1d3557"}],
    "zones": [
        {
            "name": "Floor",
            "position": {"x": 20, "y": 40},
            "rows": [
                {
                    "row_number": "1",
                    "position": {"x": 0, "y": 0},
                    "seats": [
                        {
                            "seat_guid": f"Floor-1-{number}",
                            "seat_number": str(number),
                            "position": {"x": 30 * number, "y": 0},
                            "category": "Front",
                        }
                        for number in (1, 2)
                    ],
                }
            ],
            "areas": [],
        }
    ],
}

REQUESTS: dict[type[BaseModel], Examples] = {
    EmptyBody: {"nothing": {}},
    shows.ShowRequest: {
        "total_seats": {"name": "Hamlet", "start_time": START_TIME, "total_seats": 120, "price": 2500},
        "sections": {
            "name": "Hamlet",
            "start_time": START_TIME,
            "sections": [
                {"name": "Stalls", "rows": 10, "seats_per_row": 20, "price": 4500},
                {"name": "Standing", "capacity": 300, "price": 2500},
            ],
            "hold_seconds": 300,
        },
        "seating_plan": {
            "name": "Hamlet",
            "start_time": START_TIME,
            "seating_plan": PLAN,
            "prices": {"Front": 4500},
        },
    },
    shows.ShowChanges: {"change": {"max_seats_per_booking": 6, "max_seats_per_customer": None}},
    bookings.BookingRequest: {
        "seats": _BY_SEATS,
        "quantity": _BY_QUANTITY,
        "hold": {**_BY_QUANTITY, "hold": True, "customer": "customer-4711"},
    },
    bookings.BatchRequest: {"batch": {"bookings": [_BY_SEATS, _BY_QUANTITY]}},
    payments.PaymentRequest: {
        "page": {"return_url": "https://tickets.example/thanks"},
        "own_page": {"method": "elements"},
    },
    payments.RefundRequest: {"all": {}, "some": {"amount": 2500}},
    webhooks.EndpointRequest: {
        "some": {
            "url": URL,
            "types": ["BOOKING_CONFIRMED", "BOOKING_CANCELLED"],
            "description": "The box office",
        }
    },
    webhooks.EndpointChange: {"change": {"enabled": True}},
    webhooks.ReplayRequest: {"since": {"from_time": REQUESTED_AT}},
    keys.KeyRequest: {
        "partner": {
            "name": "Partner: tickets.example",
            "role": "partner",
            "expires_at": KEY_EXPIRES_AT,
            "rate_limit": "6000/minute",
        },
        "box_office": {"name": "Box office, window 3", "role": "box_office"},
    },
    keys.KeyRotation: {"in_a_day": {"overlap_seconds": 86_400}, "at_once": {}},
}
