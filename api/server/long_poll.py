"""Long polls: requests that wait for bookings to change, as coroutines, woken through Redis or by a timer."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from core.bookings.announcements import decode, to_microseconds
from core.bookings.errors import BookingNotFoundError
from core.bookings.states import Wants
from core.bookings.views import Booking
from core.errors import UnavailableError
from core.infra.json import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a process's long polls, in seconds and in polls."""

    # Redis wakes a long poll at once; without it a poll reads its booking again after so long.
    look_again_seconds: float = 1.0
    # A poll whose time is over gives its last read so long, and then answers with what it has read before.
    last_read_seconds: float = 1.0
    # Each costs some KiB, and a share of a read every second. A poll beyond is answered at once.
    waiting: int = 10_000
    # One client leaves room for others.
    waiting_per_client: int = 5_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking as read, or as announced, and what a worker has yet to do for it.

    `updated_at` in microseconds since 1970, by the database's clock: the newer of two is the larger. Whoever
    waits keeps the booking: its document takes several KiB, and most are not asked for.
    """

    updated_at: int
    wants: str | None
    shown: Booking | bytes

    @classmethod
    def of(cls, booking: Booking) -> Self:
        """A booking as it was read."""
        return cls(to_microseconds(booking.updated_at), booking.wants, booking)

    @property
    def body(self) -> bytes:
        """Its document."""
        return self.shown if isinstance(self.shown, bytes) else to_json(self.shown.to_document())


def is_acquired(seen: Seen) -> bool:
    """Whether no worker has to get seats for it any more: CONFIRMED, held, FAILED."""
    return seen.wants != Wants.ACQUIRE


def is_settled(seen: Seen) -> bool:
    """Whether no worker has anything to do for it."""
    return seen.wants is None


IsDone = Callable[[Seen], bool]
ReadBooking = Callable[[UUID], Awaitable[Booking | None]]


class LongPolls:
    """The requests of this process that wait, on its event loop, and what wakes them."""

    def __init__(self, read: ReadBooking, limits: Limits = LIMITS) -> None:
        self._read, self.limits = read, limits
        self._waiting: dict[bytes, set[Poll]] = defaultdict(set)
        self._clients: Counter[str] = Counter()
        self._count = 0
        self.is_ending = False

    def end(self) -> None:
        """Have whoever waits answered now, and nobody wait any more: this process is about to stop."""
        self.is_ending = True
        for polls in self._waiting.values():
            for poll in polls:
                poll.wake(None)

    async def read(self, booking_id: UUID) -> Booking:
        """A booking as it is now. Raises BookingNotFoundError."""
        booking = await self._read(booking_id)
        if booking is None:
            raise BookingNotFoundError(booking_id)
        return booking

    @contextmanager
    def enter(self, client: str, booking_ids: Sequence[UUID], *, seconds: float) -> Iterator[list["Poll"]]:
        """Polls of these bookings, in this order: what changes from now on wakes them.

        One that may not wait, since too many do, or for 0 seconds, is done at once.
        """
        waiting = len(booking_ids)
        if not seconds or not self._has_room(client, waiting):
            # These polls are not registered: each is over after its first read.
            yield [Poll(self, booking_id, deadline=0) for booking_id in booking_ids]
            return
        deadline = time.monotonic() + seconds
        polls = [Poll(self, booking_id, deadline) for booking_id in booking_ids]
        self._clients[client] += waiting
        self._count += waiting
        for poll in polls:
            self._waiting[poll.booking_id.bytes].add(poll)
        try:
            yield polls
        finally:
            for poll in polls:
                self._leave(poll)
            self._clients[client] -= waiting
            self._count -= waiting
            if not self._clients[client]:
                del self._clients[client]

    def _has_room(self, client: str, waiting: int) -> bool:
        return (
            self._count + waiting <= self.limits.waiting
            and self._clients[client] + waiting <= self.limits.waiting_per_client
        )

    def _leave(self, poll: "Poll") -> None:
        waiting = self._waiting[poll.booking_id.bytes]
        waiting.discard(poll)
        if not waiting:
            del self._waiting[poll.booking_id.bytes]

    def hear(self, message: bytes) -> None:
        """Wake whoever waits for one of the bookings that a message tells of."""
        if not self._waiting:
            return
        for id_, updated_at, document in decode(message):
            # No look-up that would make an entry.
            if polls := self._waiting.get(id_):
                # Settling announces documents, of bookings that want nothing any more.
                announced = None if document is None else Seen(updated_at, None, document)
                for poll in polls:
                    poll.wake(announced)


class Poll:
    """One request's wait for one booking."""

    __slots__ = ("_announced", "_deadline", "_is_changed", "_polls", "_woken", "booking_id")

    def __init__(self, polls: LongPolls, booking_id: UUID, deadline: float) -> None:
        self.booking_id = booking_id
        self._polls, self._deadline = polls, deadline
        self._is_changed = False
        self._announced: Seen | None = None
        self._woken: asyncio.Future[None] | None = None

    def wake(self, announced: Seen | None) -> None:
        """The booking has changed, to what is announced, or to what has to be read."""
        self._is_changed, self._announced = True, announced
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def wait(self, is_done: IsDone, seen: Seen | None = None, *, known: Seen | None = None) -> Seen:
        """The booking once it `is_done`, or as it is when the time is over.

        `seen` is how the caller knows it, from after the poll was entered; `known` from before. While it
        cannot be read it is that; without either raises BookingNotFoundError, UnavailableError, TimeoutError.
        """
        known = seen or known
        while True:
            if seen is None:
                seen = known = await self._read(known)
            left = self._deadline - time.monotonic()
            if left <= 0 or self._polls.is_ending or is_done(seen):
                return seen
            announced = await self._await_change(min(left, self._polls.limits.look_again_seconds))
            if announced is None:
                seen = None
            elif announced.updated_at > seen.updated_at:
                seen = known = announced

    async def _read(self, known: Seen | None) -> Seen:
        if known is None:
            return Seen.of(await self._polls.read(self.booking_id))
        try:
            # The read ends before the request's deadline, which would answer 503 in spite of what is known.
            left = max(0.0, self._deadline - time.monotonic())
            async with asyncio.timeout(left + self._polls.limits.last_read_seconds):
                return Seen.of(await self._polls.read(self.booking_id))
        except (UnavailableError, TimeoutError):
            return known

    async def _await_change(self, seconds: float) -> Seen | None:
        loop = asyncio.get_running_loop()
        self._woken = loop.create_future()
        timer = loop.call_later(seconds, self.wake, None)
        try:
            # One that came while the booking was being read is not waited for again.
            if not self._is_changed:
                await self._woken
            return self._announced
        finally:
            timer.cancel()
            self._woken, self._is_changed, self._announced = None, False, None
