"""The checker itself: it objects to each way in which the database can be wrong."""

from collections.abc import Callable

import pytest

from core.shows.service import Show
from proof.invariants import BROKEN, find_broken
from tests.acting import book, cancel, end_hold, hold, run, settle, settle_all
from tests.invariants import check_settled

SEAT = "UPDATE seats SET {} WHERE seat_number = '{}'"
WRONGS = [
    ("an owned seat and its booking name each other", SEAT.format("booking_id = gen_random_uuid()", 1)),
    (
        "an owned seat and its booking name each other",
        SEAT.format("status = 'booked', hold_expires_at = NULL", 2),
    ),
    ("a booking owns all of its seats or none", SEAT.format("status = 'available', booking_id = NULL", 1)),
    (
        "a quantity booking owns as many as it asked for",
        "UPDATE bookings SET quantity = 2 WHERE quantity = 1",
    ),
    ("a hold ends for its seats as for its booking", SEAT.format("hold_expires_at = now()", 2)),
    (
        "counts are those of the seats",
        "UPDATE show_versions SET available = available - 1, booked = booked + 1",
    ),
    ("no seat is newer than its map", SEAT.format("version = 1000", 9)),
    ("a booking's events tell its story", "DELETE FROM events WHERE type = 'BOOKING_HELD'"),
    ("a booking's events tell its story", "DELETE FROM events WHERE type = 'BOOKING_CANCELLED'"),
    (
        "a booking's events tell its story",
        "INSERT INTO events (id, booking_id, type, payload)"
        " SELECT gen_random_uuid(), booking_id, type, payload FROM events",
    ),
    (
        # Nobody paid for it, so there was no way out of FAILED.
        "a booking's events tell its story",
        "WITH sold AS (UPDATE bookings SET status = 'CONFIRMED', failure_code = NULL"
        "              WHERE failure_code = 'hold_expired' RETURNING id, show_id)"
        " INSERT INTO events (id, booking_id, type, payload) SELECT gen_random_uuid(), id,"
        " 'BOOKING_CONFIRMED', jsonb_build_object('id', id, 'status', 'CONFIRMED') FROM sold",
    ),
    (
        "an event tells what the booking was",
        'UPDATE events SET payload = payload || \'{"status": "FAILED"}\'',
    ),
    (
        "no seat has two owners at once",
        "UPDATE bookings SET seats = '{1}' WHERE quantity = 1",
    ),
    (
        "seats are refused only where another owns them",
        "UPDATE bookings SET failure_seats = '{10}', seats = '{10}' WHERE failure_code = 'seats_unavailable'",
    ),
    (
        "seats are refused only where another owns them",
        "UPDATE bookings SET failure_seats = NULL WHERE failure_code = 'seats_unavailable'",
    ),
    (
        # Its owner had given it back by then.
        "seats are refused only where another owns them",
        "UPDATE bookings SET failure_seats = '{4}', seats = '{4}' WHERE failure_code = 'seats_unavailable'",
    ),
    (
        "no client holds more than its show allows",
        "WITH one_client AS (UPDATE bookings SET client = 'a' WHERE hold RETURNING 1)"
        " UPDATE shows SET max_held_seats_per_client = 2",
    ),
    ("nothing is updated before it was made", "UPDATE bookings SET updated_at = created_at - interval '1 s'"),
]
# The database itself keeps this one.
KEPT_BY_CONSTRAINT = {"nothing that waits for nobody is pending"}


@pytest.fixture(autouse=True)
def _lived_in(make_show: Callable[..., Show]) -> None:
    show = make_show()
    book(show.id, "1")
    hold(show.id, "2")
    gone, given_back = hold(show.id, "3"), hold(show.id, "4")
    end_hold(gone)
    cancel(given_back)
    book(show.id, "1", "5")
    book(show.id, quantity=1)
    settle(show.id)
    settle_all(show.id)
    check_settled()


@pytest.mark.parametrize(("invariant", "wrong"), WRONGS)
def test_wrong_is_found(invariant: str, wrong: str) -> None:
    assert run(wrong) > 0
    assert invariant in find_broken()


def test_every_invariant_is_tried() -> None:
    assert {invariant for invariant, _ in WRONGS} == set(BROKEN) - KEPT_BY_CONSTRAINT
