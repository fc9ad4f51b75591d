"""The choice of the best free seats: together and near what the audience looks at."""

from array import array
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import islice

from core.seats.clusters import Clusters
from core.seats.floor import View, floor_of
from core.shows.halls import Hall

# A larger group gets the seats nearest the focus: around whom it sits no longer matters, and finding that out
# would take seconds in a large hall, while the show's lock is held.
LARGEST_CIRCLE = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """Seats chosen, in seat order; `together`: neighbours of one row, or of one unnumbered section."""

    seats: tuple[str, ...]
    together: bool
    amount: int


class BestSeats:
    """The free seats of one hall, to choose from again and again; a seat may be taken, none comes back."""

    def __init__(self, hall: Hall, free: Iterable[str]) -> None:
        """Raises KeyError where a free seat is none of the hall's."""
        self._floor = floor_of(hall)
        self._view = self._floor.view
        self._free = bytearray(len(self._floor.numbers))
        for index in map(self._floor.index.__getitem__, free):
            self._free[index] = 1
        self._left = [self._count_free(section) for section in range(len(self._floor.section_ids))]
        self._seated_left = sum(self._left[section] for section in self._floor.rows)
        self._orders: dict[tuple[int, int | None, bool], array[int]] = {}
        self._cursors: dict[tuple[int, int | None, bool], int] = {}
        self._clusters: dict[int | None, Clusters] = {}

    def choose(self, quantity: int, section: str | None = None) -> Choice | None:
        """The best seats for so many (at least 1); None where fewer are free in the section, or in the hall.

        A run of neighbours in one row, nearest the focus by the mean; else such a run across an aisle; else
        seats of several rows, close to each other and to the focus (a large group: to the focus alone); else,
        where the numbered ones do not suffice, seats of one unnumbered section; else any. Ties go by seat
        order. What is chosen stays free until it is discarded.
        """
        if section is None:
            seated = self._choose_seated(quantity, None)
            return seated or self._choose_standing(quantity) or self._choose_any(quantity)
        section_id = self._floor.section_ids.get(section)
        if section_id is None:
            return None
        if section_id in self._floor.unnumbered:
            return self._choose_in_order(quantity, section_id)
        return self._choose_seated(quantity, section_id)

    def discard(self, seat_numbers: Iterable[str]) -> None:
        """These seats are no longer free. Raises KeyError where one is none of the hall's."""
        for index in map(self._floor.index.__getitem__, seat_numbers):
            if self._free[index]:
                self._free[index] = 0
                section = self._floor.section_of[index]
                self._left[section] -= 1
                self._seated_left -= section in self._floor.rows

    def suggest(
        self, quantity: int, *, section: str | None = None, near: str | None = None, limit: int = 3
    ) -> list[Choice]:
        """Up to `limit` choices without a common seat, best first; `near`: the seat to measure from.

        Raises KeyError where `near` is none of the hall's seats.
        """
        rehearsal = self._rehearse(near)
        choices: list[Choice] = []
        while len(choices) < limit and (choice := rehearsal.choose(quantity, section)):
            choices.append(choice)
            rehearsal.discard(choice.seats)
        return choices

    def _rehearse(self, near: str | None) -> "BestSeats":
        rehearsal = copy(self)
        rehearsal._free, rehearsal._left, rehearsal._clusters = bytearray(self._free), list(self._left), {}
        rehearsal._cursors = dict(self._cursors)
        if near is not None:
            seat = self._floor.index[near]
            rehearsal._view = View(self._floor, (self._floor.xs[seat], self._floor.ys[seat]))
            rehearsal._orders, rehearsal._cursors = {}, {}
        return rehearsal

    def _choose_seated(self, quantity: int, section: int | None) -> Choice | None:
        left = self._seated_left if section is None else self._left[section]
        if left < quantity:
            return None
        for across_aisles in (False, True):
            run = self._best_run(quantity, section, across_aisles)
            if run is not None:
                return self._choice(run, together=True)
        if quantity > LARGEST_CIRCLE:
            return self._choice(self._nearest(quantity, section), together=False)
        if section not in self._clusters:
            self._clusters[section] = Clusters(self._floor, self._view, self._free, section)
        return self._choice(self._clusters[section].choose(quantity), together=False)

    def _best_run(self, quantity: int, section: int | None, across_aisles: bool) -> range | None:
        # A run that is not free now never will be: each call goes on where the last one stopped.
        key = (quantity, section, across_aisles)
        if key not in self._orders:
            self._orders[key] = self._view.runs(quantity, section, across_aisles=across_aisles)
        order = self._orders[key]
        find_taken = self._free.find
        for position in range(self._cursors.get(key, 0), len(order)):
            start = order[position]
            if find_taken(0, start, start + quantity) < 0:
                self._cursors[key] = position
                return range(start, start + quantity)
        self._cursors[key] = len(order)
        return None

    def _nearest(self, quantity: int, section: int | None) -> list[int]:
        free = (seat for seat in self._view.runs(1, section) if self._free[seat])
        return sorted(islice(free, quantity))

    def _choose_standing(self, quantity: int) -> Choice | None:
        for section in self._floor.unnumbered:
            if choice := self._choose_in_order(quantity, section):
                return choice
        return None

    def _choose_in_order(self, quantity: int, section: int) -> Choice | None:
        if self._left[section] < quantity:
            return None
        return self._choice(self._first_free(*self._floor.unnumbered[section], quantity), together=True)

    def _choose_any(self, quantity: int) -> Choice | None:
        """The numbered seats that are left, too few by themselves, and as many others as it takes."""
        seats: list[int] = []
        for row in self._floor.all_rows if self._seated_left else ():
            seats += self._first_free(row.start, row.end, quantity)
        for start, end in self._floor.unnumbered.values():
            seats += self._first_free(start, end, quantity - len(seats))
        return self._choice(sorted(seats), together=False) if len(seats) == quantity else None

    def _first_free(self, start: int, end: int, quantity: int) -> list[int]:
        seats: list[int] = []
        seat = self._free.find(1, start, end)
        while seat >= 0 and len(seats) < quantity:
            seats.append(seat)
            seat = self._free.find(1, seat + 1, end)
        return seats

    def _count_free(self, section: int) -> int:
        if section in self._floor.unnumbered:
            return self._free.count(1, *self._floor.unnumbered[section])
        return sum(self._free.count(1, row.start, row.end) for row in self._floor.rows_in(section))

    def _choice(self, seats: Sequence[int], *, together: bool) -> Choice:
        floor = self._floor
        amount = sum(floor.prices[seat] for seat in seats)
        return Choice(tuple(floor.numbers[seat] for seat in seats), together, amount)
