"""A hall's seats as seen from one place: how far away each of them is."""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from math import hypot

from core.halls.tree import PRECISION

MEASURED_TOGETHER = 16


class View:
    """Distances from a place, each measured when it, or one beside it, is first asked for."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float], place: tuple[float, float]) -> None:
        self._xs, self._ys = xs, ys
        self.x, self.y = place
        self._distances = array("q", bytes(8 * len(xs)))
        self._is_measured = bytearray(len(xs) // MEASURED_TOGETHER + 1)

    def sums(self, start: int, end: int) -> list[int]:
        """The distances of these seats added up: 0, that of the first, of the first two …."""
        part = self._is_measured.find(0, start // MEASURED_TOGETHER, (end - 1) // MEASURED_TOGETHER + 1)
        while part >= 0:
            self._measure(part)
            part = self._is_measured.find(0, part + 1, (end - 1) // MEASURED_TOGETHER + 1)
        return list(accumulate(self._distances[start:end], initial=0))

    def _measure(self, part: int) -> None:
        x, y = self.x, self.y
        seats = slice(part * MEASURED_TOGETHER, (part + 1) * MEASURED_TOGETHER)
        places = zip(self._xs[seats], self._ys[seats], strict=True)
        distances = (round(hypot(seat_x - x, seat_y - y) * PRECISION) for seat_x, seat_y in places)
        self._distances[seats] = array("q", distances)
        self._is_measured[part] = 1
