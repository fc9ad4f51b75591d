"""A tree of boxes over the seats of a hall, to find those nearest to a place, whatever the arrangement."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import hypot
from typing import NamedTuple

# Distances are integers, ten-thousandths of the plan's unit: their sums are exact, so equal seats tie.
PRECISION = 10_000
# Boxes of a box, seats of a leaf: fewer of them cost more sorts to build, more of them longer searches.
BOXES, SEATS = 8, 16

Near = tuple[int, int]


class Box(NamedTuple):
    """The seats `start` to `end` (exclusive) in the tree's order, `first` of them in seat order."""

    left: float
    top: float
    right: float
    bottom: float
    first: int
    start: int
    end: int
    boxes: tuple["Box", ...]


@dataclass(slots=True)
class Allowance:
    """How many distances may yet be measured before the best that was found is taken for the best.

    What it buys is a bound on the time of any search, a microsecond or two each, in whatever hall. A first
    choice has `most`, and each one after it `each` and what is left.
    """

    most: int
    each: int
    left: int = 0

    def renew(self) -> None:
        """Another choice begins."""
        self.left = min(max(self.left, 0) + self.each, self.most)


class SeatTree:
    """Some seats of a hall, never changed; which of them count is told by a mask in the tree's order."""

    def __init__(
        self, seats: Sequence[int], xs: Sequence[float], ys: Sequence[float], places: "array[int]"
    ) -> None:
        """`places` is told each seat's place in this order; trees without a common seat may share it."""
        self._xs, self._ys, self.places = xs, ys, places
        self._order = array("i")
        self._root = self._build(list(seats))
        for place, seat in enumerate(self._order):
            places[seat] = place

    def arrange(self, mask: bytes | bytearray) -> bytearray:
        """The mask, which is in seat order, in the order of the tree."""
        return bytearray([mask[seat] for seat in self._order])

    def nearest(self, x: float, y: float, mask: bytearray, allowance: Allowance) -> Iterator[Near]:
        """The seats that count, and their distances, nearest first; of equally near ones the first.

        Once the allowance is used up: of those found so far. What is taken out of the mask meanwhile may
        still come, or not.
        """
        # The heap orders boxes by nearest corner, then first seat: no unseen seat of a box precedes it.
        boxes: list[tuple[int, int, Box]] = [(0, -1, self._root)]
        seats: list[Near] = []
        while boxes or seats:
            if seats and (not boxes or seats[0] < boxes[0] or allowance.left <= 0):
                yield heappop(seats)
                continue
            _, _, box = heappop(boxes)
            for inner in box.boxes:
                if mask.find(1, inner.start, inner.end) >= 0:
                    heappush(boxes, (_measure(inner, x, y), inner.first, inner))
            if not box.boxes:
                for seat in self._find(box, mask):
                    distance = hypot(self._xs[seat] - x, self._ys[seat] - y)
                    heappush(seats, (round(distance * PRECISION), seat))
            allowance.left -= len(box.boxes) or box.end - box.start

    def _find(self, box: Box, mask: bytearray) -> list[int]:
        return [self._order[place] for place in range(box.start, box.end) if mask[place]]

    def _build(self, seats: list[int]) -> Box:
        xs, ys = list(map(self._xs.__getitem__, seats)), list(map(self._ys.__getitem__, seats))
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
        start, first = len(self._order), min(seats)
        boxes: tuple[Box, ...] = ()
        if len(seats) <= SEATS:
            self._order.extend(seats)
        else:
            # The cuts are by rank, not by place, so that seats at one place still split evenly.
            axis = self._xs if right - left >= bottom - top else self._ys
            seats.sort(key=axis.__getitem__)
            size = max(SEATS, -(-len(seats) // BOXES))
            boxes = tuple(self._build(seats[cut : cut + size]) for cut in range(0, len(seats), size))
        return Box(left, top, right, bottom, first, start, len(self._order), boxes)


def _measure(box: Box, x: float, y: float) -> int:
    across = box.left - x if x < box.left else x - box.right if x > box.right else 0.0
    down = box.top - y if y < box.top else y - box.bottom if y > box.bottom else 0.0
    return round(hypot(across, down) * PRECISION)
