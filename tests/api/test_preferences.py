"""Prefer: wait=S, which holds an answer back until it is known what became of a booking."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from api.contract import PAGES
from api.preferences import read_wait
from api.request import Request
from core.settling.worker import settle_show
from tests.api.asking import Asking, assert_problem, with_key
from tests.measuring import measured
from tests.support import ADMIN, HANGS_SECONDS, wait_until


def make_request(prefer: str | None) -> Request:
    headers = {} if prefer is None else {"prefer": prefer}
    return Request(
        method="POST", path="/bookings", query_string="", headers=headers, address="", operation=PAGES
    )


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=10", 10),
        ("WAIT=10", 10),
        ('wait="10"', 10),
        ("wait = 10", 10),
        ("wait=10; x=y", 10),
        ("respond-async, wait=7", 7),
        ('return="a, wait=3", wait=7', 7),
        ("wait=5, wait=9", 5),
        ("wait=soon, wait=9", 9),
        ("wait, wait=9", 9),
        ("wait=26", 25),
        ("wait=" + "9" * 400, 25),
        ("wait=0", 0),
        ("wait=010", 10),
    ],
)
def test_what_is_preferred(prefer: str, seconds: int) -> None:
    assert read_wait(make_request(prefer)) == seconds


@pytest.mark.parametrize(
    "prefer",
    [None, "", "wait", "wait=", "wait=-1", "wait=1.5", "wait=1s", "await=10", "wait=10x", 'wait="10', "\x80",
     "wait=\u0661", "wait=1_0", "wait=+1", "wait=1e1", "wait=\uff11",
     ",,,", '"' * 400, '"' + '\\"' * 15_000, 'wait=10, ' * 100, "wait:10"],
)  # fmt: skip
def test_what_is_malformed_or_unknown_is_ignored(prefer: str | None) -> None:
    assert read_wait(make_request(prefer)) is None


@contextmanager
def settling(asking: Asking) -> Iterator[None]:
    """What a worker does, again and again, until the block ends."""
    is_over = threading.Event()

    def settle() -> None:
        while not is_over.wait(0.05):
            settle_show(asking.show_id)

    thread = threading.Thread(target=settle)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def prefer(asking: Asking, path: str, body: Any = None, *, wait: int = 20, key: str | None = None) -> Any:
    headers = {"Prefer": f"wait={wait}", **with_key(key)}
    return asking.client.post(path, json=body, headers=headers)


def wish(asking: Asking, *seats: str, **fields: Any) -> dict[str, Any]:
    return {"show_id": asking.show_id, "seats": list(seats), **fields}


def test_one_request_is_the_whole_journey(asking: Asking) -> None:
    """What became of it may be a sale, a hold, or a failure."""
    with settling(asking):
        sold = prefer(asking, "/bookings", wish(asking, "1"))
        held = prefer(asking, "/bookings", wish(asking, "2", hold=True))
        failed = prefer(asking, "/bookings", wish(asking, "1"))
    assert [answer.status_code for answer in (sold, held, failed)] == [201] * 3
    assert {answer.headers["Preference-Applied"] for answer in (sold, held, failed)} == {"wait=20"}
    assert (sold.json["status"], held.json["held"]) == ("CONFIRMED", True)
    assert failed.json["failure"] == {"code": "seats_unavailable", "seats": ["1"]}
    for answer in (sold, held, failed):
        assert answer.headers["Location"] == f"/bookings/{answer.json['id']}"
        assert "Retry-After" not in answer.headers
        assert asking.read(answer.json["id"]) == answer.json


def test_a_batch_waits_for_all_of_it(asking: Asking) -> None:
    items = [wish(asking, "1"), wish(asking, "1"), {"show_id": asking.show_id, "quantity": 2}]
    with settling(asking):
        answer = prefer(asking, "/bookings/batch", {"bookings": items})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (201, "wait=20")
    found = answer.json["bookings"]
    assert [booking["status"] for booking in found] == ["CONFIRMED", "FAILED", "CONFIRMED"]
    assert [asking.read(booking["id"]) for booking in found] == found


def test_actions(asking: Asking) -> None:
    booking_id = asking.settled("1", hold=True)
    with settling(asking):
        for action, status in (("confirm", "CONFIRMED"), ("cancel", "CANCELLED")):
            answer = prefer(asking, f"/bookings/{booking_id}/{action}")
            assert (answer.status_code, answer.json["status"]) == (200, status)
            assert answer.headers["Preference-Applied"] == "wait=20"
            assert answer.json["wants"] is None


def test_a_replay_waits_too(asking: Asking) -> None:
    first = asking.post("1", key="k")
    with settling(asking):
        again = prefer(asking, "/bookings", wish(asking, "1"), key="k")
    assert (again.status_code, again.json["id"]) == (201, first.json["id"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json["status"] == "CONFIRMED"


@pytest.mark.parametrize("wait", [0, 1])
def test_when_the_time_is_over_as_without(asking: Asking, wait: int) -> None:
    with measured() as took:
        answer = prefer(asking, "/bookings", wish(asking, "1"), wait=wait)
    assert took.wall >= wait
    assert took.quiet < wait + 2
    assert (answer.status_code, answer.json["status"], answer.json["wants"]) == (202, "PENDING", "acquire")
    assert answer.headers["Retry-After"]
    assert asking.read(answer.json["id"])["status"] == "PENDING"


def test_refusals_do_not_wait(asking: Asking) -> None:
    with measured() as took:
        assert_problem(prefer(asking, "/bookings", wish(asking, "77")), 422, "unknown_seats")
        assert_problem(prefer(asking, f"/bookings/{asking.book('1')}/confirm"), 409, "not_held")
    assert took.quiet < 5


def test_extend_has_nothing_to_wait_for(asking: Asking) -> None:
    answer = prefer(asking, f"/bookings/{asking.settled('1', hold=True)}/extend")
    assert (answer.status_code, answer.headers.get("Preference-Applied")) == (200, None)


def test_a_cancel_ends_the_wait_of_the_confirm_that_it_replaces(asking: Asking) -> None:
    booking_id = asking.settled("1", hold=True)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(prefer, asking, f"/bookings/{booking_id}/confirm")
        wait_until(lambda: asking.read(booking_id)["wants"] == "confirm")
        assert asking.act(booking_id, "cancel").status_code == 202
        answer = waiting.result(HANGS_SECONDS)
    assert (answer.status_code, answer.json["wants"]) == (200, "cancel")


def test_as_the_process_stops_at_once_as_without(asking: Asking, open_another: Callable[[], Asking]) -> None:
    other = open_another()
    with ThreadPoolExecutor(1) as pool, measured() as took:
        waiting = pool.submit(prefer, other, "/bookings", wish(other, "1"))
        wait_until(lambda: "acquire" in [booking["wants"] for booking in list_bookings(asking)])
        other.client.doorway.call(other.client.doorway.door.end)
        answer = waiting.result(HANGS_SECONDS)
    assert (answer.status_code, answer.json["status"]) == (202, "PENDING")
    assert took.quiet < 10


def list_bookings(asking: Asking) -> list[dict[str, Any]]:
    return list(asking.client.get("/admin/bookings", headers=ADMIN).json["items"])
