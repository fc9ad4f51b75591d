"""Lingering: a process settles the show's next booking without a message, and holds up no other message."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from core.infra.jobs import EXPIRE_HOLDS, NUDGES_KEY, RELAY_EVENTS, SETTLE_SHOW, clear_flag, raise_flag
from core.infra.redis import get_redis
from core.settling.lingering import LINGER_SECONDS, linger
from core.settling.worker import Pauses, settle_show
from core.shows.service import Show
from tests.acting import book, has_work, tell
from tests.apart import enter
from tests.support import HANGS_SECONDS, run_silent_port, wait_until

MakeShow = Callable[..., Show]


@contextmanager
def lingering(show_id: int) -> Iterator[Future[bool]]:
    """A thread lingers at the show for as long as a test may last."""
    assert raise_flag(SETTLE_SHOW, show_id)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(stay, show_id, seconds=2 * HANGS_SECONDS)
        try:
            wait_until(is_anybody_listening)
            yield found
        finally:
            # The thread must end where the test failed, too.
            raise_flag(EXPIRE_HOLDS)


def stay(show_id: int, *, seconds: float = HANGS_SECONDS) -> bool:
    return linger(show_id, partial(has_work, show_id), seconds=seconds)


def is_anybody_listening() -> bool:
    return any(client["cmd"] == "xread" and "b" in client["flags"] for client in get_redis().client_list())


def test_the_next_booking_is_settled_without_a_message(make_show: MakeShow) -> None:
    """Nor after a pause, which would last as long as a test may."""
    show, is_over = make_show(), threading.Event()
    pauses = Pauses(linger=HANGS_SECONDS, gather_factor=HANGS_SECONDS * 1_000, longest_gather=HANGS_SECONDS)
    raise_flag(SETTLE_SHOW, show.id)
    first = book(show.id, "1")
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(settle_show, show.id, is_over=is_over.is_set, pauses=pauses)
        wait_until(is_anybody_listening)
        assert tell(first) == "CONFIRMED"
        second = book(show.id, "2")
        assert not raise_flag(SETTLE_SHOW, show.id)
        wait_until(lambda: tell(second) == "CONFIRMED")
        # The turn looks whether it is over before the next batch.
        is_over.set()
        book(show.id, "3")
        assert not raise_flag(SETTLE_SHOW, show.id)
        turn.result(HANGS_SECONDS)


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_nudge_of_the_show_is_heard(servers: dict[str, str], make_show: MakeShow, protocol: int) -> None:
    show = make_show()
    with enter({"REDIS_URL": f"{servers['REDIS_URL']}?protocol={protocol}"}), lingering(show.id) as found:
        book(show.id, "1")
        assert not raise_flag(SETTLE_SHOW, show.id)
        assert found.result(HANGS_SECONDS)


def test_a_booking_from_before_is_found(make_show: MakeShow) -> None:
    show = make_show()
    raise_flag(SETTLE_SHOW, show.id)
    book(show.id, "1")
    assert stay(show.id)


def test_it_ends_after_its_time(make_show: MakeShow) -> None:
    show = make_show()
    raise_flag(SETTLE_SHOW, show.id)
    assert not stay(show.id, seconds=LINGER_SECONDS)


@pytest.mark.parametrize("sent", [(SETTLE_SHOW, 7_000_000), (EXPIRE_HOLDS,)])
def test_it_ends_once_another_message_is_sent(make_show: MakeShow, sent: tuple[str, int]) -> None:
    with lingering(make_show().id) as found:
        raise_flag(*sent)
        assert not found.result(HANGS_SECONDS)


@pytest.mark.parametrize("sent", [(SETTLE_SHOW, 7_000_000), (EXPIRE_HOLDS,)])
def test_a_process_does_not_linger_while_a_message_may_wait(
    make_show: MakeShow, sent: tuple[str, int]
) -> None:
    """A nudge of the show that came later, and for which no message goes, changes nothing."""
    show = make_show()
    raise_flag(SETTLE_SHOW, show.id)
    raise_flag(*sent)
    # A process that lingers would find this booking.
    book(show.id, "1")
    raise_flag(SETTLE_SHOW, show.id)
    assert not stay(show.id)


def test_nudges_that_need_no_worker_end_nothing(make_show: MakeShow) -> None:
    """Another show has a message on its way already, and `outbound` has queues of its own."""
    show, other = make_show(), make_show()
    raise_flag(SETTLE_SHOW, other.id)
    with lingering(show.id) as found:
        raise_flag(SETTLE_SHOW, other.id)
        raise_flag(RELAY_EVENTS)
        book(show.id, "1")
        raise_flag(SETTLE_SHOW, show.id)
        assert found.result(HANGS_SECONDS)


def test_a_process_does_not_linger_without_redis(make_show: MakeShow) -> None:
    show = make_show()
    raise_flag(SETTLE_SHOW, show.id)
    book(show.id, "1")
    with run_silent_port() as port, enter({"REDIS_URL": f"redis://127.0.0.1:{port}/0"}):
        assert not stay(show.id)


def test_what_was_nudged_is_forgotten(database: dict[str, str]) -> None:
    for _ in range(1_000):
        raise_flag(SETTLE_SHOW, 7)
    clear_flag(SETTLE_SHOW, 7)
    assert get_redis().xlen(NUDGES_KEY) < 300
