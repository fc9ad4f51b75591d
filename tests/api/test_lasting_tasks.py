"""Tasks that outlive the request that they were begun in are of no trace."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from redis.exceptions import RedisError

from api.gate.key_ring import KeyRing
from api.gate.shedding import Backlog
from core.infra import tracing
from core.infra.async_redis import LoopRedis
from tests.support import HANGS_SECONDS, frozen_redis
from tests.tracing import SAMPLED, TRACE_ID, Kept

# The trace of each task that was asked for it, by the name of its coroutine.
Seen = dict[str, str | None]


def see(begin: Callable[[Callable[[], None]], Awaitable[None]]) -> Seen:
    """What is seen by `note`, which `begin` gets, as a sampled request does."""
    seen: Seen = {}

    def note() -> None:
        task = asyncio.current_task()
        assert task
        seen[task.get_coro().__qualname__] = tracing.get_trace_id()

    async def run() -> None:
        with tracing.within(tracing.start_from({tracing.TRACEPARENT: SAMPLED}, "request", "SERVER")):
            async with asyncio.timeout(HANGS_SECONDS):
                await begin(note)
            assert tracing.get_trace_id() == TRACE_ID

    asyncio.run(run())
    return seen


def test_the_look_at_what_waits(kept: Kept) -> None:
    async def begin(note: Callable[[], None]) -> None:
        looked = asyncio.Event()

        async def count() -> dict[int, int]:
            note()
            looked.set()
            return {}

        backlog = Backlog(10, count)
        backlog.refuse_excess(1)
        await looked.wait()
        backlog.end()

    assert see(begin) == {"Backlog._look_again": None}


def test_the_refreshing_of_keys(kept: Kept, database: dict[str, str]) -> None:
    async def begin(note: Callable[[], None]) -> None:
        refreshed = asyncio.Event()

        def clock() -> float:
            note()
            task = asyncio.current_task()
            if task and task.get_coro().__qualname__ == "KeyRing._refresh_on_and_on":
                refreshed.set()
            return 1000.0

        ring = KeyRing(clock=clock)
        await ring.find(b"unknown")
        await refreshed.wait()
        ring.end()

    assert see(begin)["KeyRing._refresh_on_and_on"] is None


def test_the_wait_for_redis(kept: Kept, database: dict[str, str]) -> None:
    async def begin(note: Callable[[], None]) -> None:
        back = asyncio.Event()

        class Back(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if record.getMessage() == "redis is back":
                    note()
                    back.set()

        log, handler = logging.getLogger("core.infra.async_redis"), Back()
        log.addHandler(handler)
        redis = LoopRedis()
        with frozen_redis(), pytest.raises((RedisError, OSError)):
            await redis.call("PING")
        await back.wait()
        log.removeHandler(handler)

    assert see(begin) == {"LoopRedis._wait_until_back": None}
