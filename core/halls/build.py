"""Halls built from the descriptions that are kept of them."""

from typing import Any

from core.halls.drawn import DrawnHall
from core.halls.generated import CountedHall, SectionedHall
from core.halls.limits import MAX_ROWS, MAX_SEATS
from core.halls.seating import Hall, HallError, HallSeat, Section

__all__ = ["MAX_SEATS", "Hall", "HallError", "HallSeat", "Section", "build_hall", "check_rows"]


def build_hall(description: dict[str, Any]) -> Hall:
    """The hall of one of {"total_seats", "price"}, {"sections": […]} or {"plan": a normalised plan}.

    The same description gives the same hall. Without a plan the time for it grows with the sections, not the
    seats. Raises HallError where two seats would have one number, or the hall is empty or too large.
    """
    if "plan" in description:
        return DrawnHall(description["plan"])
    hall: Hall
    if "sections" in description:
        pointer, hall = "/sections", SectionedHall(description["sections"])
    else:
        pointer, hall = "/total_seats", CountedHall(description["total_seats"], description["price"])
    if hall.total_seats > MAX_SEATS:
        raise HallError(pointer, f"a hall has at most {MAX_SEATS} seats")
    return hall


def check_rows(sections: list[dict[str, Any]]) -> None:
    """Raises HallError where sections that are to be made have too many rows together."""
    rows = sum(section.get("rows") or 0 for section in sections)
    if rows > MAX_ROWS:
        raise HallError("/sections", f"a hall has at most {MAX_ROWS} rows, this one {rows}")
