"""The normal form of a drawn hall: what is kept of its plan."""

from functools import partial
from itertools import chain
from typing import Any

from core.errors import point
from core.halls.areas import find_box
from core.halls.limits import LONGEST_NAME, MAX_SEATS, PLACEHOLDER
from core.halls.plans import Row, SeatingPlan, Zone, find_place
from core.halls.seating import Faults, HallError
from core.texts import to_key

MARGIN = 40
UNDECLARED = "the seating plan declares no such category"
# The category of seats that have none; it need not be declared.
NO_CATEGORY = ""


def normalise_plan(plan: SeatingPlan, prices: dict[str, int]) -> dict[str, Any]:
    """The compact JSON that `build_hall({"plan": …})` reads; `prices` in minor units, by category.

    Raises HallError where the plan has no seat, seats with one seat_guid, or a category that is not declared
    or declared twice.
    """
    categories = _read_categories(plan)
    _check_seats(plan, categories, prices)
    places = {key: place for place, key in enumerate(categories)}
    sections: dict[str, tuple[int, str | None]] = {}
    rows = []
    for pointer, zone, row in plan.rows():
        if row.seats:
            # Zones of one name are one section.
            name = zone.name or None
            section, _ = sections.setdefault(to_key(name or ""), (len(sections), name))
            rows.append({"section": section, **_normalise_row(pointer, zone, row, places)})
    areas = [area.placed_in(zone.position) for zone in plan.zones for area in zone.areas or ()]
    costs = {to_key(name): price for name, price in prices.items()}
    return {
        "size": _size(plan, rows, areas),
        "areas": areas,
        "categories": [{**one, "price": costs.get(key, 0)} for key, one in categories.items()],
        "sections": [name for _, name in sections.values()],
        "rows": rows,
    }


def _read_categories(plan: SeatingPlan) -> dict[str, dict[str, Any]]:
    """Each category's name and colour, by what they are compared by; last that of seats that have none."""
    categories: dict[str, dict[str, Any]] = {}
    first: dict[str, int] = {}
    faults = Faults()
    for index, category in enumerate(plan.categories or ()):
        name = category.name or NO_CATEGORY
        if (other := first.setdefault(to_key(name), index)) != index:
            pointer = f"/seating_plan/categories/{index}/name"
            faults.add(pointer, f"is the name of /seating_plan/categories/{other} too")
        categories.setdefault(to_key(name), {"name": name, "color": category.color})
    faults.check()
    if any(not seat.get("category") for _, _, row in plan.rows() for seat in row.seats or ()):
        categories.setdefault(NO_CATEGORY, {"name": NO_CATEGORY, "color": None})
    return categories


def _check_seats(plan: SeatingPlan, categories: dict[str, dict[str, Any]], prices: dict[str, int]) -> None:
    if not any(row.seats for _, _, row in plan.rows()):
        raise HallError("/seating_plan/zones", f"a hall has 1 to {MAX_SEATS} seats, this one none")
    faults = Faults()
    priced: dict[str, str] = {}
    for name in prices:
        if to_key(name) not in categories:
            faults.add(point("prices", name), UNDECLARED)
        elif (other := priced.setdefault(to_key(name), name)) != name:
            faults.add(point("prices", name), f"is of the same category as {point('prices', other)}")
    seen: dict[str, tuple[str, int]] = {}
    undeclared: set[str] = set()
    for pointer, _, row in plan.rows():
        for index, seat in enumerate(row.seats or ()):
            category = seat.get("category") or NO_CATEGORY
            # Many seats have one category: it is told once.
            if to_key(category) not in categories and category not in undeclared:
                undeclared.add(category)
                faults.add(f"{pointer}/seats/{index}/category", UNDECLARED)
            guid = to_key(seat["seat_guid"])
            row_of_first, place = seen.setdefault(guid, (pointer, index))
            if (row_of_first, place) != (pointer, index):
                told = f'"{seat["seat_guid"]}" is the seat_guid of {row_of_first}/seats/{place} too'
                faults.add(f"{pointer}/seats/{index}/seat_guid", told)
    faults.check()


def _normalise_row(pointer: str, zone: Zone, row: Row, categories: dict[str, int]) -> dict[str, Any]:
    (zone_x, zone_y), (row_x, row_y) = find_place(zone.position), find_place(row.position)
    places = [find_place(seat.get("position")) for seat in row.seats or ()]
    label_of = partial(_label, f"{pointer}/seat_label", row.seat_label)
    return {
        "row": _label(f"{pointer}/row_label", row.row_label, row.row_number or "").strip() or None,
        "numbers": [seat["seat_guid"] for seat in row.seats or ()],
        "labels": [label_of(seat.get("seat_number") or seat["seat_guid"]) for seat in row.seats or ()],
        "xs": [zone_x + row_x + x for x, _ in places],
        "ys": [zone_y + row_y + y for _, y in places],
        "categories": [categories[to_key(seat.get("category") or NO_CATEGORY)] for seat in row.seats or ()],
    }


def _label(pointer: str, template: str | None, number: str) -> str:
    if not template:
        return number
    # The limit is checked before any seat is made.
    if len(template) + template.count(PLACEHOLDER) * (len(number) - len(PLACEHOLDER)) > LONGEST_NAME:
        raise HallError(pointer, f"makes labels of more than {LONGEST_NAME} characters")
    return template.replace(PLACEHOLDER, number)


def _size(plan: SeatingPlan, rows: list[dict[str, Any]], areas: list[dict[str, Any]]) -> tuple[float, float]:
    """As it was said, else as far as seats and areas reach."""
    width, height = (plan.size.width, plan.size.height) if plan.size else (None, None)
    boxes = [find_box(area) for area in areas] if not (width and height) else []
    right = max(chain((max(row["xs"]) for row in rows), (box.right for box in boxes), (0.0,)))
    bottom = max(chain((max(row["ys"]) for row in rows), (box.bottom for box in boxes), (0.0,)))
    return width or right + MARGIN, height or bottom + MARGIN
