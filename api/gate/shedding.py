"""Load shedding: while too many bookings wait for a worker, none is taken, before the database suffers."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

from api.metrics import SHED
from core.errors import UnavailableError
from core.infra import tracing

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
# With a spread, so that the processes do not all count at the same moment.
SPREAD = 0.1
# A look at 100,000 takes the server up to 100 ms. Where it takes longer, looks become rarer: those of a
# process are a tenth of the time at most.
PAUSES_PER_LOOK = 10
# The scope of a refusal that is not for one show.
ALL = None


class Backlog:
    """How many bookings wait, about: as counted last, and what this process has taken since.

    For one event loop. `count` tells how many wait, by show, and may fail: then what is known holds. It is
    called while bookings are asked for, or too many wait, and nobody waits for it. What other processes have
    taken meanwhile is not known here.
    """

    def __init__(
        self,
        at_most: int,
        count: Callable[[], Awaitable[Mapping[int, int]]],
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._at_most, self._count, self._look_seconds = at_most, count, look_seconds
        # One show leaves the others as much.
        self._at_most_of_show = -(-at_most // 2)
        self._counted: Mapping[int, int] = {}
        # Taken here and not in what was counted; of these on disk since the last look began.
        self._taken, self._accepted = Counter[int](), Counter[int]()
        self._total = 0
        # How many were refused since that began, of each scope, and in which scopes since the last look.
        self._refused, self._refused_lately = Counter[int | None](), set[int | None]()
        self._is_asked = self._is_ending = False
        self._looking: asyncio.Task[None] | None = None

    def refuse_excess(self, show_id: int) -> None:
        """Raise UnavailableError where no more bookings of this show are taken just now."""
        self._is_asked = True
        if self._looking is None and not self._is_ending:
            # The look serves later requests too, and is not of this one's trace.
            with tracing.within(None):
                self._looking = asyncio.get_running_loop().create_task(self._look_again())
        if self._total >= self._at_most:
            self._refuse(ALL, "Too many bookings wait just now.")
        if self._estimate(show_id) >= self._at_most_of_show:
            self._refuse(show_id, "Too many bookings of this show wait just now.")

    def take(self, show_id: int, bookings: int) -> "Taken":
        """Room for so many bookings that are about to be accepted; raises as refuse_excess() does."""
        self.refuse_excess(show_id)
        self._taken[show_id] += bookings
        self._total += bookings
        return Taken(self, show_id, bookings)

    def give_back(self, show_id: int, bookings: int) -> None:
        """So many were not accepted after all."""
        self._taken[show_id] -= bookings
        self._total -= bookings

    def note_accepted(self, show_id: int, bookings: int) -> None:
        """So many are on disk: the next look that begins will count them."""
        self._accepted[show_id] += bookings

    def end(self) -> None:
        """Look no more: this process is about to stop."""
        self._is_ending = True
        if self._looking is not None:
            self._looking.cancel()

    def _estimate(self, show_id: int) -> int:
        return self._counted.get(show_id, 0) + self._taken[show_id]

    def _refuse(self, scope: int | None, detail: str) -> None:
        SHED.labels("all" if scope is ALL else "show").inc()
        if scope not in self._refused:
            waiting = self._total if scope is ALL else self._estimate(scope)
            log.warning("shedding begins", extra={"show_id": scope, "waiting": waiting})
        self._refused[scope] += 1
        self._refused_lately.add(scope)
        raise UnavailableError(detail)

    async def _look_again(self) -> None:
        loop = asyncio.get_running_loop()
        # What is known to be too much is looked at until it is not: an old figure must refuse nobody.
        while self._is_asked or self._refused or self._is_full():
            self._is_asked = False
            began = loop.time()
            await self._look()
            pause = max(self._look_seconds, PAUSES_PER_LOOK * (loop.time() - began))
            await asyncio.sleep(random.uniform(1 - SPREAD, 1 + SPREAD) * pause)  # noqa: S311 (no secret)
        self._looking = None

    async def _look(self) -> None:
        accepted, self._accepted = self._accepted, Counter[int]()
        try:
            counted = await self._count()
        except Exception as error:
            # Whatever it was, what is known holds, and is looked at again.
            self._accepted += accepted
            log.info("backlog not looked at", extra={"error": type(error).__name__})
            return
        self._counted = counted
        # Those that were on disk before are in what was counted, or settled.
        self._taken -= accepted
        self._total = sum(counted.values()) + self._taken.total()
        self._tell_what_is_over()

    def _is_full(self) -> bool:
        return self._total >= self._at_most or any(map(self._is_full_of, {*self._counted, *self._taken}))

    def _is_full_of(self, show_id: int) -> bool:
        return self._estimate(show_id) >= self._at_most_of_show

    def _tell_what_is_over(self) -> None:
        for scope in [scope for scope in self._refused if scope not in self._refused_lately]:
            is_full = self._total >= self._at_most if scope is ALL else self._is_full_of(scope)
            if not is_full:
                log.warning("shedding ends", extra={"show_id": scope, "refused": self._refused.pop(scope)})
        self._refused_lately.clear()


class Taken:
    """Room that was taken for bookings, as a context manager around their commit.

    It is given back where that raises, or where they are not new (`is_replay`). Those whose request is over
    before its commit may be on disk: they count until the next look.
    """

    __slots__ = ("_backlog", "_bookings", "_show_id", "is_replay")

    def __init__(self, backlog: Backlog, show_id: int, bookings: int) -> None:
        self._backlog, self._show_id, self._bookings = backlog, show_id, bookings
        self.is_replay = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        is_refused = kind is not None and issubclass(kind, Exception)
        done = self._backlog.give_back if is_refused or self.is_replay else self._backlog.note_accepted
        done(self._show_id, self._bookings)
