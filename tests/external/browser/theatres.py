"""Halls of these tests' shows, and the names under which people find their seats."""

from typing import Any

STALLS: dict[str, Any] = {"name": "Stalls", "rows": 4, "seats_per_row": 6, "price": 4500}
CIRCLE: dict[str, Any] = {"name": "Circle", "rows": 2, "seats_per_row": 6, "price": 3000}
STANDING: dict[str, Any] = {"name": "Standing", "capacity": 20, "price": 2500}
# Every kind of section.
THEATRE: dict[str, Any] = {"name": "Hamlet", "sections": [STALLS, CIRCLE, STANDING]}
# Two seats.
BOX: dict[str, Any] = {
    "name": "Hamlet in a box",
    "sections": [{"name": "Box", "rows": 1, "seats_per_row": 2, "price": 4500}],
}
