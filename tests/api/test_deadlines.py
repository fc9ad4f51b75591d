"""Deadlines: each ends in time, with one timer for all; what is held back has longer."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from api.server.deadline import DONE_KEPT, Deadlines

SECONDS = 0.1


async def sleep_under(deadlines: Deadlines, *, put_off: float = 0) -> float:
    """Sleep until the deadline; the seconds that it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError), deadlines.begin() as deadline:
        deadline.put_off(put_off)
        await asyncio.sleep(60)
    return loop.time() - began


def play(scene: Callable[[Deadlines], Awaitable[None]]) -> None:
    async def begin() -> None:
        await scene(Deadlines(SECONDS))

    asyncio.run(begin())


def test_each_ends_in_time() -> None:
    async def scene(deadlines: Deadlines) -> None:
        first = asyncio.create_task(sleep_under(deadlines))
        await asyncio.sleep(SECONDS / 2)
        second = asyncio.create_task(sleep_under(deadlines))
        assert all(SECONDS <= took < SECONDS + 1 for took in await asyncio.gather(first, second))

    play(scene)


def test_one_that_is_put_off_ends_so_much_later() -> None:
    async def scene(deadlines: Deadlines) -> None:
        later, others = asyncio.create_task(sleep_under(deadlines, put_off=1)), sleep_under(deadlines)
        assert await others < 1 + SECONDS <= await later

    play(scene)


def test_who_is_done_is_not_cancelled_afterwards() -> None:
    async def scene(deadlines: Deadlines) -> None:
        for put_off in (0, SECONDS):
            with deadlines.begin() as deadline:
                deadline.put_off(put_off)
        await asyncio.sleep(3 * SECONDS)

    play(scene)


def test_an_error_of_its_own_passes() -> None:
    async def scene(deadlines: Deadlines) -> None:
        with pytest.raises(ValueError, match="its own"), deadlines.begin():
            raise ValueError("its own")

    play(scene)


def test_who_is_cancelled_by_another_is_cancelled() -> None:
    async def scene(deadlines: Deadlines) -> None:
        async def run() -> None:
            with deadlines.begin():
                await asyncio.sleep(60)

        task = asyncio.create_task(run())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    play(scene)


def test_few_that_are_done_are_kept() -> None:
    """Behind one that takes long, so that no timer would drop them."""

    async def scene(deadlines: Deadlines) -> None:
        waiting = asyncio.create_task(sleep_under(deadlines))
        await asyncio.sleep(0)
        for _ in range(10 * DONE_KEPT):
            with deadlines.begin():
                pass
        assert len(deadlines._begun) <= 2 * DONE_KEPT
        await waiting

    play(scene)
