"""What goes together on the event loop: bookings share commits, reads and actions; long polls share reads."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar
from uuid import UUID

from redis.exceptions import RedisError

from api.server.long_poll import LongPolls
from core.bookings.accepting import Accepted, accept
from core.bookings.acting import Acted, act
from core.bookings.announcements import encode_ids
from core.bookings.reading import read_bookings
from core.bookings.requests import Asked
from core.bookings.requests import Request as Wish
from core.bookings.views import Booking
from core.infra.async_db import LoopConnection
from core.infra.async_jobs import LoopNudger
from core.infra.async_redis import LoopRedis
from core.infra.gather import Gather
from core.infra.pubsub import BOOKINGS_CHANNEL

T = TypeVar("T")

# A larger group would delay its first request; the rest goes in the next group.
COMMITTED_TOGETHER = 500
# Thousands of long polls are woken at once.
READ_TOGETHER = 2_000


class Groups:
    """The groups of one process, each with a connection of its own, opened when it is first needed."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads, nudger = threads, LoopNudger()
        self._reading = LoopConnection()
        self.commits: Gather[Wish, Accepted] = Gather(
            partial(accept, LoopConnection(), nudge=nudger.nudge),
            at_most=COMMITTED_TOGETHER,
            weigh=lambda wish: len(wish.items),
        )
        self.actions: Gather[Asked, Acted] = Gather(
            partial(act, LoopConnection(), nudge=nudger.nudge), at_most=COMMITTED_TOGETHER
        )
        self.reads: Gather[UUID, Booking | None] = Gather(self._read, at_most=READ_TOGETHER)
        self.polls = LongPolls(self.reads.ask)
        self._announcing = LoopRedis()
        self._announcements: Gather[UUID, None] = Gather(self._announce, at_most=COMMITTED_TOGETHER)

    async def _read(self, booking_ids: Sequence[UUID]) -> list[Booking | None]:
        found = await read_bookings(self._reading, list(dict.fromkeys(booking_ids)))
        return [found.get(booking_id) for booking_id in booking_ids]

    def announce(self, booking_id: UUID) -> None:
        """Wake whoever waits for this booking, in any process; nobody waits for that."""
        self._announcements.put(booking_id)

    async def _announce(self, booking_ids: Sequence[UUID]) -> list[None]:
        with suppress(RedisError, OSError):
            await self._announcing.call("PUBLISH", BOOKINGS_CHANNEL, encode_ids(booking_ids))
        return [None] * len(booking_ids)

    async def run_in_thread(self, run: Callable[[], T]) -> T:
        """What `run` returns, which may block."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, run)
