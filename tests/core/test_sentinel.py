"""Redis behind sentinels: every client finds the master, and the next one after a failover."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from redis.exceptions import RedisError

from core.errors import UnavailableError
from core.events.publisher import STREAM, publish
from core.infra.async_redis import LoopRedis
from core.infra.jobs import BOOKINGS_QUEUE, SEND_ERRORS, SETTLE_SHOW, get_celery, get_sender
from core.infra.redis import get_redis, try_redis
from core.infra.sentinel import read_sentinels
from core.infra.settings import get_settings
from tests.apart import enter
from tests.measuring import measured
from tests.sentinels import Watched, watch
from tests.support import HANGS_SECONDS, wait_until


@pytest.fixture
def watched(database: dict[str, str]) -> Iterator[Watched]:
    """A master, its replica and sentinels, which the settings name for everything."""
    with watch() as servers, enter({"REDIS_URL": servers.url}):
        yield servers


def sends() -> bool:
    try:
        get_sender().send(SETTLE_SHOW, [1], queue=BOOKINGS_QUEUE)
    except SEND_ERRORS:
        return False
    return True


def publishes() -> bool:
    try:
        publish([{"id": str(uuid4()), "type": "BOOKING_HELD"}])
    except UnavailableError:
        return False
    return True


def test_each_client_follows_the_master(watched: Watched) -> None:
    async def write_on() -> None:
        redis = LoopRedis()
        await redis.call("SET", "before", 1)
        watched.kill_master()
        async with asyncio.timeout(HANGS_SECONDS):
            while True:
                try:
                    await redis.call("SET", "after", 1)
                except (RedisError, OSError):
                    await asyncio.sleep(0.02)
                else:
                    return

    assert get_redis().ping() and sends() and publishes()
    asyncio.run(write_on())
    assert wait_until(lambda: try_redis(lambda redis: redis.get("after"), None)) == b"1"
    redis = get_redis()
    sent, published = redis.llen(BOOKINGS_QUEUE), redis.xlen(STREAM)
    wait_until(sends)
    wait_until(publishes)
    assert (redis.llen(BOOKINGS_QUEUE), redis.xlen(STREAM)) == (sent + 1, published + 1)


def test_a_silent_sentinel_keeps_nobody_from_the_next(watched: Watched) -> None:
    watched.freeze(watched.sentinels[0])

    async def ask() -> object:
        return await LoopRedis().call("PING")

    def asks() -> bool:
        try:
            return asyncio.run(ask()) == b"PONG"
        except (RedisError, OSError):
            # A busy machine.
            return False

    wait_until(asks)
    assert wait_until(lambda: try_redis(lambda redis: redis.ping(), None))
    with measured() as took:
        wait_until(sends)
        wait_until(publishes)
    # As the relay's transaction may stand idle (core/infra/db.py).
    assert took.quiet < 3


def test_each_url_says_it_all_to_kombu(database: dict[str, str]) -> None:
    url = "sentinel://us%40er:pass%2Fword@one:1;sentinel://two/3?master_name=main"
    with enter({"REDIS_URL": url}):
        assert get_settings().celery_broker_url == url
        connection = get_celery().connection_for_write()
    found = read_sentinels(url)
    assert found.addresses == [("one", 1), ("two", 26379)]
    assert found.options == {"username": "us@er", "password": "pass/word", "db": 3}
    assert (found.master_name, found.tls) == ("main", {})
    for _ in found.addresses:
        assert (connection.userid, connection.password, connection.virtual_host) == (
            "us@er",
            "pass/word",
            "3",
        )
        connection.maybe_switch_next()
    assert connection.transport_options["master_name"] == "main"
