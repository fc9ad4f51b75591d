"""Races for seats: one owner each, all of a booking's or none, whoever settles."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from core.bookings.acting import Acted
from core.errors import SeatlineError
from core.shows.service import Show
from tests.acting import cancel, confirm, extend, read, read_seats, tell_all
from tests.invariants import check_settled
from tests.races.racing import book, insist, race, settlers

MakeShow = Callable[..., Show]


def test_500_racers_for_one_seat(make_show: MakeShow) -> None:
    show = make_show()
    with settlers(show.id):
        ids = race([partial(book, show.id, "1") for _ in range(500)])
    bookings = [read(booking_id) for booking_id in ids if isinstance(booking_id, UUID)]
    assert Counter(b.status for b in bookings) == {"CONFIRMED": 1, "FAILED": 499}
    failures = [b.to_document()["failure"] for b in bookings if b.status == "FAILED"]
    assert all(failure == {"code": "seats_unavailable", "seats": ["1"]} for failure in failures)
    check_settled()


def test_overlapping_sets_in_opposite_orders(make_show: MakeShow) -> None:
    show = make_show()
    numbers = [str(n) for n in range(1, 11)]
    sets = [random.Random(seed).sample(numbers, 3) for seed in range(60)]
    orders = [tuple(seats) for seats in sets] + [tuple(reversed(seats)) for seats in sets]
    with settlers(show.id, count=4):
        ids = race([partial(book, show.id, *seats, hold=True) for seats in orders])
        held = [i for i in ids if isinstance(i, UUID)]
        race([partial(act, i) for i in held for act in (confirm, extend, cancel)])
        race([partial(book, show.id, *seats) for seats in orders])
    check_settled()
    assert "booked" in read_seats(show.id).values()


def test_several_settlers_at_one_show(make_show: MakeShow) -> None:
    show = make_show(total_seats=300)
    with settlers(show.id, count=6):
        ids = race([partial(book, show.id, str(n)) for n in range(1, 301)])
    assert tell_all(i for i in ids if isinstance(i, UUID)) == ["CONFIRMED"] * 300
    check_settled()


def test_several_settlers_at_several_shows(make_show: MakeShow) -> None:
    shows = [make_show() for _ in range(6)]
    with settlers(*(show.id for show in shows), count=6):
        race([partial(book, show.id, str(n), hold=n % 2 == 0) for show in shows for n in range(1, 11)] * 2)
    check_settled()
    for show in shows:
        assert Counter(read_seats(show.id).values()).total() == 10
        assert "available" not in read_seats(show.id).values()


def test_quantities_and_named_seats(make_show: MakeShow) -> None:
    show = make_show(total_seats=40)
    named = [partial(book, show.id, str(n), str(n + 1)) for n in range(1, 40)]
    with settlers(show.id, count=4):
        race([*named, *(partial(book, show.id, quantity=q) for q in (1, 2, 3) * 10)])
    check_settled()
    free = [seat for seat, status in read_seats(show.id).items() if status == "available"]
    assert free == []


def test_customer_limit(make_show: MakeShow) -> None:
    show = make_show(total_seats=60, max_seats_per_customer=4)
    with settlers(show.id, count=4):
        ids = race([partial(book, show.id, str(n), customer="ab"[n % 2]) for n in range(1, 61)])
    words = Counter(tell_all(i for i in ids if isinstance(i, UUID)))
    assert words == {"CONFIRMED": 8, "customer_limit": 52}
    check_settled()


def test_client_limit(make_show: MakeShow) -> None:
    show = make_show(total_seats=60, max_seats_per_booking=4, max_held_seats_per_client=4)
    with settlers(show.id, count=4):
        ids = race([partial(book, show.id, str(n), hold=True, client="ab"[n % 2]) for n in range(1, 61)])
    words = Counter(tell_all(i for i in ids if isinstance(i, UUID)))
    assert words == {"held": 8, "client_limit": 52}
    check_settled()


@pytest.mark.parametrize("is_hold", [True, False])
def test_cancel_against_settling(make_show: MakeShow, is_hold: bool) -> None:
    show = make_show(total_seats=100)

    def book_and_cancel(seat: str) -> UUID:
        booking_id = book(show.id, seat, hold=is_hold)
        assert not isinstance(insist(partial(cancel, booking_id)), SeatlineError)
        return booking_id

    with settlers(show.id):
        ids = race([partial(book_and_cancel, str(n)) for n in range(1, 101)])
    assert tell_all(i for i in ids if isinstance(i, UUID)) == ["CANCELLED"] * 100
    assert set(read_seats(show.id).values()) == {"available"}
    check_settled()


def test_confirm_against_cancel(make_show: MakeShow) -> None:
    show = make_show(total_seats=60)
    with settlers(show.id):
        ids = race([partial(book, show.id, str(n), hold=True) for n in range(1, 61)])
    held = [i for i in ids if isinstance(i, UUID)]
    with settlers(show.id):
        cancelled = race([partial(act, i) for i in held for act in (confirm, cancel)])[1::2]
    assert all(isinstance(acted, Acted) for acted in cancelled)
    assert tell_all(held) == ["CANCELLED"] * 60
    check_settled()
