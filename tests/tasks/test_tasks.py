"""Tasks and beat: ids in, one service called, and never a pile of periodic messages."""

from collections.abc import Callable

from celery.beat import ScheduleEntry

from core.infra.jobs import EXPIRY_QUEUE, SWEEP, clear_flag, get_celery
from core.infra.redis import get_redis
from core.shows.service import Show
from tasks.beat import FlaggedScheduler
from tests.acting import book, count_messages, end_hold, hold, tell
from tests.support import run_process, wait_until

MakeShow = Callable[..., Show]


def test_settle_show_settles(make_show: MakeShow) -> None:
    from tasks.bookings import settle_show  # noqa: PLC0415 (reads the settings)

    show = make_show()
    booking_id = book(show.id, "1")
    settle_show(show.id)
    assert tell(booking_id) == "CONFIRMED"


def test_periodic_tasks_let_their_next_through(make_show: MakeShow) -> None:
    from tasks import bookings  # noqa: PLC0415

    for task in (bookings.expire_holds, bookings.sweep, bookings.purge_idempotency_keys):
        get_redis().set(f"flag:{task.name}", 1)
        task()
        assert get_redis().exists(f"flag:{task.name}") == 0


def test_expire_holds_nudges_the_show(make_show: MakeShow) -> None:
    from tasks import bookings  # noqa: PLC0415

    booking_id = hold(make_show().id, "1")
    end_hold(booking_id)
    get_redis().flushdb()
    bookings.expire_holds()
    wait_until(lambda: count_messages() == 1)


def test_entry_that_waits_is_not_sent_again(database: dict[str, str]) -> None:
    scheduler = FlaggedScheduler(app=get_celery(), lazy=True)
    entry = ScheduleEntry(name="sweep", task=SWEEP, schedule=1, app=get_celery())
    for _ in range(5):
        scheduler.apply_async(entry, advance=False)
    assert count_messages(EXPIRY_QUEUE) == 1
    clear_flag(SWEEP)
    scheduler.apply_async(entry, advance=False)
    assert count_messages(EXPIRY_QUEUE) == 2


def test_beat_without_a_worker_leaves_no_pile(database: dict[str, str]) -> None:
    with run_process("beat", {**database, "EXPIRY_INTERVAL_SECONDS": "0.1"}):
        wait_until(lambda: count_messages(EXPIRY_QUEUE))
        # It is due thirty times and more in these three seconds.
        wait_for_ticks()
        assert count_messages(EXPIRY_QUEUE) <= 2 * 2


def wait_for_ticks() -> None:
    """Three seconds and more by Redis's own clock, by which flags end."""
    started_at = get_redis().time()[0]
    wait_until(lambda: get_redis().time()[0] >= started_at + 4)
