"""GET /bookings/{id}?wait= with a real web process, worker and beat."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from typing import Any

import pytest

from api.server.app import RUNNING
from core.shows.service import Show
from tests.measuring import Took, measured
from tests.support import HANGS_SECONDS


def call(
    method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Message, Any]:
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=HANGS_SECONDS) as answer:
            return answer.status, answer.headers, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.loads(error.read() or b"null")


def insist(
    method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Message, Any]:
    """The answer that is none of a machine too busy to give one in time: its client asks again."""
    while (found := call(method, url, body, headers))[0] == 503:
        continue
    return found


class Waiting:
    """Requests to the web process about a show of its own."""

    def __init__(self, web: str, show_id: int) -> None:
        self.web, self.show_id = web, show_id

    def book(self, *seats: str, **fields: Any) -> str:
        body = {"show_id": self.show_id, "seats": seats, **fields}
        status, _, booking = self.ask("POST", "/bookings", body)
        assert status == 202
        return str(booking["id"])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Message, Any]:
        return insist(method, f"{self.web}{path}", body, headers)

    def wait(self, booking_id: str, **headers: str) -> tuple[int, Message, Any, Took]:
        """The answer to a request that waits, and how long that took."""
        with measured() as took:
            found = self.ask("GET", f"/bookings/{booking_id}?wait=20", **headers)
        return *found, took


@pytest.fixture
def waiting(web: str, workers: None, make_show: Callable[..., Show]) -> Waiting:
    return Waiting(web, make_show().id)


def test_until_settled_and_then_at_once(waiting: Waiting) -> None:
    booking_id = waiting.book("1")
    assert waiting.wait(booking_id)[2]["status"] == "CONFIRMED"
    status, _, booking, took = waiting.wait(booking_id)
    assert (status, booking["status"]) == (200, "CONFIRMED")
    assert took.quiet < 2


def test_until_held_and_then_at_once(waiting: Waiting) -> None:
    booking_id = waiting.book("1", hold=True)
    assert waiting.wait(booking_id)[2]["held"] is True
    assert waiting.wait(booking_id)[3].quiet < 2


def test_until_confirmed_and_cancelled(waiting: Waiting) -> None:
    booking_id = waiting.book("1", hold=True)
    waiting.wait(booking_id)
    for action, status in (("confirm", "CONFIRMED"), ("cancel", "CANCELLED")):
        assert waiting.ask("POST", f"/bookings/{booking_id}/{action}")[0] == 202
        assert waiting.wait(booking_id)[2]["status"] == status


def test_with_a_tag_until_it_is_another(waiting: Waiting) -> None:
    booking_id = waiting.book("1", hold=True)
    _, headers, held, _ = waiting.wait(booking_id)
    assert held["held"] is True
    threading.Timer(0.5, insist, ("POST", f"{waiting.web}/bookings/{booking_id}/extend")).start()
    status, _, booking, took = waiting.wait(booking_id, **{"If-None-Match": headers["ETag"]})
    assert status == 200
    assert booking["hold_expires_at"] > held["hold_expires_at"]
    assert took.quiet < 5


def test_who_has_seen_it_confirmed_reads_no_map_from_before(waiting: Waiting) -> None:
    for seat in range(1, 11):
        assert waiting.wait(waiting.book(str(seat)))[2]["status"] == "CONFIRMED"
        availability = waiting.ask("GET", f"/shows/{waiting.show_id}/availability")[2]
        assert str(seat) in availability["booked"]


def test_those_who_wait_keep_nobody_from_being_answered(waiting: Waiting) -> None:
    booking_id = waiting.book("1")
    _, headers, _, _ = waiting.wait(booking_id)
    url, unchanged = f"{waiting.web}/bookings/{booking_id}", {"If-None-Match": headers["ETag"]}
    # More of them in each of the two processes than may run there at once.
    count = 4 * RUNNING
    with ThreadPoolExecutor(count) as pool:
        answers = [pool.submit(insist, "GET", f"{url}?wait=4", headers=unchanged) for _ in range(count)]
        while not all(answer.done() for answer in answers):
            with measured() as took:
                assert insist("GET", url)[0] == 200
            assert took.quiet < 1.5
    assert {answer.result()[0] for answer in answers} == {304}
