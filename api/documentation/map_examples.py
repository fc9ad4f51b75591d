"""Examples of answers about a show's seats: maps, suggestions, the layout, by model."""

from typing import Any

from pydantic import BaseModel

from api.documentation.request_examples import PLAN, SEATS, SHOW_ID, Examples
from api.schemas import seats

_MAP = {"show_id": SHOW_ID, "version": 17}
_FRAME = {
    "show_id": SHOW_ID,
    "size": PLAN["size"],
    "areas": [],
    "categories": [{"name": "Front", "color": "#1d3557", "price": 4500}],
}
_SECTION = {"name": "Floor", "numbered": True, "capacity": 2}
_PLACED: list[dict[str, Any]] = [
    {
        "seat_number": f"Floor-1-{number}",
        "row": "1",
        "label": str(number),
        "x": 20 + 30 * number,
        "y": 40,
        "price": 4500,
        "category": "Front",
    }
    for number in (1, 2)
]
_COLUMNS = {
    **{name: [seat[name] for seat in _PLACED] for name in _PLACED[0]},
    "section": [0, 0],
    "category": [0, 0],
}

MAP_ANSWERS: dict[type[BaseModel], Examples] = {
    seats.SeatPage: {
        "page": {
            **_MAP,
            "seats": [
                {"seat_number": "A-1-1", "status": "held", "section": "Block A", "row": "1", "price": 3000},
                {
                    "seat_number": "A-1-2",
                    "status": "available",
                    "section": "Block A",
                    "row": "1",
                    "price": 3000,
                },
            ],
            "next": None,
        }
    },
    seats.AvailabilityAnswer: {
        "all": {**_MAP, "held": SEATS[:1], "booked": SEATS[1:]},
        "since": {**_MAP, "since": 16, "changes": {SEATS[0]: "held"}},
        "states": {**_MAP, "states": "CQ=="},
    },
    seats.SuggestionsAnswer: {
        "suggestions": {"version": 17, "suggestions": [{"seats": SEATS, "together": True, "amount": 6000}]}
    },
    seats.LayoutAnswer: {
        "layout": {**_FRAME, "sections": [{**_SECTION, "seats": _PLACED}]},
        "columns": {**_FRAME, "sections": [_SECTION], "seats": _COLUMNS},
    },
}
