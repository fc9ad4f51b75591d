"""A dump, sales, the documented restore, sales: nobody who follows along misses what comes after it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.infra.db import transaction
from core.settling.worker import settle_show
from core.shows.service import NewShow, create_show
from proof.sink import Sink, run_sink
from tests.acting import book
from tests.core.webhooks.acting import deliver, register
from tests.restoring.conftest import Site
from tests.restoring.followers import FeedReader, MapViewer, fetch

pytestmark = pytest.mark.processes


@pytest.fixture
def sink() -> Iterator[Sink]:
    with run_sink() as running:
        yield running


def make_show() -> int:
    start_time = datetime.now(UTC) + timedelta(days=30)
    new = NewShow(name="Hamlet", start_time=start_time, hold_seconds=120, total_seats=10)
    with transaction() as connection:
        return create_show(connection, new).id


def sell(show_id: int, *seats: str) -> list[str]:
    """Each in a batch of its own; the bookings."""
    sold = []
    for seat in seats:
        sold.append(str(book(show_id, seat)))
        settle_show(show_id)
    return sold


def test_drill(site: Site, sink: Sink) -> None:
    feed = FeedReader()
    with site.run() as web:
        show_id, endpoint_id = make_show(), register(sink).endpoint.id
        viewer = MapViewer(show_id)
        kept = sell(show_id, "1", "2")
        deliver(endpoint_id)
        assert feed.read_on(web) == kept
        site.procedure.dump()

        lost = sell(show_id, "5", "6", "7")
        lost_show_id, lost_endpoint_id = make_show(), register(sink, "/lost").endpoint.id
        deliver(endpoint_id)
        assert feed.read_on(web) == lost
        viewer.look(web)
        assert viewer.views() == [dict.fromkeys("12567", "booked")] * 4

    said = site.procedure.restore()
    assert "position" in said
    with site.run() as web:
        # As many as were lost: counted on from the dump, places and versions would be those of before.
        after = sell(show_id, "3", "7", "8")
        deliver(endpoint_id)
        assert feed.read_on(web) == after
        viewer.look(web)
        assert viewer.views() == [dict.fromkeys("12378", "booked")] * 4
        assert sorted(received.event["subject"] for received in sink.at("/")) == sorted(
            [*kept, *lost, *after]
        )
        assert make_show() > lost_show_id
        assert register(sink, "/new").endpoint.id > lost_endpoint_id
        # Exact in JavaScript.
        assert feed.last_position < 2**53
        assert (viewer.version or 0) < 2**53
        assert fetch(f"{web}/bookings/{lost[0]}")[0] == 404


@pytest.mark.parametrize("site", ["compose"], indirect=True)
def test_restored_twice(site: Site) -> None:
    """What the first restore gave out is not given out by the second."""
    feed = FeedReader()
    with site.run() as web:
        show_id = make_show()
        viewer = MapViewer(show_id)
        kept = sell(show_id, "1")
        site.procedure.dump()
    for seat in "23":
        site.procedure.restore()
        with site.run() as web:
            feed.read_on(web)
            sold = sell(show_id, seat)
            assert feed.read_on(web) == sold
            viewer.look(web)
            assert viewer.views() == [dict.fromkeys(["1", seat], "booked")] * 4
    assert feed.told[0] == kept[0]
