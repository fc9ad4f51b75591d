"""What never changes of a hall and the choice of seats needs, as compact arrays indexed in seat order."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, groupby, pairwise
from math import hypot
from statistics import median_low

from core.shows.halls import Hall, HallSeat

# A gap wider than this many times the row's usual pitch is an aisle; no row is quite evenly spaced.
AISLE = 1.5
# Distances are whole ten-thousandths of the plan's unit: sums are exact, so that equal seats really tie.
PRECISION = 10_000
# Orders of runs of more seats than this are not kept: 100,000 numbers each, for bookings that are rare.
LONGEST_KEPT_RUN = 20


@dataclass(frozen=True, slots=True)
class Row:
    """The seats `start` to `end` (exclusive); an aisle comes before each seat in `cuts`."""

    start: int
    end: int
    cuts: tuple[int, ...]

    def blocks(self) -> Iterator[tuple[int, int]]:
        """The stretches between aisles."""
        return pairwise((self.start, *self.cuts, self.end))


class Floor:
    """A hall's seats by their index in seat order: number, price, place, section; its rows by section."""

    def __init__(self, hall: Hall) -> None:
        self.section_ids = {section.name: number for number, section in enumerate(hall.sections)}
        self.prices, self.section_of = array("q"), array("i")
        self.xs, self.ys = array("d"), array("d")
        self.rows: dict[int, list[Row]] = {}
        self.unnumbered: dict[int, tuple[int, int]] = {}
        self.index: dict[str, int] = {}
        self._focus = hall.focus
        for (section, row_index), seats in groupby(hall.seats(), lambda seat: (seat.section, seat.row_index)):
            self._read_row(self.section_ids[section], seats, is_numbered=row_index is not None)
        self.numbers = tuple(self.index)
        every_row = (row for rows in self.rows.values() for row in rows)
        self.all_rows = sorted(every_row, key=lambda row: row.start)

    @cached_property
    def view(self) -> "View":
        """The floor as seen by distance from what the audience looks at."""
        return View(self, self._focus)

    def rows_in(self, section: int | None) -> Sequence[Row]:
        """The rows of a numbered section, or of all (None), in seat order."""
        return self.all_rows if section is None else self.rows[section]

    def _read_row(self, section: int, seats: Iterable[HallSeat], *, is_numbered: bool) -> None:
        start = len(self.index)
        for index, seat in enumerate(seats, start=start):
            self.index[seat.seat_number] = index
            self.prices.append(seat.price)
            self.xs.append(seat.x)
            self.ys.append(seat.y)
            self.section_of.append(section)
        end = len(self.index)
        if is_numbered:
            self.rows.setdefault(section, []).append(Row(start, end, self._cuts(start, end)))
        else:
            self.unnumbered[section] = (start, end)

    def _cuts(self, start: int, end: int) -> tuple[int, ...]:
        xs, ys = self.xs[start:end], self.ys[start:end]
        if len(xs) == 1:
            return ()
        steps = zip(pairwise(xs), pairwise(ys), strict=True)
        gaps = [hypot(x2 - x1, y2 - y1) for (x1, x2), (y1, y2) in steps]
        widest = AISLE * median_low(gaps)
        return tuple(start + place for place, gap in enumerate(gaps, start=1) if gap > widest)


class View:
    """A floor's seats and runs of neighbours by their distance from one point; ties in seat order."""

    def __init__(self, floor: Floor, point: tuple[float, float]) -> None:
        x0, y0 = point
        self._floor = floor
        places = zip(floor.xs, floor.ys, strict=True)
        self.distances = array("q", (round(hypot(x - x0, y - y0) * PRECISION) for x, y in places))
        self._orders: dict[tuple[int, int | None, bool], array[int]] = {}

    def runs(self, quantity: int, section: int | None, *, across_aisles: bool = False) -> "array[int]":
        """The first seats of all runs of so many places in a row, nearest (by the mean) first."""
        key = (quantity, section, across_aisles)
        if key in self._orders:
            return self._orders[key]
        starts = self._across(quantity, section) if across_aisles else self._between(quantity, section)
        sums = self._sums
        starts.sort(key=lambda start: sums[start + quantity] - sums[start])
        order = array("i", starts)
        if quantity <= LONGEST_KEPT_RUN:
            self._orders[key] = order
        return order

    @cached_property
    def _sums(self) -> "array[int]":
        return array("q", accumulate(self.distances, initial=0))

    def _between(self, quantity: int, section: int | None) -> list[int]:
        starts: list[int] = []
        for row in self._floor.rows_in(section):
            for start, end in row.blocks():
                starts.extend(range(start, end - quantity + 1))
        return starts

    def _across(self, quantity: int, section: int | None) -> list[int]:
        starts: list[int] = []
        for row in self._floor.rows_in(section):
            last = row.end - quantity
            near_cuts = (
                range(max(row.start, cut - quantity + 1), min(cut - 1, last) + 1) for cut in row.cuts
            )
            starts.extend(sorted(set().union(*near_cuts)))
        return starts


@lru_cache(maxsize=8)
def floor_of(hall: Hall) -> Floor:
    """The hall's floor, kept for the last few halls: one of 100,000 seats and its orders takes 20 MB."""
    return Floor(hall)
