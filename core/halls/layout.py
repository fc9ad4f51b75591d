"""Where the rows of a hall without a plan are drawn: blocks one behind the other before a stage, centred."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

from core.halls.areas import Box
from core.halls.focus import Focus, locate
from core.halls.seating import Drawing

SEAT_PITCH = 24.0
ROW_PITCH = 32.0
MARGIN = 40.0
BLOCK_GAP = 48.0
STAGE_DEPTH = 60.0
NARROWEST = 10


@dataclass(frozen=True, slots=True)
class Block:
    """Rows one behind the other: `centre` is the middle of each, `top` the front edge of the first."""

    seats_per_row: int
    rows: int
    centre: float
    top: float

    def row_y(self, row: int) -> float:
        """The height at which the row, counted from 0, is drawn."""
        return self.top + (row + 0.5) * ROW_PITCH

    def seat_xs(self, seats: int) -> Iterator[float]:
        """The places of a row of so many seats, centred."""
        left = self.centre - (seats - 1) / 2 * SEAT_PITCH
        return (left + place * SEAT_PITCH for place in range(seats))

    def middle(self) -> tuple[float, float]:
        """The middle of the block."""
        return self.centre, self.top + self.rows * ROW_PITCH / 2

    def area(self, text: str) -> dict[str, Any]:
        """The block as one labelled rectangle."""
        width = self.seats_per_row * SEAT_PITCH
        return _rectangle(self.centre - width / 2, self.top, (width, self.rows * ROW_PITCH), text)


def block_shape(seats: int) -> tuple[int, int]:
    """Seats a row (at least ten) and rows of a block for so many seats, about twice as wide as deep."""
    seats_per_row = max(NARROWEST, ceil(sqrt(2 * seats * ROW_PITCH / SEAT_PITCH)))
    return seats_per_row, ceil(seats / seats_per_row)


def draw_blocks(shapes: Sequence[tuple[int, int]], focus: Focus | None) -> tuple[Drawing, list[Block]]:
    """Blocks of these shapes (seats a row, rows) behind a stage, and the drawing around them.

    No stage is drawn where the focus is said to be anywhere but at the top, where a stage is.
    """
    width = max(NARROWEST, *(seats_per_row for seats_per_row, _ in shapes)) * SEAT_PITCH + 2 * MARGIN
    blocks = []
    top = MARGIN + STAGE_DEPTH
    for seats_per_row, rows in shapes:
        top += BLOCK_GAP
        blocks.append(Block(seats_per_row, rows, width / 2, top))
        top += rows * ROW_PITCH
    height = top + MARGIN
    if focus is None or focus == "top":
        stage = _rectangle(width / 4, MARGIN, (width / 2, STAGE_DEPTH), "Stage")
        return Drawing(width, height, (width / 2, MARGIN + STAGE_DEPTH / 2), [stage], []), blocks
    middle = width / 2, (blocks[0].top + top) / 2
    return Drawing(width, height, locate(focus, Box(0, 0, width, height), middle), [], []), blocks


def _rectangle(x: float, y: float, extent: tuple[float, float], text: str) -> dict[str, Any]:
    width, height = extent
    return {
        "shape": "rectangle",
        "position": {"x": x, "y": y},
        "rotation": 0,
        "color": "#e5e7eb",
        "border_color": "#6b7280",
        "rectangle": {"width": width, "height": height},
        "text": {"text": text, "size": 20, "color": "#111827", "position": {"x": width / 2, "y": height / 2}},
    }
