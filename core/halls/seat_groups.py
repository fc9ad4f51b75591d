"""Groups of free seats around one seat, for when no row has enough neighbours left."""

from heapq import heappop, heappush
from itertools import islice
from typing import NamedTuple

from core.halls.free import FreeSeats
from core.halls.tree import Near
from core.halls.view import View

# To sit close to each other counts twice as much as to sit near the focus: else the one seat left in front
# would be given to a group whose others sit far behind it.
CLOSENESS = 2


class Group(NamedTuple):
    """A free seat and those nearest to it; the smaller the value the better."""

    value: int
    anchor: int
    seats: tuple[int, ...]


class SeatGroups:
    """The groups of so many free seats in a section, or anywhere; seats taken since are passed over."""

    def __init__(self, free: FreeSeats, view: View, wanted: tuple[int, int | None]) -> None:
        self._quantity, section = wanted
        self._free, self._view = free, view
        self._tree, self._mask = free.seat_index.tree(section), free.in_tree(section)
        # A heap keeps valued groups. Seats only become taken, so a group's value only worsens: when it lost
        # a seat, its anchor waits at the old value, a lower bound, to be valued anew.
        self._groups: list[Group] = []
        self._waiting: list[Near] = []
        # Known lower bounds of the sum of distances within each seat's group.
        self._spreads: dict[int, int] = {}
        self._anchors = self._tree.nearest(view.x, view.y, self._mask, free.allowance)
        self._queue_next()

    def choose(self) -> tuple[int, ...]:
        """The group around the free seat that is nearest to the focus and to other free ones, in seat order.

        At least so many seats must be free.
        """
        self._drop_broken()
        while (anchor := self._take_anchor()) is not None:
            heappush(self._groups, self._gather(anchor))
            self._drop_broken()
        return self._groups[0].seats

    def _drop_broken(self) -> None:
        while self._groups and not self._is_whole(self._groups[0]):
            value, anchor, _ = heappop(self._groups)
            heappush(self._waiting, (value, anchor))

    def _is_whole(self, group: Group) -> bool:
        return all(map(self._free.mask.__getitem__, group.seats))

    def _take_anchor(self) -> int | None:
        """The next free seat that may do better than the best group so far; None where none can."""
        allowance = self._free.allowance
        while self._waiting and (
            not self._groups or (self._waiting[0] < self._groups[0][:2] and allowance.left > 0)
        ):
            value, anchor = heappop(self._waiting)
            if anchor == self._newest:
                self._queue_next()
            if not self._free.mask[anchor]:
                continue
            if (least := self._value(anchor, self._spreads.get(anchor, 0))) <= value:
                return anchor
            heappush(self._waiting, (least, anchor))
        return None

    def _queue_next(self) -> None:
        """A seat waits by its own distance, which its group's value cannot be below."""
        distance, self._newest = next(self._anchors, (0, -1))
        if self._newest >= 0:
            heappush(self._waiting, (distance * self._quantity, self._newest))

    def _gather(self, anchor: int) -> Group:
        seat_index, quantity = self._free.seat_index, self._quantity
        place = seat_index.xs[anchor], seat_index.ys[anchor]
        around = self._tree.nearest(*place, self._mask, self._free.allowance)
        nearest = list(islice(around, quantity))
        spread = sum(distance for distance, _ in nearest)
        # Triangle inequality: the group of a seat at distance d has a sum at most quantity × d smaller (2 for
        # rounding). A few valued groups so rule out those around them.
        for distance, seat in nearest:
            least = spread - quantity * (distance + 2)
            if least > self._spreads.get(seat, 0):
                self._spreads[seat] = least
        return Group(self._value(anchor, spread), anchor, tuple(sorted(seat for _, seat in nearest)))

    def _value(self, anchor: int, spread: int) -> int:
        """Of a group with this sum of distances from its anchor, all times the quantity."""
        return self._view.sums(anchor, anchor + 1)[-1] * self._quantity + CLOSENESS * spread
