"""Plans drawn for the tests of what their audience looks at."""

import random
from collections.abc import Callable, Sequence
from math import cos, pi, radians, sin
from typing import Any

from core.halls.build import Hall, build_hall
from core.halls.focus import Focus
from core.halls.normal import normalise_plan
from core.halls.plans import SeatingPlan

Place = tuple[float, float]
Row = tuple[str | None, list[Place]]
Name = Callable[[int, int], str | None]

SIZE = 1000.0
# A quarter of a turn to the right, so many times, brings what was at the top there.
TURNS = {"top": 0, "right": 90, "bottom": 180, "left": 270}
SIDES: dict[str, Place] = {"top": (500, 0), "right": (1000, 500), "bottom": (500, 1000), "left": (0, 500)}


def unnamed(row: int, rows: int) -> None:
    """A row without a name."""


def numbered(row: int, rows: int) -> str:
    return str(row + 1)


def lettered(row: int, rows: int) -> str:
    # As theatres do it, without I and O, and AA after Z.
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return letters[row % len(letters)] * (1 + row // len(letters))


def called(row: int, rows: int) -> str:
    return f"Parkett 2, Reihe {row + 1}"


def block(rows: int, seats: int, *, top: float = 250, name: Name = unnamed, middle: float = 500) -> list[Row]:
    """Straight rows before the top, the first in front."""
    left = middle - (seats - 1) * 12
    return [
        (name(row, rows), [(left + 24 * seat, top + 32 * row) for seat in range(seats)])
        for row in range(rows)
    ]


def fan(rows: int, seats: int, *, spread: float = 40, at: float = 90, name: Name = unnamed) -> list[Row]:
    """Rows on arcs around the middle of the top, the first in front."""
    angles = [radians(at - spread + 2 * spread * seat / (seats - 1)) for seat in range(seats)]
    return [
        (name(row, rows), [(500 + (250 + 32 * row) * cos(a), (250 + 32 * row) * sin(a)) for a in angles])
        for row in range(rows)
    ]


def turn(rows: Sequence[Row], degrees: float) -> list[Row]:
    """The rows, turned to the right about the middle of the plan."""
    c, s = round(cos(radians(degrees)), 9), round(sin(radians(degrees)), 9)
    middle = SIZE / 2

    def move(x: float, y: float) -> Place:
        return middle + (x - middle) * c - (y - middle) * s, middle + (x - middle) * s + (y - middle) * c

    return [(name, [move(*place) for place in row]) for name, row in rows]


def jolt(rows: Sequence[Row], by: float) -> list[Row]:
    """The rows as if placed by hand."""
    chance = random.Random(7)
    return [
        (name, [(x + chance.uniform(-by, by), y + chance.uniform(-by, by)) for x, y in row])
        for name, row in rows
    ]


def rectangle(x: float, y: float, width: float, height: float, **more: Any) -> dict[str, Any]:
    extent = {"width": width, "height": height}
    return {"shape": "rectangle", "position": {"x": x, "y": y}, "rectangle": extent, **more}


def label(text: str) -> dict[str, Any]:
    return {"text": {"text": text, "size": 16, "position": {"x": 0, "y": 0}}}


def hall_of(
    *zones: Sequence[Row],
    areas: Sequence[dict[str, Any]] = (),
    focus: Focus | None = None,
    size: float = SIZE,
) -> Hall:
    """The hall of a plan; its seats are called by zone, row and place, counted from 0."""
    drawn = [
        {
            "name": f"Zone {index}",
            "rows": [
                {
                    "row_number": name,
                    "seats": [
                        {"seat_guid": f"{index}-{row}-{place}", "position": {"x": x, "y": y}}
                        for place, (x, y) in enumerate(seats)
                    ],
                }
                for row, (name, seats) in enumerate(rows)
            ],
        }
        for index, rows in enumerate(zones)
    ]
    drawn.append({"areas": list(areas)})
    plan = {"size": {"width": size, "height": size}, "zones": drawn}
    normal = normalise_plan(SeatingPlan.model_validate(plan), {})
    return build_hall({"plan": normal, "focus": focus})


def ring(radius: float, seats: int) -> Row:
    return None, [
        (500 + radius * cos(2 * pi * seat / seats), 500 + radius * sin(2 * pi * seat / seats))
        for seat in range(seats)
    ]
