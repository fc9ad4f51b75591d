"""Redis on a Unix socket: every client takes a unix:// URL."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from core.events.publisher import STREAM, publish
from core.infra.async_redis import LoopRedis
from core.infra.jobs import BOOKINGS_QUEUE, SETTLE_SHOW, get_celery, get_sender
from core.infra.redis import get_redis
from local.programs import find_redis_program
from tasks.starting import find_broker_fault
from tests.apart import enter
from tests.support import wait_until


@pytest.fixture
def socket_path(database: dict[str, str]) -> Iterator[Path]:
    """Where a Redis listens, and nowhere else; it wants a password."""
    # A socket's path may have a hundred characters, and pytest's own folders have more.
    folder = Path(tempfile.mkdtemp(prefix="seatline-"))
    path = folder / "redis.sock"
    command = [str(find_redis_program()), "--port", "0", "--unixsocket", str(path), "--dir", str(folder)]
    with subprocess.Popen([*command, "--requirepass", "se/cret"], stdout=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: answers(path))
            yield path
        finally:
            server.kill()
            shutil.rmtree(folder)


def answers(path: Path) -> bool:
    try:
        with Redis(unix_socket_path=str(path), password="se/cret") as client:
            return bool(client.ping())
    except RedisError:
        return False


def test_each_client_takes_it(socket_path: Path) -> None:
    async def ask() -> None:
        await LoopRedis().call("SET", "key", "1")

    with enter({"REDIS_URL": f"unix://:se%2Fcret@{socket_path}?db=1"}):
        assert find_broker_fault() is None
        asyncio.run(ask())
        get_sender().send(SETTLE_SHOW, [1], queue=BOOKINGS_QUEUE)
        publish([{"id": "1", "type": "BOOKING_HELD"}])
        redis = get_redis()
        assert (redis.get("key"), redis.llen(BOOKINGS_QUEUE), redis.xlen(STREAM)) == (b"1", 1, 1)
        assert redis.info("keyspace").keys() == {"db1"}


def test_workers_do_not_tell_its_password() -> None:
    """By what Flower asks them."""
    url = "unix://:s3cret@/run/redis.sock?db=1"
    with enter({"REDIS_URL": url, "DATABASE_URL": "postgresql://host/db"}):
        told = [get_celery().connection_for_read().info(), get_celery().conf.table(censored=True)]
        assert str(told).count("/run/redis.sock") == 2
        assert "s3cret" not in str(told)
