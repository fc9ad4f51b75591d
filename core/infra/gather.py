"""Items that came while the last were under way go together; and one timer for all that wait equally long."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from core.errors import UnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")

# So many futures that are done may be kept before it is worth looking for them.
DONE_KEPT = 256


class Wheel:
    """Futures that expire after the same time, in the order in which they came: one timer for all of them.

    A timer for each would cost more than what it guards. `expire` is called with each that is not done in
    time, and has to make it done.
    """

    def __init__(self, seconds: float, expire: Callable[[asyncio.Future[Any]], None]) -> None:
        self._seconds, self._expire = seconds, expire
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._room = DONE_KEPT
        self._timer: asyncio.TimerHandle | None = None

    def add(self, future: asyncio.Future[Any]) -> None:
        """Have the future expire, unless it is done before."""
        if len(self._waiting) >= self._room:
            self._drop_done()
        loop = future.get_loop()
        expires_at = loop.time() + self._seconds
        self._waiting.append((expires_at, future))
        if self._timer is None:
            self._timer = loop.call_at(expires_at, self._turn, loop)

    def _drop_done(self) -> None:
        # One that waits long must not keep the results of all who came after it in memory.
        self._waiting = deque(entry for entry in self._waiting if not entry[1].done())
        self._room = 2 * len(self._waiting) + DONE_KEPT

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        try:
            while self._waiting and (self._waiting[0][0] <= now or self._waiting[0][1].done()):
                _, future = self._waiting.popleft()
                if not future.done():
                    self._expire(future)
        finally:
            self._timer = loop.call_at(self._waiting[0][0], self._turn, loop) if self._waiting else None


class Gather(Generic[Item, Result]):
    """Runs what came while the last run was under way as one run, on one event loop.

    One run at a time: a lone item goes at once, all that came meanwhile go next, in order, at most `at_most`
    of them. Whoever is answered late waits at most `seconds`; `run` has to end by itself all the same, since
    nothing goes before it has.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        at_most: int,
        seconds: float,
    ) -> None:
        self._run, self._at_most = run, at_most
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._running: list[tuple[Item, asyncio.Future[Result]]] = []
        self._wheel = Wheel(seconds, _time_out)
        self._task: asyncio.Task[None] | None = None

    def ask(self, item: Item) -> asyncio.Future[Result]:
        """The result of an item, which is left out where its future is done before its turn comes.

        The future fails with the exception that `run` gave for this item, or raised; with TimeoutError; with
        UnavailableError where the process ends first.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        self._wheel.add(future)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run_all())
            self._task.add_done_callback(self._end)
        return future

    async def _run_all(self) -> None:
        while self._waiting:
            self._running = self._take_next()
            if self._running:
                await self._run_next()
                self._running = []

    def _take_next(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        taken: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(taken) < self._at_most:
            entry = self._waiting.popleft()
            if not entry[1].done():
                taken.append(entry)
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


def _time_out(future: asyncio.Future[Any]) -> None:
    future.set_exception(TimeoutError())
