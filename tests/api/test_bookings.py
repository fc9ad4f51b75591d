"""POST /bookings and reading bookings: what is accepted, what is refused, what comes of it."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, change_data, count_bookings, pointers
from tests.door import DoorClient
from tests.support import ADMIN

MALFORMED = ["x", "1", "%00", "0199c0de-0000-7000-8000-00000000000", "0199c0de00007000800000000000000a"]
UNKNOWN = "0199c0de-0000-7000-8000-000000000000"


def days(number: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=number)


def test_accepted(asking: Asking) -> None:
    answer = asking.post("2", "1", customer="c-1")
    booking = answer.json
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/bookings/{booking['id']}"
    assert int(answer.headers["Retry-After"]) >= 0
    assert booking == {
        "id": booking["id"],
        "show_id": asking.show_id,
        "seats": ["2", "1"],
        "status": "PENDING",
        "hold": False,
        "held": False,
        "hold_expires_at": None,
        "wants": "acquire",
        "failure": None,
        "customer": "c-1",
        "ticket_code": None,
        "amount": 200,
        "currency": "EUR",
        "payment": None,
        "created_at": booking["created_at"],
        "updated_at": booking["updated_at"],
    }
    assert uuid.UUID(booking["id"]).version == 7
    assert datetime.fromisoformat(booking["created_at"]).utcoffset() == timedelta(0)
    assert booking["created_at"].endswith("Z")
    assert asking.read(booking["id"]) == booking


def test_says_what_a_worker_has_yet_to_do(asking: Asking) -> None:
    booking_id = asking.book("1", hold=True)
    seen = [asking.read(booking_id)]
    for act in ("settle", "confirm", "settle", "cancel", "settle"):
        if act == "settle":
            asking.settle()
        else:
            assert asking.act(booking_id, act).json["wants"] == act
        seen.append(asking.read(booking_id))
    assert [(booking["status"], booking["held"], booking["wants"]) for booking in seen] == [
        ("PENDING", False, "acquire"),
        ("PENDING", True, None),
        ("PENDING", True, "confirm"),
        ("CONFIRMED", False, None),
        ("CONFIRMED", False, "cancel"),
        ("CANCELLED", False, None),
    ]
    events = asking.client.get("/admin/events", headers=ADMIN).json["items"]
    assert [event["data"]["wants"] for event in events] == [None] * len(events) != []
    listed = asking.client.get("/admin/bookings", headers=ADMIN).json["items"]
    assert [booking["wants"] for booking in listed] == [None]


def test_confirmed(asking: Asking) -> None:
    booking = asking.read(asking.settled("1", "2"))
    assert (booking["status"], booking["held"], booking["amount"]) == ("CONFIRMED", False, 200)
    assert booking["updated_at"] > booking["created_at"]
    states = asking.seat_states()
    assert [states[seat] for seat in ("1", "2", "3")] == ["booked", "booked", "available"]


def test_held(asking: Asking) -> None:
    booking = asking.read(asking.settled("1", "2", hold=True))
    assert (booking["status"], booking["hold"], booking["held"]) == ("PENDING", True, True)
    expires_at = datetime.fromisoformat(booking["hold_expires_at"])
    assert timedelta(seconds=110) < expires_at - datetime.now(UTC) <= timedelta(seconds=120)
    assert asking.seat_states()["2"] == "held"


def test_all_of_its_seats_or_none(asking: Asking) -> None:
    asking.settled("2", "3")
    booking = asking.read(asking.settled("1", "2", "3"))
    assert (booking["status"], booking["seats"]) == ("FAILED", ["1", "2", "3"])
    assert booking["failure"] == {"code": "seats_unavailable", "seats": ["2", "3"]}
    assert asking.seat_states()["1"] == "available"


def test_first_come_first_served(asking: Asking) -> None:
    ids = [asking.book("1") for _ in range(3)]
    asking.settle()
    assert [asking.read(id_)["status"] for id_ in ids] == ["CONFIRMED", "FAILED", "FAILED"]


def test_quantity(client: DoorClient, make_show: Callable[..., Show]) -> None:
    sections = [
        {"name": "A", "rows": 1, "seats_per_row": 4, "price": 7},
        {"name": "B", "capacity": 3, "price": 2},
    ]
    asking = Asking(client, make_show(sections=sections).id)
    booking = asking.post(quantity=2, section="B").json
    assert (booking["seats"], booking["amount"]) == ([], None)
    assert (booking["quantity"], booking["section"]) == (2, "B")
    asking.settle()
    settled = asking.read(booking["id"])
    assert (settled["seats"], settled["amount"], settled["status"]) == (["B-1", "B-2"], 4, "CONFIRMED")
    anywhere = asking.read(asking.settled(quantity=4))
    assert (anywhere["section"], anywhere["amount"]) == (None, 28)
    too_many = asking.read(asking.settled(quantity=2))
    assert too_many["failure"] == {"code": "not_enough_seats", "seats": []}


def test_timed_out(asking: Asking) -> None:
    booking_id = asking.book("1")
    moved = "UPDATE bookings SET created_at = created_at - interval '61 s' WHERE id = :id"
    change_data(moved, id=booking_id)
    asking.settle()
    assert asking.read(booking_id)["failure"] == {"code": "timed_out", "seats": []}


def test_settled_after_sales_closed(asking: Asking) -> None:
    booking_id = asking.book("1")
    change_data("UPDATE shows SET sales_close_at = clock_timestamp() WHERE id = :id", id=asking.show_id)
    asking.settle()
    assert asking.read(booking_id)["status"] == "CONFIRMED"


def test_sales_windows(client: DoorClient, make_show: Callable[..., Show]) -> None:
    def refused(code: str, **times: datetime) -> None:
        assert_problem(Asking(client, make_show(**times).id).post("1"), 409, code)

    refused("sales_not_open", sales_open_at=days(1))
    refused("sales_closed", sales_close_at=days(-1))
    refused("sales_closed", start_time=days(-1))
    late = make_show(start_time=days(-1), sales_close_at=days(1), sales_open_at=days(-2))
    Asking(client, late.id).book("1")


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown seat": ({"seats": ["1", "11"]}, "unknown_seats", "/seats/1"),
    "other spelling": ({"seats": ["01"]}, "unknown_seats", "/seats/0"),
    "seat twice": ({"seats": ["1", "2", "1"]}, "duplicate_seats", "/seats/2"),
    "too many": ({"seats": [str(n) for n in range(1, 11)] + ["1"]}, "duplicate_seats", "/seats/10"),
    "too large a quantity": ({"quantity": 11}, "too_many_seats", "/quantity"),
    "no seats": ({"seats": []}, "invalid_request", "/seats"),
    "neither": ({}, "invalid_request", ""),
    "both": ({"seats": ["1"], "quantity": 1}, "invalid_request", ""),
    "section with seats": ({"seats": ["1"], "section": "A"}, "invalid_request", ""),
    "unknown section": ({"quantity": 1, "section": "A"}, "invalid_request", "/section"),
    "quantity 0": ({"quantity": 0}, "invalid_request", "/quantity"),
    "fraction": ({"quantity": 1.5}, "invalid_request", "/quantity"),
    "huge": ({"quantity": 10**400}, "invalid_request", "/quantity"),
    "seat as number": ({"seats": [1]}, "invalid_request", "/seats/0"),
    "empty seat": ({"seats": [""]}, "invalid_request", "/seats/0"),
    "seat with NUL": ({"seats": ["1\0"]}, "invalid_request", "/seats/0"),
    "one text": ({"seats": "1"}, "invalid_request", "/seats"),
    "hold as text": ({"seats": ["1"], "hold": "true"}, "invalid_request", "/hold"),
    "hold as null": ({"seats": ["1"], "hold": None}, "invalid_request", "/hold"),
    "long customer": ({"seats": ["1"], "customer": "c" * 129}, "invalid_request", "/customer"),
    "customer as number": ({"seats": ["1"], "customer": 7}, "invalid_request", "/customer"),
    "customer with a line break": ({"seats": ["1"], "customer": "a\nb"}, "invalid_request", "/customer"),
    "unknown field": ({"seats": ["1"], "seat": "2"}, "invalid_request", "/seat"),
    "show as text": ({"seats": ["1"], "show_id": "1"}, "invalid_request", "/show_id"),
    "huge show": ({"seats": ["1"], "show_id": 2**63}, "invalid_request", "/show_id"),
}


@pytest.mark.parametrize(("fields", "code", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(asking: Asking, fields: dict[str, Any], code: str, pointer: str) -> None:
    problem = assert_problem(asking.post(**fields), 422, code)
    assert pointers(problem) == [pointer]
    assert count_bookings() == 0


def test_too_many_seats(client: DoorClient, make_show: Callable[..., Show]) -> None:
    asking = Asking(client, make_show(max_seats_per_booking=2).id)
    assert pointers(assert_problem(asking.post("1", "2", "3"), 422, "too_many_seats")) == ["/seats"]
    asking.book("1", "2")


def test_thousands_of_unknown_seats_get_a_short_answer(asking: Asking) -> None:
    problem = assert_problem(asking.post(*[f"x{n}" for n in range(6000)]), 422, "unknown_seats")
    assert len(problem["errors"]) == 100


def test_unknown_show(asking: Asking) -> None:
    assert_problem(asking.post("1", show_id=123456789), 404, "show_not_found")


def test_hold_and_payment_required(client: DoorClient, make_show: Callable[..., Show]) -> None:
    asking = Asking(client, make_show(payment_required=True).id)
    assert pointers(assert_problem(asking.post("1"), 422, "hold_required")) == ["/hold"]
    booking_id = asking.settled("1", hold=True)
    assert_problem(asking.act(booking_id, "confirm"), 402, "payment_required")
    assert asking.read(booking_id)["held"] is True
    assert asking.act(booking_id, "extend").status_code == 200
    assert asking.act(booking_id, "cancel").status_code == 202


def test_customer_limit(client: DoorClient, make_show: Callable[..., Show]) -> None:
    asking = Asking(client, make_show(max_seats_per_customer=3).id)
    assert pointers(assert_problem(asking.post("1"), 422, "invalid_request")) == ["/customer"]
    first = asking.settled("1", "2", customer="ann", hold=True)
    refused = asking.read(asking.settled("3", "4", customer="ann"))
    assert refused["failure"] == {"code": "customer_limit", "seats": []}
    assert asking.read(asking.settled("3", "4", customer="bob"))["status"] == "CONFIRMED"
    assert asking.read(asking.settled("5", customer="ann"))["status"] == "CONFIRMED"
    asking.act(first, "cancel")
    assert asking.read(asking.settled("1", "2", customer="ann"))["status"] == "CONFIRMED"


@pytest.mark.parametrize("booking_id", [*MALFORMED, UNKNOWN])
def test_unknown_booking(client: DoorClient, booking_id: str) -> None:
    assert_problem(client.get(f"/bookings/{booking_id}"), 404, "booking_not_found")
    assert_problem(client.get(f"/bookings/{booking_id}?wait=5"), 404, "booking_not_found")
    for action in ("confirm", "extend", "cancel"):
        answer = client.post(f"/bookings/{booking_id}/{action}")
        assert_problem(answer, 404, "booking_not_found")


def test_several_by_ids(asking: Asking) -> None:
    ids = [asking.book(str(number)) for number in (1, 2, 3)]
    asked = ",".join([ids[2], UNKNOWN, "rubbish", ids[0], ids[1].upper()])
    answer = asking.client.get(f"/bookings?ids={asked}")
    assert [item["id"] for item in answer.json["items"]] == [ids[2], ids[0], ids[1]]
    assert answer.json["items"][1] == asking.read(ids[0])
    assert asking.client.get(f"/bookings?ids={UNKNOWN}").json == {"items": []}


def test_ids_are_bounded(client: DoorClient) -> None:
    assert client.get("/bookings?ids=" + ",".join([UNKNOWN] * 100)).status_code == 200
    for query in ("", "?ids=", "?ids=" + ",".join([UNKNOWN] * 101), f"?ids={UNKNOWN}&status=PENDING"):
        assert_problem(client.get(f"/bookings{query}"), 422, "invalid_request")


def test_ids_are_unguessable(asking: Asking) -> None:
    ids = [uuid.UUID(asking.book("1")).int for _ in range(20)]
    tails = [id_ & (1 << 62) - 1 for id_ in ids]
    assert all(abs(a - b) > 2**32 for a, b in pairwise(tails))


def test_bookings_are_never_stored_by_caches(asking: Asking) -> None:
    booking_id = asking.book("1")
    for path in (f"/bookings/{booking_id}", f"/bookings?ids={booking_id}", f"/bookings/{UNKNOWN}"):
        assert asking.client.get(path).headers["Cache-Control"] == "no-store"
    for answer in (asking.post("1"), asking.post("77"), asking.act(booking_id, "cancel")):
        assert answer.headers["Cache-Control"] == "no-store"
