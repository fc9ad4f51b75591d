"""Shows: reading and listing them, changing and cancelling one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.halls.limits import LISTED_SECTIONS, MAX_SECTIONS
from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, pointers
from tests.door import DoorClient
from tests.support import ADMIN

MALFORMED = ["abc", "-1", "1.5", "0", "99999999999999999999", "%00", "1%20", "%D9%A1"]


def names(client: DoorClient, **query: Any) -> list[str]:
    answer = client.get("/shows", query_string=query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json["items"]]


def days(number: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=number)


@pytest.mark.parametrize("show_id", [*MALFORMED, "123456789"])
@pytest.mark.parametrize("rest", ["", "/seats", "/layout", "/availability", "/suggestions?quantity=1"])
def test_unknown_show(client: DoorClient, show_id: str, rest: str) -> None:
    assert_problem(client.get(f"/shows/{show_id}{rest}"), 404, "show_not_found")


def test_list_is_soonest_first_from_now_on(client: DoorClient, make_show: Callable[..., Show]) -> None:
    for name, day in (("later", 20), ("past", -1), ("sooner", 10)):
        make_show(name=name, start_time=days(day))
    assert names(client) == ["sooner", "later"]
    assert names(client, **{"from": "2001-01-01T00:00:00Z"}) == ["past", "sooner", "later"]
    assert names(client, **{"from": days(15).isoformat()}) == ["later"]


def test_list_shows_the_first_sections_of_each_show_and_the_show_all(
    client: DoorClient, make_show: Callable[..., Show]
) -> None:
    few, many = LISTED_SECTIONS, MAX_SECTIONS
    for count, day in ((few, 1), (many, 2)):
        make_show(
            sections=[{"name": f"{number:0100}", "capacity": 1, "price": number} for number in range(count)],
            start_time=days(day),
        )
    answer = client.get("/shows?limit=200")
    small, large = answer.json["items"]
    assert small == client.get(f"/shows/{small['id']}").json
    whole = client.get(f"/shows/{large['id']}").json
    assert len(whole["sections"]) == many
    assert large == {**whole, "sections": whole["sections"][:few]}
    assert len(answer.data) < 200 * 2 * few * 2


def test_list_by_status_and_name(client: DoorClient, make_show: Callable[..., Show]) -> None:
    make_show(name="Open Hamlet")
    make_show(name="Planned", sales_open_at=days(1))
    make_show(name="Closed 100%", sales_close_at=days(-1))
    cancelled = make_show(name="Off")
    client.post(f"/admin/shows/{cancelled.id}/cancel", headers=ADMIN)
    assert names(client, status="on_sale") == ["Open Hamlet"]
    assert names(client, status="scheduled") == ["Planned"]
    assert names(client, status="closed") == ["Closed 100%"]
    assert names(client, status="cancelled") == ["Off"]
    assert names(client, q="hamLET") == ["Open Hamlet"]
    assert names(client, q="%") == ["Closed 100%"]


def test_list_pages(client: DoorClient, make_show: Callable[..., Show]) -> None:
    same_time = days(5)
    for name in "abcde":
        make_show(name=name, start_time=same_time)
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = client.get("/shows", query_string=query).json
        found += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == list("abcde")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=ten", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("status=open", "/status"),
        ("from=yesterday", "/from"),
        ("from=2099-01-01T00:00:00", "/from"),
        ("q=", "/q"),
        ("q=%00", "/q"),
        ("cursor=rubbish", "/cursor"),
        # Times with offsets that no clock has, or without one.
        ("cursor=WyIyMDIwLTAxLTAxVDAwOjAwOjAwKzIzOjU5OjU5LjUiLDFd", "/cursor"),
        ("cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwxXQ", "/cursor"),
        ("cursor=WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTIzOjU5IiwxXQ", "/cursor"),
        ("cursor=WyIyMDIwLTAxLTAxVDAwOjAwOjAwIiwxXQ", "/cursor"),
        ("cursor=", "/cursor"),
        ("cursor=%c3%bf", "/cursor"),
        ("cursor=WzFd", "/cursor"),
        ("cursor=WyJub3Qgb25lIiwxXQ", "/cursor"),
        ("sort=name", "/sort"),
    ],
)
def test_list_refuses(client: DoorClient, query: str, pointer: str) -> None:
    problem = assert_problem(client.get(f"/shows?{query}"), 422, "invalid_request")
    assert pointers(problem) == [pointer]


def test_counts_follow_the_bookings(asking: Asking) -> None:
    asking.settled("1", "2")
    asking.settled("3", hold=True)
    show = asking.client.get(f"/shows/{asking.show_id}").json
    assert show["seats"] == {"available": 7, "held": 1, "booked": 2}
    assert asking.client.get("/shows").json["items"] == [show]


def change(client: DoorClient, show_id: object, **fields: Any) -> Any:
    return client.patch(f"/admin/shows/{show_id}", json=fields, headers=ADMIN)


def test_change(client: DoorClient, show: Show) -> None:
    assert names(client) == ["A show"]
    changes = {
        "name": "Another",
        "start_time": "2098-01-10T19:30:00Z",
        "hold_seconds": 300,
        "max_seats_per_booking": 2,
        "max_seats_per_customer": 3,
        "max_held_seats_per_client": 4,
        "sales_open_at": "2097-01-01T00:00:00Z",
        "sales_close_at": "2097-12-31T00:00:00Z",
        "cancel_until": "2097-12-30T00:00:00Z",
        "time_zone": "America/Argentina/Buenos_Aires",
    }
    before = client.get(f"/shows/{show.id}").json
    answer = change(client, show.id, **changes)
    assert answer.status_code == 200
    assert answer.json == {**before, **changes, "status": "scheduled"}
    assert client.get(f"/shows/{show.id}").json == answer.json
    assert names(client) == ["Another"]
    assert change(client, show.id, sales_open_at=None, sales_close_at=None).json["status"] == "on_sale"
    assert change(client, show.id, max_seats_per_customer=None).json["max_seats_per_customer"] is None
    assert change(client, show.id, max_held_seats_per_client=None).json["max_held_seats_per_client"] is None
    assert change(client, show.id, cancel_until=None).json["cancel_until"] is None
    assert change(client, show.id).json["name"] == "Another"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": None},
        {"start_time": None},
        {"hold_seconds": 14},
        {"cancel_until": "tomorrow"},
        {"max_seats_per_booking": 0},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": None},
        {"focus": "bottom"},
        {"focus": None},
        {"total_seats": 20},
        {"currency": None},
        {"payment_required": None},
        {"status": "cancelled"},
        {"sales_close_at": "2001-01-01T00:00:00Z", "sales_open_at": "2002-01-01T00:00:00Z"},
    ],
)
def test_change_refuses(client: DoorClient, show: Show, fields: dict[str, Any]) -> None:
    before = client.get(f"/shows/{show.id}").json
    assert_problem(change(client, show.id, **fields), 422, "invalid_request")
    assert client.get(f"/shows/{show.id}").json == before


def test_change_of_limits_and_times_binds_bookings(asking: Asking) -> None:
    change(asking.client, asking.show_id, max_seats_per_booking=1)
    assert_problem(asking.post("1", "2"), 422, "too_many_seats")
    change(asking.client, asking.show_id, sales_close_at="2001-01-01T00:00:00Z")
    assert_problem(asking.post("1"), 409, "sales_closed")


def test_change_of_a_cancelled_show(client: DoorClient, show: Show) -> None:
    client.post(f"/admin/shows/{show.id}/cancel", headers=ADMIN)
    assert_problem(change(client, show.id, name="Back"), 409, "show_cancelled")


@pytest.mark.parametrize("show_id", [*MALFORMED, "123456789"])
def test_change_and_cancel_of_an_unknown_show(client: DoorClient, show_id: str) -> None:
    assert_problem(change(client, show_id, name="x"), 404, "show_not_found")
    assert_problem(client.post(f"/admin/shows/{show_id}/cancel", headers=ADMIN), 404, "show_not_found")


def test_cancel(asking: Asking) -> None:
    client, show_id = asking.client, asking.show_id
    confirmed, held, waiting = asking.settled("1"), asking.settled("2", "3", hold=True), asking.book("4")
    answer = client.post(f"/admin/shows/{show_id}/cancel", headers=ADMIN)
    assert (answer.status_code, answer.json["status"]) == (202, "cancelled")
    assert_problem(asking.post("5"), 409, "show_cancelled")
    asking.settle()
    assert {asking.read(id_)["status"] for id_ in (confirmed, held, waiting)} == {"CANCELLED"}
    assert set(asking.seat_states().values()) == {"available"}
    again = client.post(f"/admin/shows/{show_id}/cancel", headers=ADMIN)
    assert (again.status_code, again.json["status"]) == (200, "cancelled")
    assert again.json["seats"] == {"available": 10, "held": 0, "booked": 0}
