"""Halls built from the descriptions that are kept of them."""

from typing import Any

from core.halls.drawn import DrawnHall
from core.halls.focus import Focus
from core.halls.generated import CountedHall, SectionedHall
from core.halls.limits import MAX_ROWS, MAX_SEATS
from core.halls.seating import Faults, Hall, HallError, HallSeat, Section
from core.texts import to_key

__all__ = ["MAX_SEATS", "Hall", "HallError", "HallSeat", "Section", "build_hall", "check_sections"]


def build_hall(description: dict[str, Any]) -> Hall:
    """The hall of one of {"total_seats", "price"}, {"sections": […]} or {"plan": a normalised plan}.

    Each may have a "focus": what the audience looks at, where that was said. The same description gives the
    same hall. Without a plan the time for it grows with the sections, not the seats. Raises HallError where
    two seats would have one number, or the hall is empty or too large.
    """
    focus: Focus | None = description.get("focus")
    if "plan" in description:
        return DrawnHall(description["plan"], focus)
    hall: Hall
    if "sections" in description:
        pointer, hall = "/sections", SectionedHall(description["sections"], focus)
    else:
        pointer, hall = "/total_seats", CountedHall(description["total_seats"], description["price"], focus)
    if hall.total_seats > MAX_SEATS:
        raise HallError(pointer, f"a hall has at most {MAX_SEATS} seats")
    return hall


def check_sections(sections: list[dict[str, Any]]) -> None:
    """Raises HallError where sections to be made have too many rows together, or two names written alike."""
    rows = sum(section.get("rows") or 0 for section in sections)
    if rows > MAX_ROWS:
        raise HallError("/sections", f"a hall has at most {MAX_ROWS} rows, this one {rows}")
    first: dict[str, int] = {}
    faults = Faults()
    for index, section in enumerate(sections):
        if (other := first.setdefault(to_key(section["name"]), index)) != index:
            faults.add(f"/sections/{index}/name", f"is the name of /sections/{other} too")
    faults.check()
