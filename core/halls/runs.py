"""Runs of free neighbours in one row, nearest first."""

from collections.abc import Iterator
from heapq import heappop, heappush

from core.halls.free import FreeSeats
from core.halls.tree import Near
from core.halls.view import View

# The allowance that valuing a seat's runs uses, in distances, besides one for each run: a fixed cost, and one
# for so many seats in its sums.
PRICE_OF_A_LOOK, SEATS_ADDED_UP = 12, 16
BITS = 8


class Runs:
    """The runs of so many free seats in a section, or anywhere; seats taken since are passed over."""

    def __init__(self, free: FreeSeats, view: View, wanted: tuple[int, int | None], *, joined: int) -> None:
        """`joined` has a byte for each seat, 1 where the next one counts as its neighbour."""
        self._quantity, section = wanted
        self._view, self._free, size = view, free.mask, len(free.mask)
        self._allowance = free.allowance
        starts = _find_starts(int.from_bytes(free.mask, "little"), joined, self._quantity)
        self._unseen = bytearray(starts.to_bytes(size, "little"))
        self._members: Iterator[Near] = iter(())
        if starts:
            # Seats in no run are skipped: in a nearly sold-out hall most are.
            members = _spread(starts, self._quantity).to_bytes(size, "little")
            tree = free.seat_index.tree(section)
            self._members = tree.nearest(view.x, view.y, tree.arrange(members), free.allowance)
        self._next = next(self._members, None)
        self._found: list[tuple[int, int]] = []

    def choose(self) -> range | None:
        """The free run nearest by the mean, of equally near ones the first; None where none is left."""
        quantity, found = self._quantity, self._found
        while True:
            while found and self._free.find(0, found[0][1], found[0][1] + quantity) >= 0:
                heappop(found)
            if self._next is None:
                break
            distance, seat = self._next
            # Every unseen seat is at least this far away, so none of their runs can precede this one.
            if found and (found[0] <= (distance * quantity, seat) or self._allowance.left <= 0):
                break
            self._look_at(seat)
            self._next = next(self._members, None)
        return range(found[0][1], found[0][1] + quantity) if found else None

    def _look_at(self, seat: int) -> None:
        """Value the runs that this seat is in."""
        quantity, unseen = self._quantity, self._unseen
        first = unseen.find(1, max(0, seat - quantity + 1), seat + 1)
        if first < 0 or not self._free[seat]:
            return
        sums = self._view.sums(first, min(seat + quantity, len(unseen)))
        self._allowance.left -= PRICE_OF_A_LOOK + len(sums) // SEATS_ADDED_UP
        start = first
        while start >= 0:
            unseen[start] = 0
            self._allowance.left -= 1
            total = sums[start - first + quantity] - sums[start - first]
            heappush(self._found, (total, start))
            start = unseen.find(1, start + 1, seat + 1)


def _find_starts(free: int, joined: int, quantity: int) -> int:
    """Where a run of so many begins. A byte a seat, the first lowest: all seats at once, in C.

    A run of one and a half times the length begins where two runs that overlap do, and so on.
    """
    if quantity == 1:
        return free
    starts, length = free & (free >> BITS) & joined, 2
    while starts and length < quantity:
        step = min(length - 1, quantity - length)
        starts &= starts >> BITS * step
        length += step
    return starts


def _spread(starts: int, quantity: int) -> int:
    """Every seat of these runs."""
    members, length = starts, 1
    while length < quantity:
        step = min(length, quantity - length)
        members |= members << BITS * step
        length += step
    return members
