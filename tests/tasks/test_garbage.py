"""Whatever is in its queues, a worker drops what is none of our messages, and goes on with the next."""

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from core.infra.dropped import read_dropped
from core.infra.jobs import (
    BOOKINGS_QUEUE,
    EVENTS_QUEUE,
    EXPIRY_QUEUE,
    RELAY_EVENTS,
    SWEEP,
    WEBHOOKS_QUEUE,
    get_celery,
    nudge,
    send_once,
)
from core.infra.redis import get_redis
from core.shows.service import Show
from local.embedded import find_free_port
from tests.acting import book, count_messages, tell
from tests.apart import live_apart
from tests.support import FLOWER_PASSWORD, HANGS_SECONDS, run_process, wait_until
from tests.tasks import garbage

pytestmark = pytest.mark.processes
MakeShow = Callable[..., Show]
SEED = 20_261_127
QUEUES_OF = {"worker": (BOOKINGS_QUEUE, EXPIRY_QUEUE), "outbound": (EVENTS_QUEUE, WEBHOOKS_QUEUE)}


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its processes."""
    with live_apart(servers, name="garbage", redis_database=9) as variables:
        yield variables


@pytest.fixture(scope="module", params=["worker", "outbound"])
def process(servers: dict[str, str], request: pytest.FixtureRequest) -> Iterator[tuple[str, psutil.Process]]:
    """A worker, then an outbound, that takes messages."""
    with run_process(request.param, {**servers, "WORKER_CONCURRENCY": "1"}) as process:
        wait_until(lambda: get_celery().control.ping(timeout=1))
        yield request.param, psutil.Process(process.pid)


def count_dropped() -> int:
    """Messages that were dropped, whatever their reason."""
    return sum((read_dropped() or {}).values())


def is_nothing_left(name: str) -> bool:
    """Whether no message waits in a queue or is noted as taken."""
    redis = get_redis()
    is_empty = not any(count_messages(queue) for queue in QUEUES_OF[name])
    return is_empty and not redis.hlen("unacked") and not redis.zcard("unacked_index")


def test_garbage_in_queues_is_dropped(
    process: tuple[str, psutil.Process], make_show: MakeShow, database: dict[str, str]
) -> None:
    name, alive = process
    children = alive.children(recursive=True)
    show = make_show()
    sent = sum(garbage.flood(queue, SEED) for queue in QUEUES_OF[name])
    booking_id = book(show.id, "1")
    wait_until(lambda: is_nothing_left(name))
    assert count_dropped() > sent / 2
    if name == "worker":
        nudge(show.id)
        wait_until(lambda: tell(booking_id) == "CONFIRMED")
    wait_until(lambda: is_nothing_left(name))
    assert alive.is_running() and alive.status() != psutil.STATUS_ZOMBIE
    assert alive.children(recursive=True) == children


def test_queue_that_is_none_is_waited_for(
    process: tuple[str, psutil.Process], make_show: MakeShow, database: dict[str, str]
) -> None:
    """Something else has its name: a worker settles without it, and takes messages again once it is gone."""
    name, alive = process
    if name != "worker":
        pytest.skip("outbound settles nothing that would tell")
    children, show = alive.children(recursive=True), make_show()
    get_redis().set(BOOKINGS_QUEUE, "not a list")
    without = book(show.id, "1")
    wait_until(lambda: tell(without) == "CONFIRMED")
    get_redis().delete(BOOKINGS_QUEUE)
    wait_until(lambda: get_celery().control.ping(timeout=1))
    assert alive.is_running() and alive.children(recursive=True) == children


def test_garbage_noted_as_taken_is_forgotten(
    process: tuple[str, psutil.Process], database: dict[str, str]
) -> None:
    """And what is a message comes again to its queue, from where it is done."""
    name, alive = process
    garbage.note_as_taken()
    if name == "outbound":
        # It puts back the worker's message, and does not take it.
        wait_until(lambda: count_messages() > 0)
        get_redis().delete(BOOKINGS_QUEUE)
    wait_until(lambda: not get_redis().hlen("unacked") and is_nothing_left(name))
    assert count_dropped() > len(garbage.RAW)
    assert alive.is_running()


def test_garbage_among_commands_is_dropped(
    process: tuple[str, psutil.Process], database: dict[str, str]
) -> None:
    name, alive = process
    garbage.broadcast(SEED)
    wait_until(count_dropped)
    wait_until(lambda: get_celery().control.ping(timeout=1))
    assert alive.is_running()
    assert is_nothing_left(name)


def test_events_of_tasks_are_heard(process: tuple[str, psutil.Process], database: dict[str, str]) -> None:
    """They are sent together, a moment late."""
    task = {"worker": SWEEP, "outbound": RELAY_EVENTS}[process[0]]
    heard: list[str] = []
    note = lambda event: heard.append(event["type"])  # noqa: E731 (for each of them)
    kinds = "task-received", "task-started", "task-succeeded"

    def is_heard(task: str) -> bool:
        # Sent again each time: nobody knows when the receiver has begun to listen.
        send_once([(task, ())])
        return set(heard) == set(kinds)

    with get_celery().connection_for_read() as connection:
        receiver = get_celery().events.Receiver(connection, handlers=dict.fromkeys(kinds, note))
        thread = threading.Thread(target=receiver.capture, kwargs={"wakeup": False})
        thread.start()
        try:
            wait_until(lambda: is_heard(task))
        finally:
            receiver.should_stop = True
            thread.join()


def test_flower_goes_on_hearing_of_workers(
    process: tuple[str, psutil.Process], database: dict[str, str]
) -> None:
    port, name = find_free_port(), process[0]
    variables = {**database, "FLOWER_PORT": str(port), "FLOWER_PASSWORD": FLOWER_PASSWORD}

    def ask_flower() -> Any:
        request = Request(f"http://127.0.0.1:{port}/api/workers?refresh=1")
        request.add_header(
            "Authorization", f"Basic {b64encode(f'admin:{FLOWER_PASSWORD}'.encode()).decode()}"
        )
        with suppress(OSError), urlopen(request, timeout=HANGS_SECONDS) as answer:
            return any(worker.startswith(name) for worker in json.load(answer))

    with run_process("flower", variables) as flower:
        wait_until(ask_flower)
        garbage.broadcast(SEED)
        wait_until(ask_flower)
        assert flower.poll() is None
