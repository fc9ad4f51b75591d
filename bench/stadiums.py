"""Stadiums of any size: tiers of sections on ovals around a pitch, as open seating plans.

Made up like "Century Stadium", the open fixture of 100,000 seats for which SeatLayer publishes figures
(github.com/seatlayer/seatlayer-performance): 40 sections a tier, 24 rows a section, five tiers.
"""

from collections.abc import Iterator
from itertools import islice
from math import cos, hypot, pi, sin, tan
from typing import Any

SECTIONS, ROWS = 40, 24
# Half of the inner oval, across and down, and steps between rows, tiers and seats: units of the plan.
ACROSS, DOWN = 1982.0, 1432.0
ROW_STEP, TIER_STEP, SEAT_STEP, AISLE = 32.0, 800.0, 24.0, 48.0
TIERS = (
    ("Lower Bowl", "#d65370", 14_000),
    ("Club Level", "#c97805", 18_000),
    ("Middle Bowl", "#168a72", 9_500),
    ("Upper Bowl", "#536dfe", 6_500),
    ("Grand Tier", "#9c3d9a", 4_000),
)
PRICES = {name: price for name, _, price in TIERS}
# The pitch's middle, from the plan's corner.
MIDDLE = ACROSS + len(TIERS) * TIER_STEP

Row = tuple[int, int, list[dict[str, Any]]]


def draw_stadium(seats: int) -> dict[str, Any]:
    """A plan of so many seats, filled from the pitch outwards. Raises ValueError where they are too many."""
    rows = list(_fill(seats))
    sections = {section: [row for row in rows if row[0] == section] for section, _, _ in rows}
    pitch = {"x": MIDDLE - 1500, "y": MIDDLE - 970}
    return {
        "name": "Stadium",
        "size": {"width": 2 * MIDDLE, "height": 2 * MIDDLE},
        "categories": [{"name": name, "color": color} for name, color, _ in TIERS],
        "zones": [
            {
                "name": "Pitch",
                "position": pitch,
                "rows": [],
                "areas": [
                    {
                        "shape": "rectangle",
                        "position": {"x": 0, "y": 0},
                        "rectangle": {"width": 3000, "height": 1940},
                        "color": "#2f7d4f",
                    }
                ],
            },
            *(_describe(section, found) for section, found in sorted(sections.items())),
        ],
    }


def _fill(seats: int) -> Iterator[Row]:
    """Rows of a section each until there are so many seats; the last one is cut."""
    left = seats
    for tier, row, section in _places():
        places = list(islice(_place_seats(tier, row, section), left))
        yield (tier + 1) * 100 + section + 1, row, places
        left -= len(places)
        if not left:
            return
    raise ValueError(f"a stadium has {seats - left:,} seats at most")


def _places() -> Iterator[tuple[int, int, int]]:
    for tier in range(len(TIERS)):
        for row in range(ROWS):
            for section in range(SECTIONS):
                yield tier, row, section


def _place_seats(tier: int, row: int, section: int) -> Iterator[dict[str, Any]]:
    """The seats of a row: on a line across the way out from the pitch, in the middle of its section."""
    out = tier * TIER_STEP + row * ROW_STEP
    angle = 2 * pi * section / SECTIONS
    x, y = (ACROSS + out) * cos(angle), (DOWN + out) * sin(angle)
    along_x, along_y = -(ACROSS + out) * sin(angle), (DOWN + out) * cos(angle)
    length = hypot(along_x, along_y)
    count = int((2 * length * tan(pi / SECTIONS) - AISLE) / SEAT_STEP)
    label = chr(ord("A") + row)
    for number in range(count):
        shift = (number - (count - 1) / 2) * SEAT_STEP / length
        yield {
            "seat_guid": f"{(tier + 1) * 100 + section + 1}-{label}-{number + 1}",
            "seat_number": str(number + 1),
            "category": TIERS[tier][0],
            "position": {"x": round(x + shift * along_x, 1), "y": round(y + shift * along_y, 1)},
        }


def _describe(section: int, rows: list[Row]) -> dict[str, Any]:
    return {
        "name": str(section),
        "position": {"x": MIDDLE, "y": MIDDLE},
        "areas": [],
        "rows": [{"row_number": chr(ord("A") + row), "seats": seats} for _, row, seats in rows if seats],
    }
