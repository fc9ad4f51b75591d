"""The choice of the best free seats: together and near what the audience looks at."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import islice

from cachetools import LRUCache

from core.halls.build import Hall
from core.halls.free import FreeSeats
from core.halls.runs import Runs
from core.halls.seat_groups import SeatGroups
from core.halls.seat_index import find_index
from core.halls.tree import Allowance
from core.halls.view import View

# A larger group gets the seats nearest the focus: around whom it sits no longer matters.
LARGEST_CIRCLE = 50
# Suggestions are for people: a set of thousands of seats would cost more than a sale.
LARGEST_SUGGESTED = 1_000
# Distances that a first choice may measure, and each one after it, which goes on where the last one stopped.
# In halls as they are built a tenth does. A batch of bookings has some 50 ms for the first; a suggestion is a
# hint that anybody may ask for at any time, and its three sets have 15 ms together.
CHOICE, NEXT_CHOICE = 40_000, 3_000
SUGGESTION, NEXT_SUGGESTION = 10_000, 2_000
# Searches kept, one for each quantity and section, of some 300 bytes a seat looked at. A batch rarely has
# more, and an evicted search starts again.
SEARCHES_KEPT = 24


@dataclass(frozen=True, slots=True)
class Choice:
    """Seats chosen, in seat order; `together`: neighbours of one row, or of one unnumbered section."""

    seats: tuple[str, ...]
    together: bool
    amount: int


class BestSeats:
    """The free seats of one hall, to choose from again and again; a seat may be taken, none comes back."""

    def __init__(self, hall: Hall, free: Iterable[str] | bytes) -> None:
        """`free`: their numbers, or a byte for each of the hall's seats in seat order, 1 for a free one.

        Raises KeyError where a free seat is none of the hall's, ValueError for another number of bytes.
        """
        seat_index = find_index(hall)
        mask = bytearray(free) if isinstance(free, bytes) else seat_index.to_mask(free)
        if len(mask) != len(seat_index.numbers):
            raise ValueError(f"{len(mask)} seats, where the hall has {len(seat_index.numbers)}")
        self._begin(FreeSeats(seat_index, mask, Allowance(CHOICE, NEXT_CHOICE, CHOICE)), seat_index.view)

    def _begin(self, free: FreeSeats, view: View) -> None:
        self._index, self._free, self._view = free.seat_index, free, view
        self._runs: LRUCache[tuple[int, int | None, bool], Runs] = LRUCache(SEARCHES_KEPT)
        self._groups: LRUCache[tuple[int, int | None], SeatGroups] = LRUCache(SEARCHES_KEPT)

    def choose(self, quantity: int, section: str | None = None) -> Choice | None:
        """The best seats for so many (at least 1); None where fewer are free in the section, or in the hall.

        A run of neighbours in one row, nearest the focus by the mean; else such a run across an aisle; else
        seats of several rows, close to each other and to the focus (a large group: to the focus alone); else,
        where the numbered ones do not suffice, seats of one unnumbered section; else any. Ties go by seat
        order. What is chosen stays free until it is discarded.
        """
        self._free.allowance.renew()
        if section is None:
            seated = self._choose_seated(quantity, None)
            return seated or self._choose_standing(quantity) or self._choose_any(quantity)
        section_id = self._index.section_ids.get(section)
        if section_id is None:
            return None
        if section_id in self._index.unnumbered:
            return self._choose_in_order(quantity, section_id)
        return self._choose_seated(quantity, section_id)

    def discard(self, seat_numbers: Iterable[str]) -> None:
        """These seats are no longer free. Raises KeyError where one is none of the hall's."""
        self._free.take(map(self._index.index.__getitem__, seat_numbers))

    def suggest(
        self, quantity: int, *, section: str | None = None, near: str | None = None, limit: int = 3
    ) -> list[Choice]:
        """Up to `limit` choices without a common seat, best first; `near`: the seat to measure from.

        None for more than LARGEST_SUGGESTED.
        Raises KeyError where `near` is none of the hall's seats.
        """
        rehearsal = self._rehearse(near)
        choices: list[Choice] = []
        if quantity > LARGEST_SUGGESTED:
            return choices
        while len(choices) < limit and (choice := rehearsal.choose(quantity, section)):
            choices.append(choice)
            rehearsal.discard(choice.seats)
        return choices

    def _rehearse(self, near: str | None) -> "BestSeats":
        seat_index, view = self._index, self._view
        if near is not None:
            seat = seat_index.index[near]
            view = View(seat_index.xs, seat_index.ys, (seat_index.xs[seat], seat_index.ys[seat]))
        rehearsal = copy(self)
        allowance = Allowance(SUGGESTION, NEXT_SUGGESTION, SUGGESTION)
        rehearsal._begin(FreeSeats(seat_index, bytearray(self._free.mask), allowance), view)
        return rehearsal

    def _choose_seated(self, quantity: int, section: int | None) -> Choice | None:
        if self._free.count(section) < quantity:
            return None
        for across_aisles in (False, True):
            run = self._best_run(quantity, section, across_aisles)
            if run is not None:
                return self._choice(run, together=True)
        if quantity > LARGEST_CIRCLE:
            return self._choice(self._nearest(quantity, section), together=False)
        key = quantity, section
        if key not in self._groups:
            self._groups[key] = SeatGroups(self._free, self._view, key)
        return self._choice(self._groups[key].choose(), together=False)

    def _best_run(self, quantity: int, section: int | None, across_aisles: bool) -> range | None:
        key = quantity, section, across_aisles
        if key not in self._runs:
            joined = self._index.joined_in_row if across_aisles else self._index.joined
            self._runs[key] = Runs(self._free, self._view, (quantity, section), joined=joined)
        return self._runs[key].choose()

    def _nearest(self, quantity: int, section: int | None) -> list[int]:
        tree, mask = self._index.tree(section), self._free.in_tree(section)
        nearest = tree.nearest(self._view.x, self._view.y, mask, self._free.allowance)
        return sorted(seat for _, seat in islice(nearest, quantity))

    def _choose_standing(self, quantity: int) -> Choice | None:
        for section in self._index.unnumbered:
            if choice := self._choose_in_order(quantity, section):
                return choice
        return None

    def _choose_in_order(self, quantity: int, section: int) -> Choice | None:
        if self._free.count(section) < quantity:
            return None
        return self._choice(self._free.find_first(section, quantity), together=True)

    def _choose_any(self, quantity: int) -> Choice | None:
        """The numbered seats that are left, too few by themselves, and as many others as it takes."""
        seats = self._free.find_first(None, quantity)
        for section in self._index.unnumbered:
            seats += self._free.find_first(section, quantity - len(seats))
        return self._choice(sorted(seats), together=False) if len(seats) == quantity else None

    def _choice(self, seats: Sequence[int], *, together: bool) -> Choice:
        seat_index = self._index
        amount = sum(seat_index.prices[seat] for seat in seats)
        return Choice(tuple(seat_index.numbers[seat] for seat in seats), together, amount)
