"""The event loop's way into Redis, and what becomes of it where Redis is not well."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from core.infra import async_redis
from core.infra.async_redis import LoopRedis, RedisAwayError, Script
from core.infra.redis import TIMEOUT_SECONDS, get_redis
from core.infra.settings import get_settings
from local.embedded import find_free_port
from tests.apart import enter
from tests.measuring import measured
from tests.support import HANGS_SECONDS, frozen_redis, run_deaf_port, run_silent_port

ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


def play(run: Callable[[LoopRedis], Awaitable[None]]) -> None:
    async def begin() -> None:
        await run(LoopRedis())

    asyncio.run(begin())


async def until_back(redis: LoopRedis) -> Any:
    """The first reply once Redis is no longer away."""
    async with asyncio.timeout(HANGS_SECONDS):
        while True:
            try:
                return await redis.call("PING")
            except RedisAwayError:
                await asyncio.sleep(0.02)


def test_script_runs_also_where_the_server_does_not_know_it(database: dict[str, str]) -> None:
    async def run(redis: LoopRedis) -> None:
        assert await redis.run_script(ADD, ["sum"], 2) == 2
        get_redis().script_flush()
        assert await redis.run_script(ADD, ["sum"], 3) == 5
        assert await redis.run_script(ADD, ["sum"], 4) == 9

    play(run)


def test_what_redis_refuses_is_no_outage(database: dict[str, str]) -> None:
    async def run(redis: LoopRedis) -> None:
        own = await redis.call("CLIENT", "ID")
        with pytest.raises(ResponseError):
            await redis.call("NO SUCH COMMAND")
        assert await redis.call("CLIENT", "ID") == own

    play(run)


def test_server_that_became_a_replica_is_asked_no_more(database: dict[str, str]) -> None:
    async def run(redis: LoopRedis) -> None:
        own = await redis.call("CLIENT", "ID")
        get_redis().execute_command("REPLICAOF", "127.0.0.1", find_free_port())
        try:
            with pytest.raises(ReadOnlyError):
                await redis.call("SET", "key", 1)
        finally:
            get_redis().execute_command("REPLICAOF", "NO", "ONE")
        assert await redis.call("CLIENT", "ID") != own

    play(run)


def test_connection_that_was_closed_while_idle_is_opened_anew(database: dict[str, str]) -> None:
    async def run(redis: LoopRedis) -> None:
        own = await redis.call("CLIENT", "ID")
        get_redis().client_kill_filter(_id=str(own))
        async with asyncio.timeout(HANGS_SECONDS):
            await redis._connection.lost
        assert await redis.call("CLIENT", "ID") != own

    play(run)


def test_reply_to_one_that_went_away_is_not_taken_for_the_next_ones(database: dict[str, str]) -> None:
    async def run(redis: LoopRedis) -> None:
        await redis.call("PING")
        gone = asyncio.create_task(redis.call("ECHO", "first"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        assert await redis.call("ECHO", "second") == b"second"

    play(run)


def test_frozen_redis_is_waited_for_once_and_asked_again_when_it_is_back(database: dict[str, str]) -> None:
    async def run(redis: LoopRedis) -> None:
        await redis.call("PING")
        with frozen_redis():
            with measured() as first, pytest.raises((RedisError, OSError)):
                await redis.call("PING")
            with measured() as others:
                for _ in range(100):
                    with pytest.raises(RedisAwayError):
                        await redis.call("PING")
        assert first.wall >= TIMEOUT_SECONDS
        assert first.quiet < 3 * TIMEOUT_SECONDS
        assert others.quiet < TIMEOUT_SECONDS
        assert await until_back(redis) == b"PONG"

    play(run)


def test_it_is_looked_for_while_nobody_waits_until_it_is_back(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several times, and each time in vain, while it is frozen."""
    monkeypatch.setattr(async_redis, "SECONDS_UNTIL_RETRY", 0.01)

    async def run(redis: LoopRedis) -> None:
        with frozen_redis():
            for _ in range(2):
                with pytest.raises((RedisError, OSError)):
                    await redis.call("PING")
            await asyncio.sleep(3 * TIMEOUT_SECONDS)
            with pytest.raises(RedisAwayError):
                await redis.call("PING")
        assert await until_back(redis) == b"PONG"

    play(run)


@pytest.mark.parametrize("run_port", [run_deaf_port, run_silent_port])
def test_server_that_is_not_there_is_given_up(
    database: dict[str, str], run_port: Callable[[], AbstractContextManager[int]]
) -> None:
    async def run(redis: LoopRedis) -> None:
        with measured() as took, pytest.raises((RedisError, OSError)):
            await redis.call("PING")
        assert took.wall >= TIMEOUT_SECONDS
        assert took.quiet < 3 * TIMEOUT_SECONDS

    with run_port() as port, enter({"REDIS_URL": f"redis://127.0.0.1:{port}/0"}):
        play(run)


def test_url_with_a_database_and_a_password(database: dict[str, str]) -> None:
    async def run(redis: LoopRedis) -> None:
        await redis.call("SET", "where", "in five")
        assert await redis.call("GET", "where") == b"in five"

    url = get_settings().redis_url.rpartition("/")[0] + "/5"
    with enter({"REDIS_URL": url}):
        play(run)
        assert get_redis().get("where") == b"in five"
    assert get_redis().get("where") is None


def test_unix_socket(database: dict[str, str], tmp_path: Path) -> None:
    """A proxy's, to the server that the tests have."""
    path, port = tmp_path / "redis.sock", int(get_settings().redis_url.rpartition(":")[2].partition("/")[0])

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, to_writer), pump(to_reader, writer))

    async def run(redis: LoopRedis) -> None:
        server = await asyncio.start_unix_server(forward, path)
        async with asyncio.timeout(HANGS_SECONDS):
            assert await redis.call("PING") == b"PONG"
            await redis._close()
        server.close()

    password = get_settings().redis_url.partition("//:")[2].partition("@")[0]
    with enter({"REDIS_URL": f"unix://:{password}@{path}", "CELERY_BROKER_URL": "redis://127.0.0.1"}):
        play(run)
