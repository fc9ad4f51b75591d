"""What goes together on the event loop: bookings share commits, reads and actions; long polls share reads."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from typing import TypeVar
from uuid import UUID

from cachetools import LRUCache
from redis.exceptions import RedisError

from api.gate.places import POLLS, Places
from api.gate.shedding import Backlog
from api.request import Request
from api.server.long_poll import Entered, LongPolls
from core.bookings.accepting import Accepted, accept
from core.bookings.accepting_queries import SaleTerms
from core.bookings.acting import Acted, act
from core.bookings.announcements import encode_ids
from core.bookings.reading import read_bookings
from core.bookings.requests import Asked
from core.bookings.requests import Request as Wish
from core.bookings.views import Booking
from core.bookings.waiting import count_waiting
from core.errors import UnavailableError
from core.infra import tracing
from core.infra.async_db import LoopConnection
from core.infra.async_jobs import LoopNudger
from core.infra.async_redis import LoopRedis
from core.infra.gather import Gather, GatherApart
from core.infra.ids import read_slot
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.settings import Settings
from core.infra.slot_groups import SlotGroup, list_groups
from core.payments.confirming import Success, confirm_paid

T = TypeVar("T")

# A larger group would delay its first request; the rest goes in the next group.
COMMITTED_TOGETHER = 500
# Shows whose terms of sale are remembered.
TERMS_REMEMBERED = 1_000
# Thousands of long polls are woken at once.
READ_TOGETHER = 2_000
# Threads for calls to the payment provider, so that a slow one takes none of the request threads. A request
# beyond them is queued, and answered 503 at its deadline.
WAITING_THREADS = 8
# A look at the backlog that takes longer is given up: the slot groups are asked one after the other.
COUNT_SECONDS = 2
# The event loop may stand still so long, before its first request.
FIRST_SECONDS = 0.25


class _SlotGroups:
    """Slot groups as the event loop knows them: a thread reads them, and where it cannot all are one."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._reading: Future[list[SlotGroup]] | None = None
        # By slot, none where one group has all; kept apart from the future, whose locks cost each item more.
        self._numbers: dict[int, int] | None = None

    def find_number(self, slot: int) -> int:
        """The number of a slot's group."""
        if self._numbers is None:
            self._numbers = self._read()
        return self._numbers.get(slot, 0) if self._numbers else 0

    def _read(self) -> dict[int, int] | None:
        if self._reading is None:
            self._reading = self._threads.submit(list_groups)
            # Once a process: its first request must not go together with those of another group.
            wait([self._reading], FIRST_SECONDS)
        elif self._reading.done() and self._reading.exception():
            self._reading = self._threads.submit(list_groups)
        if not self._reading.done() or self._reading.exception():
            return None
        return {slot: group.number for group in self._reading.result() for slot in group.slots or ()}


class Groups:
    """The groups of one process, apart by slot group; each opens a connection of its own when needed."""

    def __init__(self, threads: ThreadPoolExecutor, settings: Settings) -> None:
        self._threads, self._nudger = threads, LoopNudger()
        self._waiting_threads = ThreadPoolExecutor(WAITING_THREADS, thread_name_prefix="waiting")
        find_number = _SlotGroups(threads).find_number
        self.commits: GatherApart[Wish, Accepted] = GatherApart(
            self._make_commits, find_kind=lambda wish: find_number(wish.slot)
        )
        self.actions: GatherApart[Asked, Acted] = GatherApart(
            self._make_actions, find_kind=lambda asked: find_number(asked.slot)
        )
        self.reads: GatherApart[UUID, Booking | None] = GatherApart(
            self._make_reads, find_kind=lambda id_: find_number(read_slot(id_))
        )
        self.successes: GatherApart[Success, UUID | None] = GatherApart(
            self._make_successes, find_kind=lambda success: find_number(success.slot)
        )
        self.polls = LongPolls(self.reads.ask, places=Places(POLLS, settings.most_polls))
        at_most = settings.max_waiting_bookings
        counting = LoopConnection(answer_seconds=COUNT_SECONDS)
        self.backlog = Backlog(at_most, partial(count_waiting, counting, at_most=at_most))
        self._announcing = LoopRedis()
        self._announcements: Gather[UUID, None] = Gather(
            "announce", self._announce, at_most=COMMITTED_TOGETHER
        )

    async def accept(self, wish: Wish) -> Accepted:
        """What came of a wish. Raises what refuses it; UnavailableError also where too many bookings wait."""
        with self.backlog.take(wish.show_id, len(wish.ids)) as taken:
            accepted = await self.commits.ask(wish)
            taken.is_replay = accepted.is_replay
        return accepted

    def enter(self, request: Request, booking_ids: Sequence[UUID], seconds: float | None) -> Entered:
        """Polls of these bookings for a request that waits so long, if at all; see LongPolls.enter()."""
        return self.polls.enter(request.client, booking_ids, seconds=seconds or 0, gone=request.gone)

    def _make_commits(self) -> Gather[Wish, Accepted]:
        terms: LRUCache[int, SaleTerms] = LRUCache(TERMS_REMEMBERED)
        commit = partial(accept, LoopConnection(), nudge=self._nudger.nudge, remembered=terms)
        return Gather("commit bookings", commit, at_most=COMMITTED_TOGETHER, weigh=lambda wish: len(wish.ids))

    def _make_actions(self) -> Gather[Asked, Acted]:
        action = partial(act, LoopConnection(), nudge=self._nudger.nudge)
        return Gather("act on bookings", action, at_most=COMMITTED_TOGETHER)

    def _make_successes(self) -> Gather[Success, UUID | None]:
        confirm = partial(confirm_paid, LoopConnection(), nudge=self._nudger.nudge)
        return Gather("confirm paid bookings", confirm, at_most=COMMITTED_TOGETHER)

    def _make_reads(self) -> Gather[UUID, Booking | None]:
        return Gather("read bookings", partial(self._read, LoopConnection()), at_most=READ_TOGETHER)

    async def _read(
        self, connection: LoopConnection, booking_ids: Sequence[UUID]
    ) -> list[Booking | UnavailableError | None]:
        found = await read_bookings(connection, list(dict.fromkeys(booking_ids)))
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
        return await asyncio.get_running_loop().run_in_executor(self._threads, tracing.carry(run))

    async def run_beside_others(self, run: Callable[[], T]) -> T:
        """What `run` returns, which waits for an external server; it has threads of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._waiting_threads, tracing.carry(run))
