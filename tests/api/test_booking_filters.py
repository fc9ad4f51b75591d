"""Bookings by seat and by failure: who sits there, who lost it, what went wrong how often."""

from collections.abc import Callable
from typing import Any

import pytest

from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, expire, pointers
from tests.door import DoorClient
from tests.support import ADMIN


def ask(asking: Asking, **query: Any) -> list[str]:
    """The ids listed, of the whole list."""
    found, cursor = list[str](), None
    while True:
        given = {"show_id": asking.show_id, **query, **({"cursor": cursor} if cursor else {})}
        answer = asking.client.get("/admin/bookings", query_string=given, headers=ADMIN)
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json["items"]]
        if (cursor := answer.json["next"]) is None:
            return found


def test_all_who_ever_wanted_a_seat(client: DoorClient, make_show: Callable[..., Show]) -> None:
    asking, other = Asking(client, make_show().id), Asking(client, make_show().id)
    expired = asking.settled("1", "2", hold=True)
    lost = asking.settled("1")
    expire(expired)
    asking.settle()
    cancelled = asking.settled("2", "1")
    asking.act(cancelled, "cancel")
    asking.settle()
    sitting = asking.settled("1")
    late = asking.settled("3", "1")
    asking.settled("2")
    other.settled("1")
    assert ask(asking, seat="1") == [late, sitting, cancelled, lost, expired]
    assert ask(asking, seat="1", status="CONFIRMED") == [sitting]
    assert ask(asking, seat="1", failure="seats_unavailable") == [late, lost]
    assert ask(asking, seat="1", failure="hold_expired") == [expired]
    assert ask(asking, seat="1", status="CONFIRMED", failure="hold_expired") == []
    assert ask(asking, seat="4") == []


def test_a_seat_that_was_chosen_for_a_quantity(asking: Asking) -> None:
    chosen = asking.settled(quantity=2)
    first, second = asking.read(chosen)["seats"]
    assert ask(asking, seat=first) == ask(asking, seat=second) == [chosen]


def test_page_by_page(asking: Asking) -> None:
    ids = [asking.book("1") for _ in range(7)] + [asking.book("2")]
    asking.settle()
    assert ask(asking, seat="1", limit=2) == ids[6::-1]
    assert ask(asking, failure="seats_unavailable", limit=4) == ids[6:0:-1]


def test_failures_of_all_shows(client: DoorClient, make_show: Callable[..., Show]) -> None:
    shows = [Asking(client, make_show().id) for _ in range(2)]
    lost = [(asking.settled("1"), asking.settled("1"))[1] for asking in shows]
    answer = client.get("/admin/bookings?failure=seats_unavailable", headers=ADMIN)
    assert [item["id"] for item in answer.json["items"]] == lost[::-1]
    assert client.get("/admin/bookings?failure=timed_out", headers=ADMIN).json["items"] == []


def test_a_number_with_signs_of_its_own(client: DoorClient, make_show: Callable[..., Show]) -> None:
    sections = [{"name": 'Süd {1}, "50 %"', "rows": 1, "seats_per_row": 1, "price": 0}]
    asking = Asking(client, make_show(total_seats=None, sections=sections).id)
    seat = client.get(f"/shows/{asking.show_id}/seats").json["seats"][0]["seat_number"]
    booking_id = asking.settled(seat)
    assert ask(asking, seat=seat) == [booking_id]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("seat=1", "/seat"),
        ("seat=&show_id={}", "/seat"),
        ("seat=0&show_id={}", "/seat"),
        ("seat=%201&show_id={}", "/seat"),
        ("seat=1&show_id=123456789", "/seat"),
        ("seat=1&show_id=x", "/show_id"),
        ("failure=", "/failure"),
        ("failure=lost", "/failure"),
        ("failure=SEATS_UNAVAILABLE", "/failure"),
    ],
)
def test_refused(asking: Asking, query: str, pointer: str) -> None:
    answer = asking.client.get(f"/admin/bookings?{query.format(asking.show_id)}", headers=ADMIN)
    assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]
