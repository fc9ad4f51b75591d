"""Items that came while the last were under way go together, as one run."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from core.errors import UnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gather(Generic[Item, Result]):
    """Runs what came while the last run was under way as one run, on one event loop.

    One run at a time: a lone item goes at once, all that came meanwhile go next, in order, at most `at_most`
    of them by weight, the last of which may exceed it. `run` has to end by itself, since nothing goes before
    it has.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        at_most: int,
        weigh: Callable[[Item], int] = lambda _: 1,
    ) -> None:
        self._run, self._at_most, self._weigh = run, at_most, weigh
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._running: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, item: Item) -> asyncio.Future[Result]:
        """The result of an item, which is left out where its future is done before its turn comes.

        The future fails with the exception that `run` gave for this item, or raised; with UnavailableError
        where the process ends first.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run_all())
            self._task.add_done_callback(self._end)
        return future

    def put(self, item: Item) -> None:
        """Run an item and discard its result; a failure is ignored."""
        # An exception that is never retrieved would be logged by asyncio.
        self.ask(item).add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _run_all(self) -> None:
        while self._waiting:
            self._running = self._take_next()
            if self._running:
                await self._run_next()
                self._running = []

    def _take_next(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        taken: list[tuple[Item, asyncio.Future[Result]]] = []
        room = self._at_most
        while self._waiting and room > 0:
            entry = self._waiting.popleft()
            if not entry[1].done():
                taken.append(entry)
                room -= self._weigh(entry[0])
        return taken

    async def _run_next(self) -> None:
        futures = [future for _, future in self._running]
        try:
            results = await self._run([item for item, _ in self._running])
            answers = list(zip(futures, results, strict=True))
        except Exception as error:
            answers = [(future, error) for future in futures]
        for future, result in answers:
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _end(self, task: asyncio.Task[None]) -> None:
        # Only the end of the process cancels the task, perhaps before it has begun.
        if not task.cancelled():
            return
        for _, future in (*self._running, *self._waiting):
            if not future.done():
                future.set_exception(UnavailableError("The service is stopping."))
        self._running = []
        self._waiting.clear()


class GatherApart(Generic[Item, Result]):
    """A Gather for each kind of item, made when it is first needed: no kind waits for another."""

    def __init__(
        self, make: Callable[[], Gather[Item, Result]], *, find_kind: Callable[[Item], Hashable]
    ) -> None:
        self._make, self._find_kind = make, find_kind
        self._gathers: dict[Hashable, Gather[Item, Result]] = {}

    def ask(self, item: Item) -> asyncio.Future[Result]:
        """The result of an item, from the Gather of its kind; see Gather.ask()."""
        kind = self._find_kind(item)
        if kind not in self._gathers:
            self._gathers[kind] = self._make()
        return self._gathers[kind].ask(item)
