"""Halls built from the descriptions that are kept of them."""

from typing import Any

from core.shows.drawn import DrawnHall
from core.shows.generated import CountedHall, SectionedHall
from core.shows.seating import Hall, HallError, HallSeat, Section

__all__ = ["MAX_SEATS", "Hall", "HallError", "HallSeat", "Section", "build_hall"]

MAX_SEATS = 100_000


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
