"""POST /bookings/batch: all of it is accepted, or none."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, count_bookings, pointers, with_key
from tests.door import DoorClient
from tests.support import ADMIN


def post(asking: Asking, *items: dict[str, Any], key: str | None = None) -> TestResponse:
    bookings = [{"show_id": asking.show_id, **item} for item in items]
    return asking.client.post("/bookings/batch", json={"bookings": bookings}, headers=with_key(key))


def test_accepted_in_the_same_order(asking: Asking) -> None:
    items = [{"seats": [str(n)], "hold": n == 2, "customer": f"c{n}"} for n in (3, 1, 2)]
    answer = post(asking, *items, {"quantity": 2})
    assert answer.status_code == 202
    assert answer.headers["Cache-Control"] == "no-store"
    bookings = answer.json["bookings"]
    assert [b["seats"] for b in bookings] == [["3"], ["1"], ["2"], []]
    assert [b["customer"] for b in bookings] == ["c3", "c1", "c2", None]
    assert {b["status"] for b in bookings} == {"PENDING"}
    assert asking.read(bookings[1]["id"]) == bookings[1]
    asking.settle()
    settled = [asking.read(b["id"]) for b in bookings]
    assert [b["status"] for b in settled] == ["CONFIRMED", "CONFIRMED", "PENDING", "CONFIRMED"]


def test_of_one_show(asking: Asking, make_show: Callable[..., Show]) -> None:
    other = {"seats": ["1"], "show_id": make_show().id}
    answer = post(
        asking, {"seats": ["1"]}, other, {"seats": ["77"]}, {**other, "show_id": 123456789}, key="batch"
    )
    problem = assert_problem(answer, 422, "invalid_request")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [
        ("/bookings/1/show_id", "invalid_request"),
        ("/bookings/2/seats/0", "unknown_seats"),
        ("/bookings/3/show_id", "show_not_found"),
    ]
    assert count_bookings() == 0
    assert post(asking, {"seats": ["1"]}, key="batch").status_code == 202


def test_one_seat_for_two_is_settled_not_refused(asking: Asking) -> None:
    ids = [b["id"] for b in post(asking, {"seats": ["1"]}, {"seats": ["1"]}).json["bookings"]]
    asking.settle()
    assert [asking.read(id_)["status"] for id_ in ids] == ["CONFIRMED", "FAILED"]


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown seat": ({"seats": ["1", "77"]}, "unknown_seats", "/seats/1"),
    "seat twice": ({"seats": ["1", "1"]}, "duplicate_seats", "/seats/1"),
    "too many": ({"quantity": 11}, "too_many_seats", "/quantity"),
    "unknown show": ({"seats": ["1"], "show_id": 123456789}, "show_not_found", "/show_id"),
    "unknown section": ({"quantity": 1, "section": "Z"}, "invalid_request", "/section"),
    "neither seats nor quantity": ({}, "invalid_request", ""),
    "unknown field": ({"seats": ["1"], "x": 1}, "invalid_request", "/x"),
    "wrong type": ({"seats": [1]}, "invalid_request", "/seats/0"),
}


@pytest.mark.parametrize(("item", "code", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_one_refused_item_refuses_all(asking: Asking, item: dict[str, Any], code: str, pointer: str) -> None:
    answer = post(asking, {"seats": ["1"]}, item, {"seats": ["2"]}, key="batch")
    problem = assert_problem(answer, 422, "invalid_request")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [(f"/bookings/1{pointer}", code)]
    assert count_bookings() == 0
    assert post(asking, {"seats": ["1"]}, key="batch").status_code == 202


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"payment_required": True}, "hold_required", "/hold"),
        ({"max_seats_per_customer": 1}, "invalid_request", "/customer"),
        ({"cancelled": True}, "show_cancelled", ""),
        ({"sales_open_at": "2097-01-01T00:00:00Z"}, "sales_not_open", ""),
        ({"start_time": "2001-01-01T00:00:00Z"}, "sales_closed", ""),
    ],
)
def test_one_refusing_show_refuses_all(
    asking: Asking, fields: dict[str, Any], code: str, pointer: str
) -> None:
    body = {"name": "x", "start_time": "2098-01-01T00:00:00Z", "total_seats": 1, **fields}
    is_cancelled = body.pop("cancelled", False)
    other = asking.client.post("/admin/shows", json=body, headers=ADMIN).json["id"]
    if is_cancelled:
        asking.client.post(f"/admin/shows/{other}/cancel", headers=ADMIN)
    answer = post(
        Asking(asking.client, other), {"seats": ["1"], "customer": "ann", "hold": True}, {"seats": ["1"]}
    )
    problem = assert_problem(answer, 422, "invalid_request")
    found = [(e["pointer"], e["code"]) for e in problem["errors"]]
    # Some shows refuse any booking, some only one that does not fit.
    of_all = [(f"/bookings/{index}{pointer}", code) for index in range(2)]
    assert found == (of_all[1:] if pointer else of_all)
    assert count_bookings() == 0


def test_of_an_unknown_show(client: DoorClient, database: dict[str, str]) -> None:
    problem = assert_problem(post(Asking(client, 123456789), {"seats": ["1"]}), 422, "invalid_request")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [
        ("/bookings/0/show_id", "show_not_found")
    ]


def test_every_refused_item_is_named(asking: Asking) -> None:
    answer = post(asking, {"seats": ["77"]}, {"seats": ["1"]}, {"quantity": 50})
    problem = assert_problem(answer, 422, "invalid_request")
    assert pointers(problem) == ["/bookings/0/seats/0", "/bookings/2/quantity"]


def test_bounded(asking: Asking) -> None:
    assert len(post(asking, *[{"seats": ["1"]}] * 100).json["bookings"]) == 100
    for count in (0, 101):
        problem = assert_problem(post(asking, *[{"seats": ["1"]}] * count), 422, "invalid_request")
        assert pointers(problem) == ["/bookings"]


def test_larger_than_a_single_booking_may_be(asking: Asking) -> None:
    items = [{"seats": ["1"], "customer": f"{n:0100}"} for n in range(100)]
    padding = b" " * (200 * 1024)
    body = json.dumps({"bookings": [{"show_id": asking.show_id, **item} for item in items]}).encode()
    answer = asking.client.post("/bookings/batch", data=padding + body, content_type="application/json")
    assert answer.status_code == 202
