"""Halls that somebody drew, read from their normalised plans, and what their audience looks at."""

import re
import sys
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.halls.seating import Drawing, Hall, HallSeat, Section

# What a plan calls that which the audience looks at: stages, fields, rings, ice and screens in a dozen
# languages, in lower case and without accents.
FOCUS_WORDS = frozenset(
    """
    stage buhne hauptbuhne scene scena escenario palco palcoscenico podium toneel scen nayttamo jeviste
    szinpad sahne сцена
    field playfield spielfeld spielflache playing pitch court terrain campo cancha pista piste
    arena ring manege rink ice eis eisflache glace hielo ghiaccio catwalk runway
    screen leinwand ecran pantalla schermo
    """.split()  # noqa: SIM905 (a list of sixty quoted words is harder to read)
)

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Row:
    section: str | None
    name: str
    numbers: tuple[str, ...]
    labels: tuple[str, ...]
    xs: "array[float]"
    ys: "array[float]"
    categories: "array[int]"


class DrawnHall(Hall):
    """A hall with its own plan: every seat has its place and its category, which has the price."""

    def __init__(self, plan: dict[str, Any]) -> None:
        categories = plan["categories"]
        self._rows = [_read_row(row, plan["sections"]) for row in plan["rows"]]
        self._categories: list[tuple[str, int]] = [(one["name"], one["price"]) for one in categories]
        self._prices = {
            number: self._categories[category][1]
            for row in self._rows
            for number, category in zip(row.numbers, row.categories, strict=True)
        }
        width, height = plan["size"]
        focus = find_focus(plan["areas"]) or (width / 2, 0.0)
        super().__init__(self._read_sections(), Drawing(width, height, focus, plan["areas"], categories))

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


def find_focus(areas: list[dict[str, Any]]) -> tuple[float, float] | None:
    """The middle of the largest area that is labelled as a stage, field or the like; None where none is."""
    boxes = [_bounding_box(area) for area in areas if _is_focus(area)]
    if not boxes:
        return None
    left, top, right, bottom = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    return (left + right) / 2, (top + bottom) / 2


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


def _is_focus(area: dict[str, Any]) -> bool:
    text = unicodedata.normalize("NFKD", (area.get("text") or {}).get("text") or "")
    plain = "".join(letter for letter in text if not unicodedata.combining(letter)).casefold()
    return not FOCUS_WORDS.isdisjoint(re.findall(r"\w+", plain))


def _bounding_box(area: dict[str, Any]) -> Box:
    """Left, top, right and bottom; a rectangle's position is its corner, a circle's its middle."""
    x, y = area["position"]["x"], area["position"]["y"]
    if polygon := area.get("polygon"):
        xs, ys = [point["x"] for point in polygon["points"]], [point["y"] for point in polygon["points"]]
        return x + min(xs), y + min(ys), x + max(xs), y + max(ys)
    if rectangle := area.get("rectangle"):
        return x, y, x + rectangle["width"], y + rectangle["height"]
    if ellipse := area.get("ellipse"):
        across, down = ellipse["radius"]["x"], ellipse["radius"]["y"]
        return x - across, y - down, x + across, y + down
    radius = (area.get("circle") or {"radius": 0})["radius"]
    return x - radius, y - radius, x + radius, y + radius
