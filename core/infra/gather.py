"""Items that came while the last were under way go together, as one run."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from core.errors import UnavailableError
from core.infra import tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gather(Generic[Item, Result]):
    """Runs what came while the last run was under way as one run, on one event loop.

    One run at a time: a lone item goes at once, all that came meanwhile go next, in order, at most `at_most`
    of them by weight, the last of which may exceed it. `run` has to end by itself, since nothing goes before
    it has.

    In a trace an item is a span of this `name`. What a run does is told in the trace of its first item that
    has one, and the spans of the others are linked to that one's.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        at_most: int,
        weigh: Callable[[Item], int] = lambda _: 1,
    ) -> None:
        self._name, self._run, self._at_most, self._weigh = name, run, at_most, weigh
        self._waiting: deque[tuple[Item, asyncio.Future[Result], Span | None]] = deque()
        self._running: list[tuple[Item, asyncio.Future[Result], Span | None]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, item: Item) -> asyncio.Future[Result]:
        """The result of an item, which is left out where its future is done before its turn comes.

        The future fails with the exception that `run` gave for this item, or raised; with UnavailableError
        where the process ends first.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future, tracing.start(self._name)))
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

    def _take_next(self) -> "list[tuple[Item, asyncio.Future[Result], Span | None]]":
        taken = []
        room = self._at_most
        while self._waiting and room > 0:
            entry = item, future, span = self._waiting.popleft()
            if future.done():
                tracing.end_span(span)
            else:
                taken.append(entry)
                room -= self._weigh(item)
        return taken

    async def _run_next(self) -> None:
        items = [item for item, _, _ in self._running]
        try:
            with tracing.within(tracing.join([span for _, _, span in self._running if span])):
                results = await self._run(items)
            answers = list(zip(self._running, results, strict=True))
        except Exception as error:
            answers = [(entry, error) for entry in self._running]
        for (_, future, span), result in answers:
            tracing.end_span(span, result if isinstance(result, Exception) else None)
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
        for _, future, span in (*self._running, *self._waiting):
            stopping = UnavailableError("The service is stopping.")
            tracing.end_span(span, stopping)
            if not future.done():
                future.set_exception(stopping)
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
