"""Processes and Redis die under load: every 202 is kept, and settled once they are back."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from core.infra.redis import TIMEOUT_SECONDS
from core.shows.service import Show
from local.servers import EmbeddedRedis
from tests.acting import ask
from tests.apart import live_apart
from tests.invariants import check_invariants, check_settled
from tests.lonely import run_lonely_redis
from tests.pipeline.load import Client, Load, under_load
from tests.support import WORKER, run_process, start_process, wait_until

pytestmark = pytest.mark.processes
MakeShow = Callable[..., Show]


@pytest.fixture(scope="module")
def lonely_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """A Redis that nothing else uses."""
    with run_lonely_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def servers(servers: dict[str, str], lonely_redis: EmbeddedRedis) -> Iterator[dict[str, str]]:
    """The session's database server, and a Redis to be stopped."""
    base = {**servers, "REDIS_URL": lonely_redis.url}
    with live_apart(base, name="outages", redis_database=0) as variables:
        yield variables


@pytest.fixture(scope="module")
def beat(servers: dict[str, str]) -> Iterator[None]:
    """A beat."""
    with run_process("beat", {**servers, **WORKER}):
        yield


def count_settled() -> int:
    return int(ask("SELECT count(*) FROM bookings WHERE wants IS NULL")[0][0])


def take_median(load: Load) -> float:
    """The seconds that requests took since this was last asked for; half of them took longer."""
    took, load.took = sorted(load.took), []
    return took[len(took) // 2]


def await_settled(accepted: int) -> None:
    """All that was accepted is settled, and rightly."""
    wait_until(lambda: count_settled() == accepted)
    check_settled()
    assert ask("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'")[0][0] == accepted


@pytest.mark.usefixtures("beat")
def test_worker_killed_under_load(service: Client, servers: dict[str, str], make_show: MakeShow) -> None:
    show = make_show(total_seats=20_000)
    with under_load(service, show.id) as load:
        worker = start_process("worker", {**servers, **WORKER})
        try:
            wait_until(lambda: count_settled() > 30)
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        check_invariants()
        before = len(load.ids)
        wait_until(lambda: len(load.ids) > before + 30)
    with run_process("worker", {**servers, **WORKER}):
        await_settled(len(load.ids))


@pytest.mark.usefixtures("beat")
def test_redis_stopped_and_started_again(
    service: Client, servers: dict[str, str], make_show: MakeShow, lonely_redis: EmbeddedRedis
) -> None:
    show = make_show(total_seats=20_000)
    with run_process("worker", {**servers, **WORKER}):
        with under_load(service, show.id) as load:
            wait_until(lambda: count_settled() > 30 and len(load.took) > 30)
            lonely_redis.stop()
            usual = take_median(load)
            before = len(load.ids)
            wait_until(lambda: len(load.ids) > before + 100)
            # Whoever waited for Redis would take as much longer; who waits for longer than a request may is
            # refused.
            assert take_median(load) < 2 * usual + TIMEOUT_SECONDS / 2
            lonely_redis.start()
        await_settled(len(load.ids))
