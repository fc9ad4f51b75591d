"""Celery's time limits, in a real worker: a task that is stuck ends, and what it was at is done after all."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import psutil
import psycopg2
import pytest

from core.infra.jobs import PURGE_IDEMPOTENCY_KEYS, QUEUE_OF, SETTLE_SHOW, get_celery, raise_flag
from core.shows.service import Show
from tests.acting import ask, book, tell
from tests.apart import live_apart
from tests.invariants import check_settled
from tests.support import run_process, wait_until

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its processes."""
    with live_apart(servers, name="limits", redis_database=8) as variables:
        yield variables


@pytest.fixture(scope="module")
def worker(servers: dict[str, str]) -> Iterator[psutil.Process]:
    """A worker of one process."""
    with run_process("worker", {**servers, "WORKER_CONCURRENCY": "1"}) as process:
        wait_until(lambda: ask_worker("ping"))
        yield psutil.Process(process.pid)


def ask_worker(question: str) -> Any:
    """The one worker's answer."""
    answers = getattr(get_celery().control.inspect(timeout=1), question)() or {}
    return next(iter(answers.values()), None)


def send(task: str, *args: int, **limits: float) -> None:
    """Send a task with limits of its own, as they stand in its message."""
    get_celery().send_task(task, args=args, queue=QUEUE_OF[task], **limits)


@contextmanager
def locked(database: Mapping[str, str], table: str) -> Iterator[None]:
    """Nobody gets at a table; by a connection without limits of its own."""
    with closing(psycopg2.connect(database["DATABASE_URL"])) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def find_stuck() -> bool:
    """Whether a session of the worker waits for a lock."""
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(ask(waiting))


def test_limits_are_in_force(worker: psutil.Process, database: dict[str, str]) -> None:
    """By what the worker says of its pool: a minute is too long for a test."""
    assert ask_worker("stats")["pool"]["timeouts"] == [50, 60]


def test_task_at_its_soft_limit_fails(worker: psutil.Process, database: dict[str, str]) -> None:
    """As soon as the driver gives the interpreter its turn, which the lock's limit of 2 s sees to."""
    failures: list[str] = []
    app = get_celery()
    with app.connection_for_read() as connection, locked(database, "used_keys"):
        handlers = {"task-failed": lambda event: failures.append(event["exception"])}
        receiver = app.events.Receiver(connection, handlers=handlers)
        with closing(receiver.itercapture(wakeup=False)) as events:
            next(events)
            send(PURGE_IDEMPOTENCY_KEYS, soft_time_limit=0.5)
            wait_until(lambda: next(events) or failures)
    assert failures == ["SoftTimeLimitExceeded()"]


def test_task_at_its_hard_limit_is_killed_and_its_show_settled_after_all(
    worker: psutil.Process, make_show: Callable[..., Show], database: dict[str, str]
) -> None:
    show = make_show()
    # Its nudge is not sent: ours comes instead.
    raise_flag(SETTLE_SHOW, show.id)
    (stuck,) = worker.children()
    with locked(database, "seats"):
        booking_id = book(show.id, "1")
        send(SETTLE_SHOW, show.id, soft_time_limit=0.5, time_limit=1)
        wait_until(find_stuck)
        wait_until(lambda: not stuck.is_running() or stuck.status() == psutil.STATUS_ZOMBIE)
    wait_until(lambda: tell(booking_id) == "CONFIRMED")
    check_settled()
