"""E: it books every seat once, tells the outcome at once, and a journey there is one request."""

import shutil
from collections.abc import Iterator

import pytest

from bench.client import Client
from bench.selling import Sale, sell, travel_by_prefer
from bench.yardsticks import ExpressSide, start_express
from tests.apart import make_database

pytestmark = [
    pytest.mark.processes,
    pytest.mark.external,
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node and npm are not installed"),
]

COUNT = "SELECT count(*), count(*) FILTER (WHERE status = 'CONFIRMED') FROM bookings WHERE show_id = %s"


@pytest.fixture(scope="module")
def side(servers: dict[str, str]) -> Iterator[ExpressSide]:
    url = make_database(servers["DATABASE_URL"], "express")
    ExpressSide("", url).create_tables()
    express = start_express(url)
    yield ExpressSide(express.url, url)
    express.close()


def test_a_seat_goes_to_the_first(side: ExpressSide) -> None:
    show_id, last = side.make_shows(seats=3)
    assert show_id == last
    client = Client(side.url)
    won = client.call("POST", "/bookings", {"show_id": show_id, "seats": ["1", "2"]})
    # Seat 3 stays free: all of them or none.
    lost = client.call("POST", "/bookings", {"show_id": show_id, "seats": ["2", "3"]})
    assert [(a.status, a.document["status"]) for a in (won, lost)] == [(201, "CONFIRMED"), (409, "FAILED")]
    for booking in (won.document, lost.document):
        known = client.call("GET", f"/bookings/{booking['id']}").document
        assert {**known, **booking} == known
    seats = client.call("GET", f"/shows/{show_id}/seats").document["seats"]
    assert [seat["status"] for seat in seats] == ["booked", "booked", "available"]
    client.close()


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_its_answer_is_the_end_of_a_journey(side: ExpressSide) -> None:
    show_id, _ = side.make_shows(seats=50)
    # Most of them are refused, which is an outcome.
    sold = sell(side, Sale(show_id, show_id, 50), seconds=1)
    assert 0 < sold.load.refused == sold.load.errors
    assert sold.rate > 0
    show_id, _ = side.make_shows(seats=20_000)
    sale = Sale(show_id, show_id, 20_000, is_distinct=True)
    rate = travel_by_prefer(side, sale, seconds=1, connections=8)
    with side.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE status = 'CONFIRMED') FROM bookings WHERE show_id = %s",
            (show_id,),
        )
        bookings, confirmed = cursor.fetchone()
    # The seconds that wrk says are some hundredths more or less.
    assert 0.7 * bookings < rate < 1.3 * bookings
    assert bookings == confirmed
