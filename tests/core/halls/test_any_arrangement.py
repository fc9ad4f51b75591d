"""However a hall is arranged, its best seats are found with work and memory that grow as the hall does."""

import sys
import tracemalloc
from collections.abc import Callable

import pytest

from bench.arrangements import ARRANGEMENTS, Arrangement
from core.halls import best as choosing
from core.halls.best import BestSeats
from core.halls.build import Hall
from core.halls.seat_index import SeatIndex, find_index

SMALL, LARGE = 750, 3_000
# Four times as many seats are four times the work, and a little for the trees being higher; sixteen times
# where every seat is held against every other.
MOST_GROWTH = 6
# Of a hall that is known, whatever its size: what the bounds on searches leave, and a little for each seat.
MOST_CALLS = 150_000
FREE: dict[str, Callable[[int], bytes]] = {
    "all are free": lambda seats: b"\1" * seats,
    "every other is": lambda seats: bytes(seat % 2 for seat in range(seats)),
}


def count_calls(work: Callable[..., object], *arguments: object) -> int:
    """Of Python's functions and of C's: the same on any machine, however busy."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work(*arguments)
    finally:
        sys.setprofile(None)
    return calls


def ask(hall: Hall, free: bytes) -> None:
    """What a request for suggestions and what the first bookings of a batch come to."""
    near = find_index(hall).numbers[len(free) // 2]
    for quantity in (2, 10, 50):
        BestSeats(hall, free).suggest(quantity, near=near)
        BestSeats(hall, free).choose(quantity)


def make_ready(hall: Hall) -> None:
    SeatIndex(hall).tree(None)


def settle(hall: Hall, free: bytes, bookings: int) -> None:
    best = BestSeats(hall, free)
    for _ in range(bookings):
        choice = best.choose(10)
        best.discard(choice.seats if choice else ())


@pytest.mark.parametrize("arrange", ARRANGEMENTS.values(), ids=ARRANGEMENTS.keys())
def test_work_grows_no_faster_than_the_hall(arrange: Arrangement) -> None:
    small, large = arrange(SMALL), arrange(LARGE)
    assert count_calls(make_ready, large) < MOST_GROWTH * count_calls(make_ready, small)
    for free in FREE.values():
        few = count_calls(ask, small, free(SMALL))
        assert count_calls(ask, large, free(LARGE)) < max(MOST_GROWTH * few, MOST_CALLS)
        few = count_calls(settle, small, free(SMALL), SMALL // 50)
        assert count_calls(settle, large, free(LARGE), LARGE // 50) < max(MOST_GROWTH * few, MOST_CALLS)


@pytest.mark.parametrize("arrange", ARRANGEMENTS.values(), ids=ARRANGEMENTS.keys())
def test_a_choice_takes_some_bytes_a_seat(arrange: Arrangement) -> None:
    hall = arrange(LARGE)
    ask(hall, b"\1" * LARGE)
    tracemalloc.start()
    try:
        ask(hall, b"\1" * LARGE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The groups around every seat took two hundred thousand bytes a seat; a choice takes some hundred, and
    # other threads of this process take memory too.
    assert peak < 2_000 * LARGE


@pytest.mark.parametrize("quantity", [choosing.LARGEST_SUGGESTED, choosing.LARGEST_SUGGESTED + 1])
def test_suggestions_are_for_people(quantity: int) -> None:
    hall = ARRANGEMENTS["as built"](LARGE)
    found = BestSeats(hall, b"\1" * LARGE).suggest(quantity)
    assert len(found) == (3 if quantity == choosing.LARGEST_SUGGESTED else 0)


def test_a_hall_has_as_many_bytes_as_seats() -> None:
    hall = ARRANGEMENTS["as built"](SMALL)
    with pytest.raises(ValueError, match="749 seats"):
        BestSeats(hall, b"\1" * (SMALL - 1))
