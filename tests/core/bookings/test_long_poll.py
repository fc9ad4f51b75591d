"""Long polls: woken by a change, and without Redis by looking again."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from core.bookings import long_poll as waiting
from core.bookings.long_poll import Waiting, await_booking
from core.bookings.views import Booking
from core.infra.pubsub import BOOKINGS_CHANNEL, Listener
from core.infra.redis import get_redis
from core.settling import worker
from core.shows.service import Show
from tests.acting import book, read
from tests.support import measured, wait_until

MakeShow = Callable[..., Show]


@pytest.fixture(autouse=True)
def those_waiting(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """Woken by a listener on this test's Redis, subscribed."""
    fresh = Waiting(Listener())
    monkeypatch.setattr(waiting, "get_waiting", lambda: fresh)
    wait_until(lambda: get_redis().pubsub_numsub(BOOKINGS_CHANNEL)[0][1] > 0)
    return fresh


def is_settled(booking: Booking) -> bool:
    return booking.wants is None


def settle_soon(show_id: int, after_seconds: float = 0.2) -> threading.Timer:
    timer = threading.Timer(after_seconds, worker.settle_show, [show_id])
    timer.start()
    return timer


def test_answers_at_once_where_it_is_done(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = book(show.id, "1")
    worker.settle_show(show.id)
    started_at = time.monotonic()
    assert await_booking(booking_id, seconds=10, is_done=is_settled).status == "CONFIRMED"
    assert time.monotonic() - started_at < 0.2


def test_is_woken(make_show: MakeShow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_AGAIN_SECONDS", 30)
    show = make_show()
    booking_id = book(show.id, "1")
    timer = settle_soon(show.id)
    started_at = time.monotonic()
    assert await_booking(booking_id, seconds=20, is_done=is_settled).status == "CONFIRMED"
    assert time.monotonic() - started_at < 2
    timer.join()


def test_looks_again_where_nobody_wakes_it(make_show: MakeShow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "announce_changes", lambda _: None)
    show = make_show()
    booking_id = book(show.id, "1")
    timer = settle_soon(show.id)
    started_at = time.monotonic()
    assert await_booking(booking_id, seconds=20, is_done=is_settled).status == "CONFIRMED"
    assert time.monotonic() - started_at < 2 * waiting.LOOK_AGAIN_SECONDS
    timer.join()


def test_gives_up_in_time(make_show: MakeShow) -> None:
    booking_id = book(make_show().id, "1")
    started_at = time.monotonic()
    assert await_booking(booking_id, seconds=0.3, is_done=is_settled).status == "PENDING"
    assert 0.3 <= time.monotonic() - started_at < 1


def test_process_that_is_to_stop_keeps_nobody_waiting(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_ending", threading.Event())
    booking_id = book(make_show().id, "1")
    with ThreadPoolExecutor(1) as pool, measured() as took:
        answer = pool.submit(await_booking, booking_id, seconds=20, is_done=is_settled)
        waiting.end_waits()
        assert answer.result().status == "PENDING"
    assert took[0] < 2 * waiting.LOOK_AGAIN_SECONDS


def test_too_many_waiting_are_answered_as_it_is(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch, those_waiting: Waiting
) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING", 1)
    booking_id = book(make_show().id, "1")
    with those_waiting.register(booking_id):
        started_at = time.monotonic()
        assert await_booking(booking_id, seconds=5, is_done=is_settled) == read(booking_id)
        assert time.monotonic() - started_at < 0.5
    with those_waiting.register(booking_id) as changed:
        assert changed is not None


def test_rubbish_on_the_channel_does_not_deafen(make_show: MakeShow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_AGAIN_SECONDS", 30)
    get_redis().publish(BOOKINGS_CHANNEL, b"rubbish")
    get_redis().publish(BOOKINGS_CHANNEL, UUID(int=7).bytes)
    show = make_show()
    booking_id = book(show.id, "1")
    timer = settle_soon(show.id)
    started_at = time.monotonic()
    await_booking(booking_id, seconds=5, is_done=is_settled)
    assert time.monotonic() - started_at < 2
    timer.join()
