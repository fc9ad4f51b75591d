"""GET /bookings/{id}?wait= where no worker runs: nobody, or the test itself, ends the wait."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import REGISTRY

from core.settling.worker import settle_show
from tests.api.asking import Asking, assert_problem
from tests.door import DoorClient
from tests.measuring import measured
from tests.support import wait_until


@pytest.mark.parametrize("query", ["wait=-1", "wait=26", "wait=soon", "wait=nan", "wait=inf", "wait="])
def test_refused(asking: Asking, query: str) -> None:
    answer = asking.client.get(f"/bookings/{asking.book('1')}?{query}")
    assert_problem(answer, 422, "invalid_request")


def test_answers_in_time_as_it_then_is(asking: Asking) -> None:
    booking_id = asking.book("1")
    with measured() as took:
        answer = asking.client.get(f"/bookings/{booking_id}?wait=1")
    assert took.wall >= 1
    assert took.quiet < 2
    assert (answer.status_code, answer.json["status"]) == (200, "PENDING")


@pytest.mark.parametrize("query", ["", "?wait=0"])
def test_does_not_wait_unasked(asking: Asking, query: str) -> None:
    booking_id = asking.book("1")
    with measured() as took:
        assert asking.client.get(f"/bookings/{booking_id}{query}").json["status"] == "PENDING"
    assert took.quiet < 0.5


def test_304_where_it_stayed_the_same(asking: Asking) -> None:
    booking_id = asking.settled("1")
    tag = asking.client.get(f"/bookings/{booking_id}").headers["ETag"]
    with measured() as took:
        answer = asking.client.get(f"/bookings/{booking_id}?wait=1", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")
    assert took.wall >= 1


def test_another_tag_does_not_wait(asking: Asking) -> None:
    booking_id = asking.book("1")
    with measured() as took:
        answer = asking.client.get(f"/bookings/{booking_id}?wait=5", headers={"If-None-Match": '"x"'})
    assert answer.status_code == 200
    assert took.quiet < 1


def test_woken_by_the_settling_itself(client: DoorClient, asking: Asking) -> None:
    booking_id = asking.book("1")
    with measured() as took:
        threading.Timer(0.3, settle_show, (asking.show_id,)).start()
        answer = client.get(f"/bookings/{booking_id}?wait=10")
    assert answer.json["status"] == "CONFIRMED"
    assert took.wall >= 0.3
    # Sooner than the look that a waiting request takes by itself each second.
    assert took.quiet < 0.9


def test_it_is_in_hand_while_it_waits(client: DoorClient, asking: Asking) -> None:
    def count_open() -> float:
        return REGISTRY.get_sample_value("seatline_http_requests_open") or 0

    booking_id, before = asking.book("1"), count_open()
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(client.get, f"/bookings/{booking_id}?wait=20")
        wait_until(lambda: count_open() == before + 1)
        asking.settle()
        assert answer.result().json["status"] == "CONFIRMED"
    wait_until(lambda: count_open() == before)
