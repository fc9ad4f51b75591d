"""What never changes of a hall and the choice of seats needs, as compact arrays indexed in seat order."""

import threading
from array import array
from collections.abc import Iterable
from functools import cached_property
from itertools import groupby, pairwise
from math import hypot
from statistics import median_low

from cachetools import LRUCache

from core.halls.build import Hall, HallSeat
from core.halls.tree import SeatTree
from core.halls.view import View

# A gap wider than this many times the row's usual pitch is an aisle; no row is quite evenly spaced.
AISLE = 1.5
# Seats of all indexes in memory, and what their halls weigh beyond: about 100 MB at most.
SEATS_KEPT = 250_000

Span = tuple[int, int]


class SeatIndex:
    """A hall's seats by their index in seat order: number, price, place, section; which are neighbours."""

    def __init__(self, hall: Hall) -> None:
        self.section_ids = {section.name: number for number, section in enumerate(hall.sections)}
        self.prices, self.section_of = array("q"), array("i")
        self.xs, self.ys = array("d"), array("d")
        # Each section's range of seats; None: those of all numbered sections.
        self.seated: dict[int | None, list[Span]] = {None: []}
        self.unnumbered: dict[int, Span] = {}
        self.index: dict[str, int] = {}
        self._focus = hall.focus
        self._trees: dict[int | None, SeatTree] = {}
        self._building = threading.Lock()
        joined, joined_in_row = bytearray(), bytearray()
        for (section, row_index), seats in groupby(hall.seats(), lambda seat: (seat.section, seat.row_index)):
            start, end = self._read_row(self.section_ids[section], seats, is_numbered=row_index is not None)
            in_row = b"\1" * (end - start - 1) + b"\0" if row_index is not None else bytes(end - start)
            joined_in_row += in_row
            joined += in_row
            for cut in self._cuts(start, end) if row_index is not None else ():
                joined[cut - 1] = 0
        self.numbers = tuple(self.index)
        # The hall stays in memory for as long as this.
        self.weight = max(len(self.numbers), hall.weight)
        self._places_in_hall = array("i", bytes(4 * len(self.numbers)))
        self._places_in_section = array("i", self._places_in_hall)
        # A byte for each seat, 1 where the next one is its neighbour; as numbers, which C shifts all at once.
        self.joined = int.from_bytes(joined, "little")
        self.joined_in_row = int.from_bytes(joined_in_row, "little")

    @cached_property
    def view(self) -> View:
        """The seat_index as seen from what the audience looks at."""
        return View(self.xs, self.ys, self._focus)

    def to_mask(self, numbers: Iterable[str]) -> bytearray:
        """A byte for each seat in seat order, 1 for those of these numbers. Raises KeyError for any other."""
        mask = bytearray(len(self.numbers))
        for seat in map(self.index.__getitem__, numbers):
            mask[seat] = 1
        return mask

    def spans(self, section: int | None) -> list[Span]:
        """The seats of a section, or of all that are numbered (None)."""
        return [self.unnumbered[section]] if section in self.unnumbered else self.seated[section]

    def tree(self, section: int | None) -> SeatTree:
        """The tree of a numbered section, or of all (None)."""
        # Built once: searches keep places in the tree that they began with.
        with self._building:
            if section not in self._trees:
                seats = [seat for start, end in self.seated[section] for seat in range(start, end)]
                places = self._places_in_hall if section is None else self._places_in_section
                self._trees[section] = SeatTree(seats, self.xs, self.ys, places)
            return self._trees[section]

    def _read_row(self, section: int, seats: Iterable[HallSeat], *, is_numbered: bool) -> Span:
        start = len(self.index)
        for index, seat in enumerate(seats, start=start):
            self.index[seat.seat_number] = index
            self.prices.append(seat.price)
            self.xs.append(seat.x)
            self.ys.append(seat.y)
            self.section_of.append(section)
        span = start, len(self.index)
        if is_numbered:
            _append(self.seated[None], span)
            _append(self.seated.setdefault(section, []), span)
        else:
            self.unnumbered[section] = span
        return span

    def _cuts(self, start: int, end: int) -> tuple[int, ...]:
        """The seats of a row that an aisle comes before."""
        xs, ys = self.xs[start:end], self.ys[start:end]
        if len(xs) == 1:
            return ()
        steps = zip(pairwise(xs), pairwise(ys), strict=True)
        gaps = [hypot(x2 - x1, y2 - y1) for (x1, x2), (y1, y2) in steps]
        widest = AISLE * median_low(gaps)
        return tuple(start + place for place, gap in enumerate(gaps, start=1) if gap > widest)


def _append(spans: list[Span], span: Span) -> None:
    if spans and spans[-1][1] == span[0]:
        spans[-1] = spans[-1][0], span[1]
    else:
        spans.append(span)


_indexes: LRUCache[Hall, SeatIndex] = LRUCache(SEATS_KEPT, getsizeof=lambda seat_index: seat_index.weight)
_lock, _building = threading.Lock(), threading.Lock()


def find_index(hall: Hall) -> SeatIndex:
    """The hall's seat_index, kept for the halls that were asked for last."""
    if seat_index := _find(hall):
        return seat_index
    # One build at a time, half a second for the largest hall: requests that come at once need the same one.
    with _building:
        seat_index = _find(hall) or SeatIndex(hall)
        with _lock:
            _indexes[hall] = seat_index
    return seat_index


def _find(hall: Hall) -> SeatIndex | None:
    with _lock:
        return _indexes.get(hall)
