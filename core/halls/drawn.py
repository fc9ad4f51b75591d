"""Halls that somebody drew, read from their normalised plans."""

import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from core.halls.focus import Focus, find_focus
from core.halls.seating import Drawing, Hall, HallSeat, Section

# What a drawn seat takes of memory.
BYTES_A_SEAT = 160


@dataclass(frozen=True, slots=True)
class _Row:
    section: str | None
    name: str | None
    numbers: tuple[str, ...]
    labels: tuple[str, ...]
    xs: "array[float]"
    ys: "array[float]"
    categories: "array[int]"


class DrawnHall(Hall):
    """A hall with its own plan: every seat has its place and its category, which has the price."""

    def __init__(self, plan: dict[str, Any], focus: Focus | None) -> None:
        categories = plan["categories"]
        self._rows = [_read_row(row, plan["sections"]) for row in plan["rows"]]
        self._categories: list[tuple[str, int]] = [(one["name"], one["price"]) for one in categories]
        self._prices = {
            number: self._categories[category][1]
            for row in self._rows
            for number, category in zip(row.numbers, row.categories, strict=True)
        }
        width, height = plan["size"]
        place = find_focus(self._rows, plan["areas"], size=(width, height), said=focus)
        # As text: a hall stays in memory, and millions of small values take twenty times as much.
        self._areas = orjson.dumps(plan["areas"])
        super().__init__(self._read_sections(), Drawing(width, height, place, [], categories))
        self.weight = self.total_seats + len(self._areas) // BYTES_A_SEAT

    def areas(self) -> list[dict[str, Any]]:
        """The areas of its plan."""
        areas: list[dict[str, Any]] = orjson.loads(self._areas)
        return areas

    def seats(self) -> Iterator[HallSeat]:
        """Every seat, in the plan's order."""
        for row_index, row in enumerate(self._rows):
            columns = zip(row.numbers, row.labels, row.xs, row.ys, row.categories, strict=True)
            for place, (number, label, x, y, category) in enumerate(columns, start=1):
                name, price = self._categories[category]
                yield HallSeat(number, row.section, row.name, row_index, place, label, x, y, price, name)

    def price_of(self, seat_number: str) -> int | None:
        """The seat's price in minor units, None where there is no such seat."""
        return self._prices.get(seat_number)

    def _read_sections(self) -> tuple[Section, ...]:
        categories: dict[str | None, list[int]] = {}
        for row in self._rows:
            categories.setdefault(row.section, []).extend(row.categories)
        sections = []
        for name, of_seats in categories.items():
            prices = [self._categories[category][1] for category in set(of_seats)]
            sections.append(Section(name, True, len(of_seats), min(prices), max(prices), None, None))
        return tuple(sections)


def _read_row(row: dict[str, Any], sections: list[str | None]) -> _Row:
    return _Row(
        section=sections[row["section"]],
        name=row["row"],
        numbers=tuple(row["numbers"]),
        # A hall has a few dozen different labels, each many times over.
        labels=tuple(sys.intern(label) for label in row["labels"]),
        xs=array("d", row["xs"]),
        ys=array("d", row["ys"]),
        categories=array("i", row["categories"]),
    )
