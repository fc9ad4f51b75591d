"""Groups of free seats around one seat, for when no row has enough neighbours left."""

from collections import defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush
from math import hypot, sqrt

from core.seats.floor import PRECISION, Floor, View

# To sit close to each other counts twice as much as to sit near the focus: else the one seat left in front
# would be given to a group whose others sit far behind it.
CLOSENESS = 2
SEATS_PER_CELL = 4

Group = tuple[float, int, tuple[int, ...]]


class Clusters:
    """The free seats of one section, or of all, on a grid; seats taken since are passed over."""

    def __init__(self, floor: Floor, view: View, free: bytearray, section: int | None) -> None:
        self._floor, self._view, self._free = floor, view, free
        seats = [seat for seat in view.runs(1, section) if free[seat]]
        xs, ys = [floor.xs[seat] for seat in seats], [floor.ys[seat] for seat in seats]
        self._left, self._top = min(xs), min(ys)
        width, height = max(xs) - self._left, max(ys) - self._top
        self._side = _cell_side(width, height, len(seats))
        self._reach = int(max(width, height) / self._side) + 1
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)
        for seat in seats:
            self._cells[self._cell(seat)].append(seat)
        self._groups: dict[int, list[Group]] = defaultdict(list)
        self._neighbours: dict[int, list[tuple[float, int]]] = {}
        self._anchors = seats
        self._next_anchor: dict[int, int] = defaultdict(int)

    def choose(self, quantity: int) -> tuple[int, ...]:
        """The group around the free seat that is nearest to the focus and to other free ones, in seat order.

        At least so many seats must be free.
        """
        # Groups are valued once and kept in a heap. Seats only ever become taken, so a group's value can only
        # worsen: one that has lost a seat is valued anew when it comes to the top, and not before.
        groups = self._groups[quantity]
        while True:
            while groups and not self._is_whole(groups[0]):
                _, anchor, _ = heappop(groups)
                if self._free[anchor]:
                    heappush(groups, self._group(anchor, quantity))
            reached = groups[0][0] if groups else float("inf")
            fresh = self._take_anchor(quantity, reached)
            if fresh is None:
                return groups[0][2]
            heappush(groups, self._group(fresh, quantity))

    def _take_anchor(self, quantity: int, reached: float) -> int | None:
        """The next free seat whose own distance from the focus lets it do as well as the value reached."""
        anchors, distances = self._anchors, self._view.distances
        for position in range(self._next_anchor[quantity], len(anchors)):
            self._next_anchor[quantity] = position
            anchor = anchors[position]
            if distances[anchor] > reached:
                return None
            if self._free[anchor]:
                self._next_anchor[quantity] = position + 1
                return anchor
        self._next_anchor[quantity] = len(anchors)
        return None

    def _is_whole(self, group: Group) -> bool:
        return all(self._free[seat] for seat in group[2])

    def _group(self, anchor: int, quantity: int) -> Group:
        nearest = self._nearest(anchor, quantity)
        spread = sum(distance for distance, _ in nearest) / quantity
        value = self._view.distances[anchor] + CLOSENESS * PRECISION * spread
        return value, anchor, tuple(sorted(seat for _, seat in nearest))

    def _nearest(self, anchor: int, quantity: int) -> list[tuple[float, int]]:
        # Found once for twice as many: of what is left of them the first are still the nearest.
        nearest = [near for near in self._neighbours.get(anchor, ()) if self._free[near[1]]]
        if len(nearest) < quantity:
            nearest = self._search(anchor, 2 * quantity)
        self._neighbours[anchor] = nearest
        return nearest[:quantity]

    def _search(self, anchor: int, quantity: int) -> list[tuple[float, int]]:
        """At least so many free seats, or all, nearest first; none that is left out is nearer than these."""
        xs, ys, free = self._floor.xs, self._floor.ys, self._free
        x, y = xs[anchor], ys[anchor]
        column, line = self._cell(anchor)
        found: list[tuple[float, int]] = []
        for radius in range(self._reach + 1):
            for cell in _ring(column, line, radius):
                found += [(hypot(xs[i] - x, ys[i] - y), i) for i in self._cells.get(cell, ()) if free[i]]
            # Whatever lies beyond the rings looked at is at least this far away.
            known = radius * self._side
            if len(found) >= quantity and sum(distance <= known for distance, _ in found) >= quantity:
                return sorted(near for near in found if near[0] <= known)
        return sorted(found)

    def _cell(self, seat: int) -> tuple[int, int]:
        column = (self._floor.xs[seat] - self._left) / self._side
        return int(column), int((self._floor.ys[seat] - self._top) / self._side)


def _cell_side(width: float, height: float, seats: int) -> float:
    """So that a cell has a few seats, also where all stand in one line or in one place."""
    cells = max(1, seats / SEATS_PER_CELL)
    return max(sqrt(width * height / cells), max(width, height) / cells) or 1.0


def _ring(column: int, line: int, radius: int) -> Iterator[tuple[int, int]]:
    if radius == 0:
        yield column, line
    for step in range(-radius, radius):
        yield column + step, line - radius
        yield column + radius, line + step
        yield column - step, line + radius
        yield column - radius, line - step
