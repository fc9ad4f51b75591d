"""The vocabulary of halls: seats, sections, drawings, what a hall can tell and what can be wrong with one."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any, NamedTuple

from core.errors import Fault
from core.halls.limits import LISTED_FAULTS
from core.texts import to_key

# Columns tell positions to a millionth of what the seats extend over: 100,000 in one row are ten steps apart.
FINENESS = 6


class HallError(Exception):
    """A hall is described wrongly: each fault says where (a JSON pointer into the request) and what."""

    def __init__(self, pointer: str, detail: str, *, faults: Sequence[Fault] = ()) -> None:
        super().__init__(f"{pointer}: {detail}")
        self.detail = detail
        self.faults = tuple(faults) or (Fault(pointer, detail),)


class Faults:
    """What is wrong with a hall, collected, so that all of it is told at once: the first LISTED_FAULTS."""

    def __init__(self) -> None:
        self._found: list[Fault] = []
        self._count = 0

    def add(self, pointer: str, detail: str) -> None:
        """Here is something wrong."""
        self._count += 1
        if len(self._found) < LISTED_FAULTS:
            self._found.append(Fault(pointer, detail))

    def check(self) -> None:
        """Raises HallError where anything is wrong."""
        if not self._found:
            return
        first, listed = self._found[0], len(self._found)
        which = "them" if listed == self._count else f"the first {listed}"
        several = f"{self._count} things about the hall are wrong; errors has {which}."
        raise HallError(first.pointer, first.detail if self._count == 1 else several, faults=self._found)


class HallSeat(NamedTuple):
    """One seat; `row_index` is unique in the hall, `place` counts from 1; both None where unnumbered."""

    seat_number: str
    section: str | None
    row: str | None
    row_index: int | None
    place: int | None
    label: str
    x: float
    y: float
    price: int
    category: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """One section; `price` is its lowest; `rows` and `seats_per_row` only where it was given by them."""

    name: str | None
    numbered: bool
    capacity: int
    price: int
    price_max: int
    rows: int | None
    seats_per_row: int | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn of a hall beside its seats, in its units; `focus` is what the audience looks at."""

    width: float
    height: float
    focus: tuple[float, float]
    areas: list[dict[str, Any]]
    categories: list[dict[str, Any]]


class Hall(ABC):
    """A hall: its sections, its seats in their order, their prices and where they are drawn.

    `weight` tells what it takes of memory, where a seat that is kept is 1.
    """

    # One made of rows and columns knows its seats by arithmetic.
    weight = 500

    def __init__(self, sections: tuple[Section, ...], drawing: Drawing) -> None:
        self.sections = sections
        self.total_seats = sum(section.capacity for section in sections)
        self.focus = drawing.focus
        self._drawing = drawing
        names = [section.name for section in sections if section.name is not None]
        # Two that are written alike there may be in a hall of before: each is found by its own spelling.
        self._spellings = {to_key(name): name for name in names} | {name: name for name in names}

    @abstractmethod
    def seats(self) -> Iterator[HallSeat]:
        """Every seat, in seat order."""

    @abstractmethod
    def price_of(self, seat_number: str) -> int | None:
        """The seat's price in minor units, None where there is no such seat."""

    def find_section(self, name: str) -> str | None:
        """The name as this hall spells it, however its letters are composed; None where no section has it."""
        return self._spellings.get(name) or self._spellings.get(to_key(name))

    def areas(self) -> list[dict[str, Any]]:
        """What is drawn beside the seats."""
        return self._drawing.areas

    def layout(self) -> dict[str, Any]:
        """What GET /shows/{id}/layout shows, but for the show's id: size, sections, areas, categories."""
        frame = self._frame()
        seats: dict[str | None, list[dict[str, Any]]] = {section.name: [] for section in self.sections}
        for seat in self.seats():
            if seat.place is not None:
                seats[seat.section].append(_seat_layout(seat))
        sections = [{**section, "seats": seats[section["name"]]} for section in frame["sections"]]
        return {**frame, "sections": sections}

    def columns(self) -> dict[str, Any]:
        """The same of every seat, those of unnumbered sections too: a list for each property, in seat order.

        Sections and categories are told by index; positions to a millionth of what the seats extend over.
        """
        frame = self._frame()
        return {**frame, "seats": _to_columns(list(self.seats()), frame)}

    def _frame(self) -> dict[str, Any]:
        drawing = self._drawing
        return {
            "size": {"width": drawing.width, "height": drawing.height},
            "sections": [
                {"name": section.name, "numbered": section.numbered, "capacity": section.capacity}
                for section in self.sections
            ],
            "areas": self.areas(),
            "categories": drawing.categories,
        }


def _to_columns(seats: Sequence[HallSeat], frame: dict[str, Any]) -> dict[str, Any]:
    sections = {section["name"]: index for index, section in enumerate(frame["sections"])}
    categories = {None: None, **{category["name"]: i for i, category in enumerate(frame["categories"])}}
    xs = [None if seat.place is None else seat.x for seat in seats]
    ys = [None if seat.place is None else seat.y for seat in seats]
    decimals = _find_decimals(xs, ys)
    return {
        "seat_number": [seat.seat_number for seat in seats],
        "section": [sections[seat.section] for seat in seats],
        "row": [seat.row for seat in seats],
        "label": [seat.label for seat in seats],
        "x": _shorten(xs, decimals),
        "y": _shorten(ys, decimals),
        "category": [categories[seat.category] for seat in seats],
        "price": [seat.price for seat in seats],
    }


def _find_decimals(*axes: Sequence[float | None]) -> int:
    placed = [_list_places(axis) or {0.0} for axis in axes]
    extent = max(max(axis) - min(axis) for axis in placed)
    # Where all seats are at one place, nothing tells how fine it is drawn.
    return max(0, FINENESS - floor(log10(extent))) if extent else FINENESS


def _list_places(axis: Sequence[float | None]) -> set[float]:
    return {value for value in axis if value is not None}


def _shorten(axis: Sequence[float | None], decimals: int) -> list[float | None]:
    # Most seats share theirs with others: each is rounded once.
    short: dict[float | None, float | None] = {None: None}
    for value in _list_places(axis):
        rounded = round(value, decimals)
        short[value] = int(rounded) if rounded.is_integer() else rounded
    return [short[value] for value in axis]


def _seat_layout(seat: HallSeat) -> dict[str, Any]:
    return {
        "seat_number": seat.seat_number,
        "row": seat.row,
        "label": seat.label,
        "x": seat.x,
        "y": seat.y,
        "price": seat.price,
        "category": seat.category,
    }
