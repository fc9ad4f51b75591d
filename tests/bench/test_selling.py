"""Loads on a real service: shows made in bulk are as good as others, and bookings are counted to the last."""

import shutil
from dataclasses import replace

import pytest
from sqlalchemy import text

from bench.bulk import add_backlog, add_history, add_holds
from bench.journeys import WAIT_SECONDS, travel, travel_alone
from bench.selling import Sale, sell, travel_by_wait
from bench.side import Side
from core.infra.db import primary
from core.settling.worker import settle_show
from core.shows.service import get_show
from tests.support import wait_until

pytestmark = pytest.mark.processes

COUNTS = "SELECT available, held, booked FROM show_versions WHERE show_id = :show"
BOOKINGS = "SELECT count(*) FROM bookings WHERE show_id = :show"
WAITING = f"{BOOKINGS} AND wants IS NOT NULL"
DIFFERENCES = """
    SELECT count(*) FROM seats s LEFT JOIN bookings b ON b.id = s.booking_id
    WHERE s.show_id = :show AND (s.status = 'held') IS DISTINCT FROM (b.hold_expires_at = s.hold_expires_at
                                                                      AND s.seat_number = b.seats[1])
"""


@pytest.fixture
def side(database: dict[str, str]) -> Side:
    return Side("", database["DATABASE_URL"])


def ask(statement: str, show_id: int) -> tuple[int, ...]:
    with primary() as connection:
        return tuple(connection.execute(text(statement), {"show": show_id}).one())


def test_shows_made_in_bulk_are_on_sale_with_their_seats(side: Side) -> None:
    first, last = side.make_shows(count=3, seats=20)
    assert last - first == 2
    with primary() as connection:
        shows = [get_show(connection, show_id) for show_id in range(first, last + 1)]
    assert [(show.status, show.total_seats, show.seats.available) for show in shows] == [
        ("on_sale", 20, 20)
    ] * 3


def test_a_backlog_is_one_that_settles_whole(side: Side) -> None:
    show_id, _ = side.make_shows(seats=40)
    with side.cursor() as cursor:
        add_backlog(cursor, show_id=show_id, bookings=30)
    settle_show(show_id)
    assert ask(COUNTS, show_id) == (10, 0, 30)


def test_holds_made_in_bulk_expire_like_others(side: Side) -> None:
    show_id, _ = side.make_shows(seats=40)
    with side.cursor() as cursor:
        add_holds(cursor, show_id=show_id, after=10, holds=30, seconds=0.5)
    assert ask(COUNTS, show_id) == (10, 30, 0)
    assert ask(DIFFERENCES, show_id) == (10,)

    def is_released() -> bool:
        settle_show(show_id)
        return ask(COUNTS, show_id) == (40, 0, 0)

    wait_until(is_released)


def test_history_leaves_nothing_to_be_done(side: Side) -> None:
    with side.cursor() as cursor:
        add_history(cursor, bookings=100)
        cursor.execute("SELECT count(*), count(DISTINCT show_id), count(wants) FROM bookings")
        assert cursor.fetchone() == (100, 50, 0)


@pytest.mark.external
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_a_load_is_counted_to_its_last_booking(side: Side, web: str, workers: None) -> None:
    side = replace(side, url=web)
    show_id, _ = side.make_shows(seats=500)
    sold = sell(side, Sale(show_id, show_id, 500), seconds=1)
    assert sold.load.errors == 0
    assert 0 < sold.rate < 10_000
    _, held, booked = ask(COUNTS, show_id)
    assert held == 0
    assert booked > 0
    batches = sell(side, Sale(show_id, show_id, 500, batch=10), seconds=1)
    assert batches.load.errors == 0


@pytest.mark.external
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_whole_journeys_are_those_that_learned_the_outcome(side: Side, web: str, workers: None) -> None:
    side = replace(side, url=web)
    show_id, _ = side.make_shows(seats=20_000)
    rate = travel_by_wait(side, Sale(show_id, show_id, 20_000, is_distinct=True), seconds=1, connections=8)
    # Each has a seat of its own; those under way at the end are settled, and have not arrived.
    wait_until(lambda: ask(WAITING, show_id) == (0,))
    _, _, booked = ask(COUNTS, show_id)
    assert 0 < rate <= booked
    assert ask(BOOKINGS, show_id) == (booked,)


def test_journeys_are_timed_from_post_to_settled(side: Side, web: str, workers: None) -> None:
    side = replace(side, url=web)
    show_id, _ = side.make_shows(seats=500)
    found = travel(web, Sale(show_id, show_id, 500), seconds=1, rate=20)
    assert found.failures == 0
    # Who sets out at the very end is a matter of rounding.
    assert 0 < len(found.settled_seconds) == len(found.post_seconds) <= 24
    assert min(found.settled_seconds) > 0


def test_a_lone_client_waits_for_each_outcome(side: Side, web: str, workers: None) -> None:
    show_id, _ = side.make_shows(seats=5)
    found = travel_alone(web, show_id, seats=5, prefers=False)
    assert len(found) == 5
    assert 0 < min(found) <= max(found) < WAIT_SECONDS
    assert ask(COUNTS, show_id) == (0, 0, 5)
