"""GET /shows/{id}/stream: Server-Sent Events from a real web process, woken by Redis, or by looking."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from core.settling.worker import settle_show
from core.shows.service import Show
from tests.acting import book, cancel, settle
from tests.api.asking import assert_problem
from tests.door import DoorClient
from tests.measuring import measured
from tests.support import HANGS_SECONDS

MakeShow = Callable[..., Show]


class Viewer:
    """A client that follows a show."""

    def __init__(
        self, web: str, show_id: int, *, query: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.connection = HTTPConnection(web.removeprefix("http://"), timeout=HANGS_SECONDS)
        self._ask(f"/shows/{show_id}/stream{query}", headers or {})

    def _ask(self, path: str, headers: dict[str, str]) -> None:
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        # A machine that is busy enough may take longer than a request may: its client asks again.
        if self.answer.status == 503:
            self.answer.read()
            self._ask(path, headers)

    def read(self) -> tuple[int, dict[str, str]]:
        """The next event: its id, and its data. Comments are passed over."""
        fields: dict[str, str] = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if not line and fields:
                assert fields["event"] == "seats"
                return int(fields["id"]), json.loads(fields["data"])
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value

    def read_until(self, last: int, version: int, seats: dict[str, str]) -> dict[str, str]:
        """The seats as they are at the last version, having been `seats` at an earlier one."""
        while version < last:
            later, changes = self.read()
            assert later > version
            version, seats = later, seats | changes
        return seats

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def follow(web: str) -> Iterator[Callable[..., Viewer]]:
    viewers: list[Viewer] = []

    def start(show_id: int, **how: Any) -> Viewer:
        viewers.append(Viewer(web, show_id, **how))
        return viewers[-1]

    yield start
    for viewer in viewers:
        viewer.close()


Follow = Callable[..., Viewer]


def test_all_seats_come_first_then_what_changes(follow: Follow, make_show: MakeShow) -> None:
    show = make_show(total_seats=3)
    viewer = follow(show.id)
    assert viewer.answer.status == 200
    assert viewer.answer.headers["Content-Type"].startswith("text/event-stream")
    assert viewer.answer.headers["Cache-Control"] == "no-store"
    version, seats = viewer.read()
    assert seats == {"1": "available", "2": "available", "3": "available"}
    took: list[float] = []
    for later in range(version + 1, version + 6, 2):
        booking_id = book(show.id, "2")
        settle_show(show.id)
        with measured() as seconds:
            assert viewer.read() == (later, {"2": "booked"})
        took.append(seconds.quiet)
        cancel(booking_id)
        settle_show(show.id)
        assert viewer.read() == (later + 1, {"2": "available"})
    # Who only looked would see them a second apart.
    assert min(took) < 0.5


def test_since_a_version_there_is_no_gap(follow: Follow, make_show: MakeShow) -> None:
    show = make_show(total_seats=3)
    first, _ = follow(show.id).read()
    book(show.id, "1")
    settle(show.id)
    assert follow(show.id, query=f"?since={first}").read() == (first + 1, {"1": "booked"})
    # What a browser says when it connects again wins over the address it was given once.
    again = follow(show.id, query="?since=0", headers={"Last-Event-ID": str(first + 1)})
    book(show.id, "2")
    settle(show.id)
    version, changes = again.read()
    # What others who follow the show have yet to be told may be in it as well, as it is by now.
    assert (version, changes["2"]) == (first + 2, "booked")
    assert "3" not in changes


def test_version_from_the_future_gets_the_full_state(follow: Follow, make_show: MakeShow) -> None:
    show = make_show(total_seats=2)
    version, seats = follow(show.id, query="?since=999999").read()
    assert (version < 999999, seats) == (True, {"1": "available", "2": "available"})


def test_many_viewers_at_different_versions_all_end_at_the_same(follow: Follow, make_show: MakeShow) -> None:
    show = make_show(total_seats=20)
    viewers, known = [], []
    for seat in range(1, 11):
        viewer = follow(show.id)
        viewers.append(viewer)
        known.append(viewer.read())
        book(show.id, str(seat))
        settle(show.id)
    for viewer, (version, seats) in zip(viewers, known, strict=True):
        final = viewer.read_until(known[0][0] + 10, version, seats)
        assert [final[str(seat)] for seat in range(1, 12)] == ["booked"] * 10 + ["available"]


def test_viewer_that_is_silent_for_long_misses_nothing(follow: Follow, make_show: MakeShow) -> None:
    show = make_show(total_seats=30)
    viewer = follow(show.id)
    version, seats = viewer.read()
    for seat in range(1, 31):
        book(show.id, str(seat))
        settle(show.id)
    assert set(viewer.read_until(version + 30, version, seats).values()) == {"booked"}


def test_without_redis_it_is_found_by_looking(follow: Follow, make_show: MakeShow) -> None:
    show = make_show(total_seats=2)
    viewer = follow(show.id)
    viewer.read()
    book(show.id, "1")
    # A batch alone publishes nothing: that is the worker's.
    settle(show.id)
    with measured() as took:
        assert viewer.read()[1] == {"1": "booked"}
    assert took.quiet < 3


@pytest.mark.parametrize("query", ["since=-1", "since=x", "since=1.5", "since=", "since=1&since=2"])
def test_refused(client: DoorClient, make_show: MakeShow, query: str) -> None:
    assert_problem(client.get(f"/shows/{make_show().id}/stream?{query}"), 422, "invalid_request")


@pytest.mark.parametrize("last", ["x", "-1", "1 2", "9" * 30])
def test_last_event_that_is_none_is_refused(client: DoorClient, make_show: MakeShow, last: str) -> None:
    answer = client.get(f"/shows/{make_show().id}/stream", headers={"Last-Event-ID": last})
    assert_problem(answer, 422, "invalid_request")


def test_show_that_is_not_there(client: DoorClient) -> None:
    assert_problem(client.get("/shows/999999/stream"), 404, "show_not_found")


def test_connection_is_closed_by_who_follows_no_more(follow: Follow, make_show: MakeShow) -> None:
    show = make_show(total_seats=2)
    with closing(follow(show.id)) as viewer:
        viewer.read()
    other = follow(show.id)
    other.read()
    book(show.id, "1")
    settle(show.id)
    assert other.read()[1] == {"1": "booked"}
