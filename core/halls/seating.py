"""The vocabulary of halls: seats, sections, drawings, what a hall can tell and what can be wrong with one."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class HallError(Exception):
    """A hall is described wrongly: `pointer` (JSON pointer into the request) says where, `detail` what."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer}: {detail}")
        self.pointer = pointer
        self.detail = detail


@dataclass(frozen=True, slots=True)
class HallSeat:
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
    """A hall: its sections, its seats in their order, their prices and where they are drawn."""

    def __init__(self, sections: tuple[Section, ...], drawing: Drawing) -> None:
        self.sections = sections
        self.total_seats = sum(section.capacity for section in sections)
        self.focus = drawing.focus
        self._drawing = drawing
        self._section_names = {section.name for section in sections}

    @abstractmethod
    def seats(self) -> Iterator[HallSeat]:
        """Every seat, in seat order."""

    @abstractmethod
    def price_of(self, seat_number: str) -> int | None:
        """The seat's price in minor units, None where there is no such seat."""

    def has_section(self, name: str) -> bool:
        """Whether a section has this name."""
        return name in self._section_names

    def layout(self) -> dict[str, Any]:
        """What GET /shows/{id}/layout shows, but for the show's id: size, sections, areas, categories."""
        drawing = self._drawing
        return {
            "size": {"width": drawing.width, "height": drawing.height},
            "sections": self._section_layouts(),
            "areas": drawing.areas,
            "categories": drawing.categories,
        }

    def _section_layouts(self) -> list[dict[str, Any]]:
        seats: dict[str | None, list[dict[str, Any]]] = {section.name: [] for section in self.sections}
        for seat in self.seats():
            if seat.place is not None:
                seats[seat.section].append(_seat_layout(seat))
        return [
            {
                "name": section.name,
                "numbered": section.numbered,
                "capacity": section.capacity,
                "seats": seats[section.name],
            }
            for section in self.sections
        ]


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
