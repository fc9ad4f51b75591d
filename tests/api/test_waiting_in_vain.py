"""GET /bookings/{id}?wait= where no worker runs: nobody, or the test itself, ends the wait."""

import threading
import time

import pytest

from core.settling.worker import settle_show
from tests.api.asking import Asking, assert_problem
from tests.door import DoorClient


@pytest.mark.parametrize("query", ["wait=-1", "wait=26", "wait=soon", "wait=nan", "wait=inf", "wait="])
def test_refused(asking: Asking, query: str) -> None:
    answer = asking.client.get(f"/bookings/{asking.book('1')}?{query}")
    assert_problem(answer, 422, "invalid_request")


def test_answers_in_time_as_it_then_is(asking: Asking) -> None:
    booking_id, asked_at = asking.book("1"), time.monotonic()
    answer = asking.client.get(f"/bookings/{booking_id}?wait=1")
    assert 1 <= time.monotonic() - asked_at < 2
    assert (answer.status_code, answer.json["status"]) == (200, "PENDING")


@pytest.mark.parametrize("query", ["", "?wait=0"])
def test_does_not_wait_unasked(asking: Asking, query: str) -> None:
    booking_id, asked_at = asking.book("1"), time.monotonic()
    assert asking.client.get(f"/bookings/{booking_id}{query}").json["status"] == "PENDING"
    assert time.monotonic() - asked_at < 0.5


def test_304_where_it_stayed_the_same(asking: Asking) -> None:
    booking_id = asking.settled("1")
    tag = asking.client.get(f"/bookings/{booking_id}").headers["ETag"]
    asked_at = time.monotonic()
    answer = asking.client.get(f"/bookings/{booking_id}?wait=1", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")
    assert time.monotonic() - asked_at >= 1


def test_another_tag_does_not_wait(asking: Asking) -> None:
    booking_id, asked_at = asking.book("1"), time.monotonic()
    answer = asking.client.get(f"/bookings/{booking_id}?wait=5", headers={"If-None-Match": '"x"'})
    assert (answer.status_code, time.monotonic() - asked_at < 1) == (200, True)


def test_woken_by_the_settling_itself(client: DoorClient, asking: Asking) -> None:
    booking_id, asked_at = asking.book("1"), time.monotonic()
    threading.Timer(0.3, settle_show, (asking.show_id,)).start()
    answer = client.get(f"/bookings/{booking_id}?wait=10")
    assert answer.json["status"] == "CONFIRMED"
    # Sooner than the look that a waiting request takes by itself each second.
    assert 0.3 <= time.monotonic() - asked_at < 0.9
