"""Halls that nobody drew: so many seats, or sections by rows and capacity; seats are computed, never kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.halls.focus import Focus
from core.halls.layout import Block, block_shape, draw_blocks
from core.halls.seating import Faults, Hall, HallError, HallSeat, Section

LONGEST_NUMBER = 6
LONGEST_ROW_NAME = 4


class CountedHall(Hall):
    """Seats "1" to "N" without sections, drawn in rows."""

    def __init__(self, total_seats: int, price: int, focus: Focus | None) -> None:
        if total_seats < 1:
            raise HallError("/total_seats", "a hall has at least one seat")
        drawing, (self._block,) = draw_blocks([block_shape(total_seats)], focus)
        super().__init__((Section(None, True, total_seats, price, price, None, None),), drawing)

    def seats(self) -> Iterator[HallSeat]:
        """Every seat, "1" first."""
        price, width = self.sections[0].price, self._block.seats_per_row
        for row, first in enumerate(range(1, self.total_seats + 1, width)):
            y = self._block.row_y(row)
            xs = self._block.seat_xs(min(width, self.total_seats + 1 - first))
            for place, x in enumerate(xs, start=1):
                number = str(first + place - 1)
                yield HallSeat(number, None, None, row, place, number, x, y, price, None)

    def price_of(self, seat_number: str) -> int | None:
        """The seat's price in minor units, None where there is no such seat."""
        return self.sections[0].price if _counts_to(self.total_seats, seat_number) else None


@dataclass(frozen=True, slots=True)
class _Part:
    section: Section
    block: Block
    first_row_index: int


class SectionedHall(Hall):
    """Sections of rows ("Stalls-A-1") and of a capacity ("Standing-1"), one behind the other."""

    def __init__(self, described: Sequence[dict[str, Any]], focus: Focus | None) -> None:
        sections = _read_sections(described)
        drawing, blocks = draw_blocks([_shape(section) for section in sections], focus)
        super().__init__(sections, drawing)
        self._numbered: dict[str | None, _Part] = {}
        self._unnumbered: dict[str | None, _Part] = {}
        rows = 0
        for section, block in zip(sections, blocks, strict=True):
            parts = self._numbered if section.numbered else self._unnumbered
            parts[section.name] = _Part(section, block, rows)
            rows += section.rows or 0
            if not section.numbered:
                drawing.areas.append(block.area(str(section.name)))

    def seats(self) -> Iterator[HallSeat]:
        """Every seat, section by section as given, in each row by row."""
        for section in self.sections:
            if section.numbered:
                yield from _row_seats(self._numbered[section.name])
            else:
                yield from _unnumbered_seats(self._unnumbered[section.name])

    def price_of(self, seat_number: str) -> int | None:
        """The seat's price in minor units, None where there is no such seat."""
        # Read from the right: a section's name may itself contain dashes, a row's name and a number cannot.
        head, _, number = seat_number.rpartition("-")
        if part := self._unnumbered.get(head):
            return part.section.price if _counts_to(part.section.capacity, number) else None
        name, _, row = head.rpartition("-")
        part = self._numbered.get(name)
        if part and _has_row(part.section, row) and _counts_to(part.block.seats_per_row, number):
            return part.section.price
        return None


def row_name(row: int) -> str:
    """The name of the row counted from 0: A … Z, AA, AB …."""
    letters = ""
    row += 1
    while row:
        row, letter = divmod(row - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _row_count(name: str) -> int:
    """How many rows there are up to the one of this name; 0 for what names none."""
    if not (name.isascii() and name.isalpha() and name.isupper() and len(name) <= LONGEST_ROW_NAME):
        return 0
    count = 0
    for letter in name:
        count = count * 26 + ord(letter) - ord("A") + 1
    return count


def _has_row(section: Section, row: str) -> bool:
    return section.rows is not None and 0 < _row_count(row) <= section.rows


def _counts_to(limit: int, number: str) -> bool:
    """Whether this is a number from 1 to limit in its one canonical spelling."""
    canonical = number.isascii() and number.isdigit() and number[0] != "0" and len(number) <= LONGEST_NUMBER
    return canonical and int(number) <= limit


def _row_seats(part: _Part) -> Iterator[HallSeat]:
    name, price, block = part.section.name, part.section.price, part.block
    for row in range(block.rows):
        letters, y, row_index = row_name(row), block.row_y(row), part.first_row_index + row
        for place, x in enumerate(block.seat_xs(block.seats_per_row), start=1):
            number = f"{name}-{letters}-{place}"
            yield HallSeat(number, name, letters, row_index, place, str(place), x, y, price, None)


def _unnumbered_seats(part: _Part) -> Iterator[HallSeat]:
    section = part.section
    x, y = part.block.middle()
    for number in range(1, section.capacity + 1):
        label = str(number)
        seat_number = f"{section.name}-{label}"
        yield HallSeat(seat_number, section.name, None, None, None, label, x, y, section.price, None)


def _shape(section: Section) -> tuple[int, int]:
    if section.rows is not None and section.seats_per_row is not None:
        return section.seats_per_row, section.rows
    return block_shape(section.capacity)


def _read_sections(described: Sequence[dict[str, Any]]) -> tuple[Section, ...]:
    if not described:
        raise HallError("/sections", "a hall has at least one section")
    sections = [_read_section(one, f"/sections/{index}") for index, one in enumerate(described)]
    faults = Faults()
    first: dict[str | None, int] = {}
    for index, section in enumerate(sections):
        if (other := first.setdefault(section.name, index)) != index:
            faults.add(f"/sections/{index}/name", f"is the name of /sections/{other} too")
    for index in range(len(sections)):
        _check_numbers_differ(index, sections, first, faults)
    faults.check()
    return tuple(sections)


def _read_section(one: dict[str, Any], pointer: str) -> Section:
    if not one["name"]:
        raise HallError(f"{pointer}/name", "a section has a name")
    for field in ("rows", "seats_per_row") if "rows" in one else ("capacity",):
        if one[field] < 1:
            raise HallError(f"{pointer}/{field}", "a section has at least one seat")
    name, price = one["name"], one["price"]
    if "rows" in one:
        rows, seats_per_row = one["rows"], one["seats_per_row"]
        return Section(name, True, rows * seats_per_row, price, price, rows, seats_per_row)
    return Section(name, False, one["capacity"], price, price, None, None)


def _check_numbers_differ(
    index: int, sections: Sequence[Section], first: dict[str | None, int], faults: Faults
) -> None:
    # Numbers read from the right are ambiguous in one case alone: an unnumbered section called like a row,
    # "X-A" beside rows of "X", where both have a seat "X-A-1".
    section = sections[index]
    name, _, row = str(section.name).rpartition("-")
    if section.numbered or name not in first:
        return
    other = sections[first[name]]
    if _has_row(other, row):
        last = min(section.capacity, other.seats_per_row or 0)
        seats = f'"{section.name}-1"' + (f' to "{section.name}-{last}"' if last > 1 else "")
        faults.add(
            f"/sections/{index}/name",
            f"seats {seats} would be those of row {row} of /sections/{first[name]} too",
        )
