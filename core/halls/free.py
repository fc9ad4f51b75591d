"""Which seats of a hall are free: in seat order, and in the order of each tree that is searched."""

from collections.abc import Iterable

from core.halls.seat_index import SeatIndex
from core.halls.tree import Allowance


class FreeSeats:
    """A seat may be taken, none comes back."""

    def __init__(self, seat_index: SeatIndex, mask: bytearray, allowance: Allowance) -> None:
        """`mask` has a 1 for each free seat, in seat order; all searches of them share the allowance."""
        self.seat_index, self.mask, self.allowance = seat_index, mask, allowance
        self._left: dict[int | None, int] = {}
        self._by_tree: dict[int | None, bytearray] = {}

    def count(self, section: int | None) -> int:
        """How many are left in a section, or of all that are numbered (None)."""
        if section not in self._left:
            self._left[section] = sum(self.mask.count(1, *span) for span in self.seat_index.spans(section))
        return self._left[section]

    def in_tree(self, section: int | None) -> bytearray:
        """Those of a numbered section, or of all, in the order of its tree: kept up to date."""
        if section not in self._by_tree:
            self._by_tree[section] = self.seat_index.tree(section).arrange(self.mask)
        return self._by_tree[section]

    def find_first(self, section: int | None, quantity: int) -> list[int]:
        """The first so many of a section or of all that are numbered, or as many as there are."""
        seats: list[int] = []
        for start, end in self.seat_index.spans(section):
            seat = self.mask.find(1, start, end)
            while seat >= 0 and len(seats) < quantity:
                seats.append(seat)
                seat = self.mask.find(1, seat + 1, end)
        return seats

    def take(self, seats: Iterable[int]) -> None:
        """These are no longer free; some may not have been before."""
        for seat in seats:
            if self.mask[seat]:
                self.mask[seat] = 0
                self._take(seat, self.seat_index.section_of[seat])

    def _take(self, seat: int, section: int) -> None:
        of = (section,) if section in self.seat_index.unnumbered else (section, None)
        for key in of:
            if key in self._left:
                self._left[key] -= 1
            if key in self._by_tree:
                self._by_tree[key][self.seat_index.tree(key).places[seat]] = 0
