"""What operators may do and see: keys, bookings, histories, figures."""

from collections.abc import Callable
from typing import Any

import pytest

from core.access.principals import Role
from core.access.pseudonyms import hide
from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, expire, pointers
from tests.door import DoorClient
from tests.keys import make_key
from tests.support import ADMIN, ADMIN_KEY

UNKNOWN = "0199c0de-0000-7000-8000-000000000000"


def read(client: DoorClient, path: str) -> Any:
    answer = client.get(path, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json


@pytest.mark.parametrize(
    "credential",
    [None, "", "Bearer", "Bearer ", f"Basic {ADMIN_KEY}", ADMIN_KEY, "Bearer wrong", f"Bearer {ADMIN_KEY}x",
     f"Bearer {ADMIN_KEY[:-1]}", f"Bearer {ADMIN_KEY} {ADMIN_KEY}", "Bearer \xe9"],
)  # fmt: skip
def test_without_the_key(client: DoorClient, credential: str | None) -> None:
    headers = {} if credential is None else {"Authorization": credential}
    answer = client.get("/admin/stats", headers=headers)
    problem = assert_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert ADMIN_KEY not in str(problem)


def test_scheme_in_any_case(client: DoorClient) -> None:
    assert client.get("/admin/stats", headers={"Authorization": f"bearer {ADMIN_KEY}"}).status_code == 200


def test_refused_before_the_request_is_read(client: DoorClient) -> None:
    for answer in (
        client.post("/admin/shows", data="{", content_type="text/plain"),
        client.get("/admin/bookings?limit=x"),
        client.get("/admin/bookings/x/history"),
        client.patch("/admin/shows/x"),
    ):
        assert_problem(answer, 401, "unauthorized")


def test_bookings_newest_first_in_pages(asking: Asking) -> None:
    ids = [asking.book("1") for _ in range(5)]
    found, path = [], "/admin/bookings?limit=2"
    while path:
        page = read(asking.client, path)
        found += [item["id"] for item in page["items"]]
        path = f"/admin/bookings?limit=2&cursor={page['next']}" if page["next"] else ""
    assert found == sorted(ids, reverse=True)
    assert read(asking.client, "/admin/bookings")["items"][0] == asking.read(found[0])


def test_bookings_by_filter(client: DoorClient, make_show: Callable[..., Show]) -> None:
    one, two = Asking(client, make_show().id), Asking(client, make_show().id)
    confirmed = one.settled("1", customer="ann")
    failed = one.settled("1", customer="bob")
    other = two.book("1", customer="ann")

    def ids(query: str) -> set[str]:
        return {item["id"] for item in read(client, f"/admin/bookings?{query}")["items"]}

    assert ids(f"show_id={one.show_id}") == {confirmed, failed}
    assert ids("status=FAILED") == {failed}
    assert ids("status=PENDING") == {other}
    assert ids("customer=ann") == {confirmed, other}
    assert ids(f"customer=ann&show_id={two.show_id}") == {other}
    assert ids("customer=an") == set()
    assert ids("show_id=123456789") == set()


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("status=pending", "/status"),
        ("show_id=x", "/show_id"),
        ("show_id=9223372036854775808", "/show_id"),
        ("customer=", "/customer"),
        ("customer=%00", "/customer"),
        ("cursor=x", "/cursor"),
        ("cursor=WyJ4Il0", "/cursor"),
        ("seat=1", "/seat"),
    ],
)
def test_bookings_refuses(client: DoorClient, query: str, pointer: str) -> None:
    answer = client.get(f"/admin/bookings?{query}", headers=ADMIN)
    assert pointers(assert_problem(answer, 422, "invalid_request")) == [pointer]


def history(asking: Asking, booking_id: str) -> list[tuple[str, str | None]]:
    found = read(asking.client, f"/admin/bookings/{booking_id}/history")
    assert found["booking_id"] == booking_id
    assert [item["at"] for item in found["items"]] == sorted(item["at"] for item in found["items"])
    assert all(item["why"] for item in found["items"])
    return [(item["change"], item["status"]) for item in found["items"]]


def test_history_of_a_hold(asking: Asking) -> None:
    booking_id = asking.settled("1", hold=True)
    for action in ("extend", "confirm"):
        asking.act(booking_id, action)
    asking.settle()
    asking.act(booking_id, "cancel")
    asking.settle()
    assert history(asking, booking_id) == [
        ("BOOKING_ACCEPTED", "PENDING"),
        ("BOOKING_HELD", "PENDING"),
        ("EXTEND_REQUESTED", None),
        ("CONFIRM_REQUESTED", None),
        ("BOOKING_CONFIRMED", "CONFIRMED"),
        ("CANCEL_REQUESTED", None),
        ("BOOKING_CANCELLED", "CANCELLED"),
    ]


def test_history_tells_why(asking: Asking) -> None:
    booking_id = asking.settled("1", hold=True)
    expire(booking_id)
    asking.settle()
    items = read(asking.client, f"/admin/bookings/{booking_id}/history")["items"]
    assert (items[-1]["change"], items[-1]["why"]) == ("BOOKING_FAILED", "hold_expired")


def whose(client: DoorClient, booking_id: str) -> list[tuple[str | None, str | None]]:
    """Whose requests its history has, and which."""
    items = read(client, f"/admin/bookings/{booking_id}/history")["items"]
    return [(item["client"], item["request_id"]) for item in items]


@pytest.mark.parametrize("role", [*Role, None])
def test_history_tells_whose_request_it_was(asking: Asking, role: Role | None) -> None:
    key = make_key(role) if role else None
    whose_it_is = f"key:{key.id}" if key else hide("127.0.0.1")
    headers = key.headers if key else {}
    body = {"show_id": asking.show_id, "seats": ["1"], "hold": True}
    first = asking.client.post("/bookings", json=body, headers={**headers, "X-Request-ID": "first"})
    asking.settle()
    path = f"/bookings/{first.json['id']}"
    asking.client.post(f"{path}/confirm", headers={**headers, "X-Request-ID": "second"})
    assert whose(asking.client, first.json["id"]) == [
        (whose_it_is, "first"),
        (None, None),
        (whose_it_is, "second"),
    ]


def test_history_of_each_of_a_batch(asking: Asking) -> None:
    key = make_key()
    body = {"bookings": [{"show_id": asking.show_id, "seats": [seat]} for seat in "11"]}
    headers = {**key.headers, "X-Request-ID": "together", "Idempotency-Key": "a-key"}
    answer = asking.client.post("/bookings/batch", json=body, headers=headers)
    # A replay books nothing, and so it is not in the histories.
    replay = asking.client.post("/bookings/batch", json=body, headers={**headers, "X-Request-ID": "again"})
    assert replay.headers["Idempotent-Replayed"] == "true"
    asking.settle()
    won, lost = (booking["id"] for booking in answer.json["bookings"])
    for booking_id in (won, lost):
        assert whose(asking.client, booking_id) == [(f"key:{key.id}", "together"), (None, None)]
    (*_, failed) = read(asking.client, f"/admin/bookings/{lost}/history")["items"]
    assert failed["rivals"] == [{"seat_number": "1", "booking_id": won}]
    # A booking's id is its key.
    assert won not in asking.client.get(f"/bookings/{lost}").text


def test_history_keeps_no_id_that_is_none(asking: Asking) -> None:
    """Such a one is replaced by an id of ours, as in the answer."""
    body = {"show_id": asking.show_id, "seats": ["1"]}
    answer = asking.client.post("/bookings", json=body, headers={"X-Request-ID": "a" * 129})
    ((_, request_id),) = whose(asking.client, answer.json["id"])
    assert request_id == answer.headers["X-Request-ID"]
    assert len(request_id or "") == 32


@pytest.mark.parametrize("booking_id", ["x", UNKNOWN])
def test_history_of_an_unknown_booking(client: DoorClient, booking_id: str) -> None:
    answer = client.get(f"/admin/bookings/{booking_id}/history", headers=ADMIN)
    assert_problem(answer, 404, "booking_not_found")


def test_stats(client: DoorClient, make_show: Callable[..., Show]) -> None:
    asking = Asking(client, make_show().id)
    make_show(start_time="2001-01-01T00:00:00Z", total_seats=5)
    asking.settled("1", "2")
    asking.settled("1")
    held = asking.settled("3", hold=True)
    asking.act(held, "confirm")
    cancelled = asking.settled("4")
    asking.act(held, "cancel")
    asking.book("5")
    stats = read(client, "/admin/stats")
    assert stats["shows"] == {"total": 2, "on_sale": 1}
    assert stats["seats"] == {"available": 11, "held": 0, "booked": 4}
    waiting = stats["waiting"]
    assert (waiting["acquire"], waiting["confirm"], waiting["cancel"]) == (1, 0, 1)
    assert 0 <= waiting["oldest_seconds"] < 60
    assert stats["last_minute"] == {
        "BOOKING_HELD": 1,
        "BOOKING_CONFIRMED": 3,
        "BOOKING_FAILED": 1,
        "BOOKING_CANCELLED": 0,
    }
    assert asking.read(cancelled)["status"] == "CONFIRMED"
