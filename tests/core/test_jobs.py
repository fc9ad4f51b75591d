"""Nudges and flags: many become one, none is needed, and none is cleared too late."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from core.errors import UnavailableError
from core.infra import jobs
from core.infra.db import transaction
from core.infra.jobs import (
    EVENTS_QUEUE,
    RELAY_EVENTS,
    SETTLE_SHOW,
    clear_flag,
    get_nudger,
    get_sender,
    send_once,
)
from core.infra.redis import get_redis
from core.seats.queries import lock_version
from core.settling import batch as settling
from core.settling import sweeping, worker
from core.settling.queries import select_work
from core.shows.service import Show
from tests import acting
from tests.acting import book, cancel, count_messages, end_hold, hold, run, settle, tell
from tests.apart import enter
from tests.measuring import measured
from tests.support import run_deaf_port, run_silent_port, wait_until

import pytest  # isort: skip

MakeShow = Callable[..., Show]


def lose_messages() -> None:
    get_redis().flushdb()


def test_many_nudges_for_one_show_become_one_message(database: dict[str, str]) -> None:
    for _ in range(100):
        send_once([(SETTLE_SHOW, (7,))])
    assert count_messages() == 1
    send_once([(SETTLE_SHOW, (8,))])
    assert count_messages() == 2


def test_nudger_sends(database: dict[str, str]) -> None:
    for _ in range(100):
        get_nudger().add(SETTLE_SHOW, 9)
    wait_until(lambda: count_messages() == 1)


def test_cleared_flag_lets_the_next_through(database: dict[str, str]) -> None:
    send_once([(SETTLE_SHOW, (7,))])
    clear_flag(SETTLE_SHOW, 7)
    send_once([(SETTLE_SHOW, (7,))])
    assert count_messages() == 2


def is_flagged(show_id: int) -> bool:
    return bool(get_redis().exists(jobs.name_flag(SETTLE_SHOW, show_id)))


def test_flag_stays_up_while_a_show_is_settled_and_not_for_the_last_look(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else is sent to a show that is locked; what is booked later sends a nudge of its own."""
    show = make_show()
    book(show.id, "1")
    book(show.id, "2")
    wait_until(count_messages)
    while_settling, while_looking = [], []

    def settle_and_watch(connection: object, show_id: int) -> object:
        while_settling.append(is_flagged(show_id))
        return settling.settle_batch(connection, show_id)  # type: ignore[arg-type]

    def look_and_watch(connection: object, show_id: int) -> object:
        while_looking.append(is_flagged(show_id))
        return select_work(connection, show_id)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "settle_batch", settle_and_watch)
    monkeypatch.setattr(worker.queries, "select_work", look_and_watch)
    worker.settle_show(show.id)
    assert (while_settling, while_looking) == ([True, True], [False])


def test_what_is_booked_between_the_last_batch_and_the_clearing_is_settled(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = make_show()
    ids = [book(show.id, "1")]
    wait_until(count_messages)

    def book_and_clear(task: str, *args: int) -> None:
        if len(ids) < 2:
            ids.append(book(show.id, "2"))
        clear_flag(task, *args)

    monkeypatch.setattr(worker, "clear_flag", book_and_clear)
    worker.settle_show(show.id)
    assert [tell(booking_id) for booking_id in ids] == ["CONFIRMED", "CONFIRMED"]


@pytest.mark.parametrize("step", ["get_entry", "settle_batch"])
def test_flag_is_cleared_whatever_goes_wrong(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Or nobody would be sent to this show for as long as a message may wait."""
    show = make_show()
    book(show.id, "1")
    wait_until(count_messages)

    def fail(*_: object) -> None:
        raise UnavailableError("The database did not answer.")

    monkeypatch.setattr(worker, step, fail)
    with pytest.raises(UnavailableError):
        worker.settle_show(show.id)
    assert not is_flagged(show.id)


def test_who_finds_the_show_locked_leaves_the_flag_to_whoever_has_it(make_show: MakeShow) -> None:
    """Or the next nudge would send yet another worker there."""
    show = make_show()
    book(show.id, "1")
    wait_until(count_messages)
    with transaction() as connection:
        lock_version(connection, show.id)
        worker.settle_show(show.id)
        assert is_flagged(show.id)
    worker.settle_show(show.id)
    assert not is_flagged(show.id)


def test_sweep_makes_up_for_a_lost_nudge(make_show: MakeShow) -> None:
    show, idle = make_show(), make_show()
    booking_id = book(show.id, "1")
    book(idle.id, "1")
    settle(idle.id)
    wait_until(count_messages)
    lose_messages()
    assert sweeping.sweep_shows() == 0  # it may be on its way yet
    run("UPDATE bookings SET updated_at = updated_at - interval '2 s' WHERE id = :id", id=booking_id)
    assert sweeping.sweep_shows() == 1
    assert (tell(booking_id), sweeping.sweep_shows()) == ("CONFIRMED", 0)


def test_sweep_finds_every_show_that_waits(make_show: MakeShow) -> None:
    shows = [make_show() for _ in range(5)]
    for show in shows[::2]:
        book(show.id, "1")
    cancelled = shows[1]
    book(cancelled.id, "1")
    settle(cancelled.id)
    run("UPDATE shows SET cancelled_at = now() WHERE id = :id", id=cancelled.id)
    run("UPDATE bookings SET updated_at = updated_at - interval '2 s'")
    assert sweeping.sweep_shows() == 4


def test_expired_holds_are_found_and_those_being_confirmed_are_not(make_show: MakeShow) -> None:
    show, other = make_show(), make_show()
    expired, waiting, held = hold(show.id, "1"), hold(other.id, "1"), hold(other.id, "2")
    cancel(waiting)
    end_hold(expired)
    end_hold(waiting)
    assert sweeping.nudge_expired_shows() == 1
    worker.settle_show(show.id)
    assert sweeping.nudge_expired_shows() == 0
    assert (tell(expired), tell(held)) == ("hold_expired", "held")


def test_settling_leaves_nothing_behind(make_show: MakeShow) -> None:
    """What is accepted while a batch runs is seen by the look after its commit."""
    show = make_show()
    first = book(show.id, "1")
    late = []
    settle_batch = settling.settle_batch

    def settle_slowly(connection: object, show_id: int) -> object:
        batch = settle_batch(connection, show_id)  # type: ignore[arg-type]
        if not late:
            late.append(book(show_id, "2"))
        return batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "settle_batch", settle_slowly)
        worker.settle_show(show.id)
    assert (tell(first), tell(late[0])) == ("CONFIRMED", "CONFIRMED")


def test_turn_ends_and_queues_up_again(make_show: MakeShow, monkeypatch: pytest.MonkeyPatch) -> None:
    show = make_show()
    # Nothing is on its way but what the turn itself sends.
    monkeypatch.setattr(acting, "nudge", lambda _: None)
    ids = [book(show.id, "1"), book(show.id, "2")]

    def is_over() -> bool:
        if tell(ids[0]) != "CONFIRMED":
            return False
        # Others come meanwhile.
        ids.append(book(show.id, str(len(ids) + 1)))
        return True

    worker.settle_show(show.id, is_over=is_over)
    assert [tell(booking_id) for booking_id in ids] == ["CONFIRMED"] * 2 + ["PENDING"] * (len(ids) - 2)
    assert len(ids) > 2
    wait_until(count_messages)
    assert count_messages() == 1


def test_broker_that_is_gone_costs_a_nudge_and_no_error(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Retry limit exceeded")

    monkeypatch.setattr(get_sender(), "send", refuse)
    for show_id in range(10):
        send_once([(SETTLE_SHOW, (show_id,))])
    assert jobs.broker_breaker.current_state == "open"


@pytest.mark.parametrize(("run_port", "seconds"), [(run_deaf_port, 1), (run_silent_port, 5)])
def test_broker_that_is_not_there_costs_the_nudger_seconds(
    database: dict[str, str], run_port: Callable[[], AbstractContextManager[int]], seconds: float
) -> None:
    """And requests nothing, since it is the nudger that waits."""
    with run_port() as port, enter({"CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0"}):
        with measured() as took:
            send_once([(SETTLE_SHOW, (7,))])
        assert jobs.broker_breaker.fail_counter == 1
    assert took.wall >= seconds
    assert took.quiet < seconds + 1.5


def test_overdue_rows_are_settled_though_their_nudge_waits_behind_others(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = book(show.id, "1")
    wait_until(count_messages)
    run("UPDATE bookings SET updated_at = updated_at - interval '2 s'")
    sweeping.sweep_shows()
    assert (tell(booking_id), count_messages()) == ("CONFIRMED", 1)


def test_show_that_cannot_be_settled_keeps_the_sweep_from_no_other(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = make_show(), make_show()
    book(broken.id, "1")
    booking_id = book(sound.id, "1")
    run("UPDATE bookings SET updated_at = updated_at - make_interval(secs => 5)")
    real = worker.settle_show

    def settle_some(show_id: int, *, is_again: bool) -> None:
        if show_id == broken.id:
            raise RuntimeError("broken")
        real(show_id, is_again=is_again)

    monkeypatch.setattr(worker, "settle_show", settle_some)
    sweeping.sweep_shows()
    assert tell(booking_id) == "CONFIRMED"


def test_nudger_outlives_whatever_sending_raises(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_something(*_: object, **__: object) -> None:
        raise KeyError("of a library's own making")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "raise_flags", raise_something)
        get_nudger().add(SETTLE_SHOW, 7)
        get_nudger().add(SETTLE_SHOW, 7)
        wait_until(lambda: not any(get_nudger()._waiting.values()))
    get_nudger().add(SETTLE_SHOW, 8)
    wait_until(lambda: count_messages() == 1)


def test_batches_send_for_the_relay_once_until_it_comes(make_show: MakeShow) -> None:
    show = make_show()
    for number, messages in (("1", 1), ("2", 1), ("3", 2)):
        book(show.id, number)
        if messages == 2:
            clear_flag(RELAY_EVENTS)
        worker.settle_show(show.id)
        wait_until(lambda: not any(get_nudger()._waiting.values()))
        wait_until(lambda messages=messages: count_messages(EVENTS_QUEUE) >= messages)
        assert count_messages(EVENTS_QUEUE) == messages


def test_one_nudger_however_many_threads_ask_first(database: dict[str, str]) -> None:
    get_nudger.cache_clear()
    with ThreadPoolExecutor(32) as pool:
        assert len(set(pool.map(lambda _: id(get_nudger()), range(64)))) == 1
