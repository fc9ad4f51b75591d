"""Deadlines: the time by which a request has to be answered, with one timer for all of equal length."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self

from api.server.turns import Turns

# So many that are done may be kept before it is worth looking for them.
DONE_KEPT = 256


class Deadlines:
    """Deadlines of equal length, which expire in the order in which they began."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun: deque[tuple[float, Deadline]] = deque()
        self._room = DONE_KEPT
        self._timer: asyncio.TimerHandle | None = None
        self._turns = Turns()

    def begin(self) -> "Deadline":
        """A deadline from now on, as a context manager for the task that calls this."""
        if len(self._begun) >= self._room:
            # One that takes long must not keep all who came after it in memory.
            self._begun = deque(entry for entry in self._begun if not entry[1].is_done)
            self._room = 2 * len(self._begun) + DONE_KEPT
        loop, deadline = asyncio.get_running_loop(), Deadline(self._turns)
        expires_at = loop.time() + self._seconds
        self._begun.append((expires_at, deadline))
        if self._timer is None:
            self._timer = loop.call_at(expires_at, self._turn, loop)
        return deadline

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._begun and (self._begun[0][0] <= now or self._begun[0][1].is_done):
            self._begun.popleft()[1].expire()
        self._timer = loop.call_at(self._begun[0][0], self._turn, loop) if self._begun else None


class Deadline:
    """What asyncio.timeout() is, for a fifth of its cost: cancels its task, and raises TimeoutError there."""

    __slots__ = ("_extra", "_is_over", "_task", "_turns", "is_done")

    def __init__(self, turns: Turns) -> None:
        self.is_done = self._is_over = False
        self._extra, self._turns = 0.0, turns
        self._task = asyncio.current_task()

    def put_off(self, seconds: float) -> None:
        """Have it expire so much later."""
        self._extra += seconds

    def expire(self) -> None:
        """Cancel the task, unless it is done, or has longer."""
        if self._extra and not self.is_done:
            self._turns.take(self, self._extra)
            self._extra = 0.0
        elif self._task is not None and not self.is_done:
            self._is_over = True
            self._task.cancel()

    def ring(self, _: int) -> None:
        """Expire: the time that it was put off for is over."""
        self.expire()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.is_done = True
        # As asyncio.timeout() does: where somebody else has cancelled the task too, that is not hidden.
        # A deadline that is done stays in its queue for a while; its task need not.
        task, self._task = self._task, None
        is_ours = self._is_over and task is not None and task.uncancel() <= 0
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error
