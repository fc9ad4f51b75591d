"""Halls as nobody builds them: so many seats all in one place, in one row, in a ring, or anywhere."""

import random
from collections.abc import Callable, Sequence
from math import cos, isqrt, pi, sin

from core.halls.build import Hall, build_hall

Place = tuple[float, float]
Arrangement = Callable[[int], Hall]


def draw(rows: Sequence[Sequence[Place]]) -> Hall:
    """The hall whose rows have their seats in these places, before a focus in the middle of its top."""
    described = [
        {
            "section": 0,
            "row": str(index),
            "numbers": [f"{index}-{place}" for place in range(len(row))],
            "labels": ["1"] * len(row),
            "xs": [x for x, _ in row],
            "ys": [y for _, y in row],
            "categories": [0] * len(row),
        }
        for index, row in enumerate(rows)
    ]
    category = {"name": "A", "color": None, "price": 1}
    plan = {"size": (1000, 1000), "areas": [], "categories": [category], "sections": ["Z"], "rows": described}
    return build_hall({"plan": plan, "focus": {"x": 500, "y": 0}})


def _alone(places: Sequence[Place]) -> Hall:
    return draw([[place] for place in places])


def _grid(seats: int) -> list[Place]:
    width = isqrt(seats)
    return [(24.0 * (seat % width), 24.0 * (seat // width)) for seat in range(seats)]


def _scattered(seats: int, *, within: float = 1e5) -> list[Place]:
    chance = random.Random(seats)
    return [(chance.uniform(-within, within), chance.uniform(-within, within)) for _ in range(seats)]


def _ring(seats: int) -> list[Place]:
    # Around the focus: all are as far away from it.
    angles = (2 * pi * seat / seats for seat in range(seats))
    return [(500 + 1e5 * cos(angle), 1e5 * sin(angle)) for angle in angles]


def _shuffle(places: list[Place]) -> list[Place]:
    return random.Random(1).sample(places, len(places))


def _cut(places: Sequence[Place], length: int) -> Hall:
    return draw([places[start : start + length] for start in range(0, len(places), length)])


ARRANGEMENTS: dict[str, Arrangement] = {
    "as built": lambda seats: build_hall({"total_seats": seats, "price": 1}),
    "rows of nine": lambda seats: _cut(_grid(seats), 9),
    "rows of one in one place": lambda seats: _alone([(5.0, 5.0)] * seats),
    "one row in one place": lambda seats: draw([[(5.0, 5.0)] * seats]),
    "all rows in one place": lambda seats: draw([[(24.0 * n, 0.0) for n in range(10)]] * (seats // 10)),
    "one row": lambda seats: draw([[(24.0 * n, 0.0) for n in range(seats)]]),
    "rows of one in a grid": lambda seats: _alone(_grid(seats)),
    "rows of one in a shuffled grid": lambda seats: _alone(_shuffle(_grid(seats))),
    "rows of one anywhere": lambda seats: _alone(_scattered(seats)),
    "one row anywhere": lambda seats: draw([_scattered(seats)]),
    "rows of one in a ring": lambda seats: _alone(_ring(seats)),
    "rows in a ring": lambda seats: _cut(_ring(seats), 100),
    "one far from all others": lambda seats: _alone([*_grid(seats - 1), (3e9, 3e9)]),
    "in a hundred places": lambda seats: _alone(
        [(24.0 * (n % 10), 24.0 * (n // 10 % 10)) for n in range(seats)]
    ),
    "immense": lambda seats: _alone(_scattered(seats, within=3e9)),
    "tiny": lambda seats: _alone([(1e-300 * n, 1e-300 * n) for n in range(seats)]),
    "ever closer": lambda seats: _alone([(1e9 * 0.999**n, 1e9 * 0.9985**n) for n in range(seats)]),
}
