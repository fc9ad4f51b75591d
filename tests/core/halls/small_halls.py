"""Small halls in which the choice of seats is tested."""

from pathlib import Path
from typing import Any

from core.halls.build import Hall, build_hall
from core.halls.focus import Focus
from core.halls.normal import normalise_plan
from core.halls.plans import SeatingPlan

DEMO_FILE = Path(__file__).parents[3] / "local" / "halls" / "riethsporthalle-erfurt.json"
DEMO = build_hall({"plan": normalise_plan(SeatingPlan.model_validate_json(DEMO_FILE.read_bytes()), {})})
STALLS = {"name": "Stalls", "rows": 3, "seats_per_row": 9, "price": 300}
CIRCLE = {"name": "Circle", "rows": 2, "seats_per_row": 9, "price": 200}
STANDING = {"name": "Standing", "capacity": 5, "price": 100}
TOP: Focus = {"x": 50, "y": 0}
GARDEN = {"name": "Garden", "capacity": 6, "price": 50}


def numbers(hall: Hall) -> list[str]:
    return [seat.seat_number for seat in hall.seats()]


def sections(*described: dict[str, Any]) -> Hall:
    return build_hall({"sections": list(described)})


def drawn(*rows: list[float], focus: Focus | None = TOP, areas: tuple[dict[str, Any], ...] = ()) -> Hall:
    """A hall of one zone whose rows, a hundred apart, have their seats at these places: "0-0", "0-1" …."""
    plan_rows = [
        {
            "row_number": str(index),
            "position": {"x": 0, "y": 100 * index},
            "seats": [
                {
                    "seat_guid": f"{index}-{place}",
                    "seat_number": str(place),
                    "position": {"x": x, "y": 0},
                    "category": "A",
                }
                for place, x in enumerate(row)
            ],
        }
        for index, row in enumerate(rows)
    ]
    zone = {"name": "Z", "position": {"x": 0, "y": 0}, "rows": plan_rows, "areas": list(areas)}
    size = {"width": 100, "height": 1000}
    plan = {"name": "P", "size": size, "categories": [{"name": "A"}], "zones": [zone]}
    return build_hall({"plan": normalise_plan(SeatingPlan.model_validate(plan), {}), "focus": focus})
