"""Loads on a real service: shows made in bulk are as good as others, and bookings are counted to the last."""

import shutil
from dataclasses import replace

import pytest
from sqlalchemy import text

from bench.bulk import add_backlog, add_history, add_holds
from bench.journeys import travel
from bench.selling import Sale, sell
from bench.side import Side
from core.infra.db import primary
from core.settling.worker import settle_show
from core.shows.service import get_show
from tests.support import wait_until

pytestmark = pytest.mark.processes

COUNTS = "SELECT available, held, booked FROM show_versions WHERE show_id = :show"
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


def test_journeys_are_timed_from_post_to_settled(side: Side, web: str, workers: None) -> None:
    side = replace(side, url=web)
    show_id, _ = side.make_shows(seats=500)
    found = travel(web, Sale(show_id, show_id, 500), seconds=1, rate=20)
    assert found.failures == 0
    # Who sets out at the very end is a matter of rounding.
    assert 0 < len(found.settled_seconds) == len(found.post_seconds) <= 24
    assert min(found.settled_seconds) > 0
