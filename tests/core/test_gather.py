"""What came meanwhile goes together, and each gets its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from core.errors import UnavailableError
from core.infra.gather import Gather, GatherApart
from tests.support import HANGS_SECONDS


class Runs:
    """Doubles numbers, a run once it is let go. Gives back an exception among them, raises at "raise"."""

    def __init__(self) -> None:
        self.items: list[list[Any]] = []
        self.let = asyncio.Semaphore(0)
        self.running = self.most_running = 0

    async def run(self, items: Sequence[Any]) -> Sequence[Any]:
        self.items.append(list(items))
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await self.let.acquire()
        finally:
            self.running -= 1
        if "raise" in items:
            raise ValueError("all of them")
        return [item if isinstance(item, Exception) else 2 * item for item in items if item != "short"]

    async def have_begun(self, count: int) -> None:
        async with asyncio.timeout(HANGS_SECONDS):
            while len(self.items) < count:
                await asyncio.sleep(0)


def play(run: Callable[[Runs, Gather[Any, Any]], Awaitable[None]], at_most: int = 100) -> None:
    async def begin() -> None:
        runs = Runs()
        await run(runs, Gather("double", runs.run, at_most=at_most))

    asyncio.run(begin())


def test_those_that_came_meanwhile_go_together_in_order() -> None:
    async def run(runs: Runs, gather: Gather[int, int]) -> None:
        first = gather.ask(1)
        await runs.have_begun(1)
        others = [gather.ask(n) for n in range(2, 6)]
        for _ in range(10):
            await asyncio.sleep(0)
        assert runs.items == [[1]]
        runs.let.release()
        runs.let.release()
        assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
        assert runs.items == [[1], [2, 3, 4, 5]]
        assert runs.most_running == 1

    play(run)


def test_no_more_than_at_most_go_together() -> None:
    async def run(runs: Runs, gather: Gather[int, int]) -> None:
        for _ in range(3):
            runs.let.release()
        assert await asyncio.gather(*(gather.ask(n) for n in range(5))) == [0, 2, 4, 6, 8]
        assert runs.items == [[0, 1], [2, 3], [4]]

    play(run, at_most=2)


def test_it_goes_on_after_it_has_rested() -> None:
    async def run(runs: Runs, gather: Gather[int, int]) -> None:
        for n in range(3):
            runs.let.release()
            assert await gather.ask(n) == 2 * n
        assert runs.items == [[0], [1], [2]]

    play(run)


def test_who_has_gone_is_left_out_and_frees_its_place() -> None:
    async def wait_for(future: asyncio.Future[int]) -> int:
        return await future

    async def run(runs: Runs, gather: Gather[int, int]) -> None:
        first = gather.ask(1)
        await runs.have_begun(1)
        gone = asyncio.create_task(wait_for(gather.ask(2)))
        others = [gather.ask(n) for n in (3, 4)]
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        runs.let.release()
        runs.let.release()
        assert await asyncio.gather(first, *others) == [2, 6, 8]
        assert gone.cancelled()
        assert runs.items == [[1], [3, 4]]

    play(run, at_most=2)


def test_who_goes_in_the_middle_of_a_run_spoils_nothing() -> None:
    async def run(runs: Runs, gather: Gather[int, int]) -> None:
        gone, stays = gather.ask(1), gather.ask(2)
        await runs.have_begun(1)
        gone.cancel()
        runs.let.release()
        assert await stays == 4

    play(run)


def test_no_run_where_nobody_is_left() -> None:
    async def run(runs: Runs, gather: Gather[int, int]) -> None:
        gather.ask(1).cancel()
        await asyncio.sleep(0)
        runs.let.release()
        assert await gather.ask(2) == 4
        assert runs.items == [[2]]

    play(run)


def test_an_exception_among_the_results_is_of_one_alone() -> None:
    async def run(runs: Runs, gather: Gather[Any, Any]) -> None:
        runs.let.release()
        found = await asyncio.gather(
            *(gather.ask(item) for item in (1, KeyError("own"), 3)), return_exceptions=True
        )
        assert (found[0], repr(found[1]), found[2]) == (2, "KeyError('own')", 6)

    play(run)


@pytest.mark.parametrize("spoiler", ["raise", "short"])
def test_what_a_run_raises_fails_all_of_it_and_no_other(spoiler: str) -> None:
    """So does a run that has not a result for each."""

    async def run(runs: Runs, gather: Gather[Any, Any]) -> None:
        failing = [gather.ask(1), gather.ask(spoiler)]
        await runs.have_begun(1)
        good = gather.ask(3)
        runs.let.release()
        runs.let.release()
        found = await asyncio.gather(*failing, good, return_exceptions=True)
        assert [type(each) for each in found] == [ValueError, ValueError, int]

    play(run)


def test_the_end_of_the_process_leaves_nobody_waiting() -> None:
    """The loop's end cancels what runs; whoever waits is told, whether its item had gone or not."""
    told: list[BaseException | None] = []

    async def begin(is_started: bool) -> None:
        runs = Runs()
        gather: Gather[int, int] = Gather("double", runs.run, at_most=1)
        for future in [gather.ask(1), gather.ask(2)]:
            future.add_done_callback(lambda done: told.append(done.exception()))
        if is_started:
            await runs.have_begun(1)

    for is_started in (True, False):
        told.clear()
        asyncio.run(begin(is_started))
        assert [type(each) for each in told] == [UnavailableError] * 2


def test_what_weighs_more_takes_the_place_of_more() -> None:
    async def run() -> None:
        runs = Runs()
        gather: Gather[int, int] = Gather("double", runs.run, at_most=3, weigh=lambda item: item)
        for _ in range(3):
            runs.let.release()
        assert await asyncio.gather(*(gather.ask(n) for n in (1, 2, 1, 1, 5, 1))) == [2, 4, 2, 2, 10, 2]
        assert runs.items == [[1, 2], [1, 1, 5], [1]]

    asyncio.run(run())


def test_kinds_do_not_wait_for_each_other() -> None:
    async def play_kinds() -> None:
        odd, even = Runs(), Runs()
        made = iter((odd, even))
        apart = GatherApart[int, int](
            lambda: Gather("double", next(made).run, at_most=100), find_kind=lambda number: number % 2
        )
        held = [apart.ask(1), apart.ask(3)]
        await odd.have_begun(1)
        even.let.release()
        assert await apart.ask(2) == 4
        assert not held[0].done()
        odd.let.release()
        assert await asyncio.gather(*held) == [2, 6]
        assert (odd.items, even.items) == ([[1, 3]], [[2]])

    asyncio.run(play_kinds())
