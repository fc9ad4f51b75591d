"""Long polls: requests that wait for bookings to change, as coroutines, woken through Redis or by a timer."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from api.gate.places import POLLS, Places
from api.metrics import POLLS_WAITING
from api.server.calling import Gone, watch_over
from api.server.deadline import Deadlines
from api.server.recent import Recent
from api.server.turns import Turns
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
    # Each costs some 15 KB, and a share of a read every second. A poll beyond is answered at once.
    waiting: int = 10_000
    # One client leaves room for others.
    waiting_per_client: int = 5_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking as read, or as announced, and what a worker has yet to do for it.

    `updated_at` in microseconds since 1970, by the database's clock: the newer of two is the larger. Most
    documents are never asked for, and are not made before.
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

    def pack(self) -> "Seen":
        """The same as a document, which takes a third of the memory."""
        if isinstance(self.shown, bytes):
            return self
        # orjson's own buffer has KiB to spare; a copy has none.
        return Seen(self.updated_at, self.wants, bytes(memoryview(self.body)))


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

    def __init__(self, read: ReadBooking, limits: Limits = LIMITS, places: Places | None = None) -> None:
        self._read, self.limits = read, limits
        # Of a client, in all processes: each of its requests takes one, of however many bookings.
        self._places = places or Places(POLLS, None)
        # A set of one poll takes four times the memory of a list.
        self._waiting: dict[bytes, list[Poll]] = defaultdict(list)
        self.turns, self.last_reads = Turns(), Deadlines(limits.last_read_seconds)
        self.recent = Recent(limits.look_again_seconds)
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

    def enter(
        self, client: str, booking_ids: Sequence[UUID], *, seconds: float, gone: Gone | None = None
    ) -> "Entered":
        """Polls of these bookings, in this order: what changes from now on wakes them.

        One that may not wait, since too many do, or for 0 seconds, is done at once.
        """
        has_room = seconds and self._has_room(client, len(booking_ids))
        if not has_room or not self._places.take(client):
            # These polls are not registered: each is over after its first read.
            return Entered(None, client, [Poll(self, booking_id, deadline=0) for booking_id in booking_ids])
        deadline = time.monotonic() + seconds
        polls = [Poll(self, booking_id, deadline) for booking_id in booking_ids]
        self._count_waiting(client, len(polls))
        for poll in polls:
            self._waiting[poll.booking_id.bytes].append(poll)
        entered = Entered(self, client, polls)
        # To watch a connection costs a task. Whoever goes away with less than half of its places lacks none.
        if gone is not None and self._places.is_half_taken(client):
            entered.end_once(gone)
        return entered

    def leave(self, client: str, polls: Sequence["Poll"]) -> None:
        """Unregister polls, which wait no longer."""
        for poll in polls:
            self._leave(poll)
        self._count_waiting(client, -len(polls))
        self._places.leave(client)

    def _count_waiting(self, client: str, more: int) -> None:
        self._clients[client] += more
        self._count += more
        POLLS_WAITING.inc(more)
        if not self._clients[client]:
            del self._clients[client]

    def _has_room(self, client: str, waiting: int) -> bool:
        return (
            self._count + waiting <= self.limits.waiting
            and self._clients[client] + waiting <= self.limits.waiting_per_client
        )

    def _leave(self, poll: "Poll") -> None:
        waiting = self._waiting[poll.booking_id.bytes]
        waiting.remove(poll)
        if not waiting:
            del self._waiting[poll.booking_id.bytes]

    def hear(self, message: bytes) -> None:
        """Wake whoever waits for one of the bookings that a message tells of."""
        self.recent.drop_old()
        if not self._waiting and not self.recent:
            return
        for id_, updated_at, document in decode(message):
            self.recent.forget(id_)
            # No look-up that would make an entry.
            if polls := self._waiting.get(id_):
                # Settling announces documents, of bookings that want nothing any more.
                announced = None if document is None else Seen(updated_at, None, document)
                for poll in polls:
                    poll.wake(announced)


class Entered:
    """The polls of one request, as a context manager; those that are registered leave at its end."""

    __slots__ = ("_all", "_client", "_polls", "_stop_watching")

    def __init__(self, all_: LongPolls | None, client: str, polls: list["Poll"]) -> None:
        self._all, self._client, self._polls = all_, client, polls
        self._stop_watching: Callable[[], object] | None = None

    def end_once(self, gone: Gone) -> None:
        """Wait no longer than the client does."""
        self._stop_watching = watch_over(gone, self._give_up)

    def _give_up(self) -> None:
        for poll in self._polls:
            poll.give_up()

    def __enter__(self) -> list["Poll"]:
        return self._polls

    def __exit__(self, *_: object) -> None:
        if self._stop_watching is not None:
            self._stop_watching()
        if self._all is not None:
            self._all.leave(self._client, self._polls)


class Poll:
    """One request's wait for one booking."""

    __slots__ = ("_announced", "_deadline", "_is_changed", "_polls", "_turn", "_woken", "booking_id")

    def __init__(self, polls: LongPolls, booking_id: UUID, deadline: float) -> None:
        self.booking_id, self._turn = booking_id, 0
        self._polls, self._deadline = polls, deadline
        self._is_changed = False
        self._announced: Seen | None = None
        self._woken: asyncio.Future[None] | None = None

    def recall(self, is_done: IsDone) -> Seen | None:
        """The booking as this process accepted it a moment ago, to begin the wait with.

        None where it would be the answer, or the wait ends before the next look: its change may have been
        announced and lost.
        """
        left = self._deadline - time.monotonic()
        if left < self._polls.limits.look_again_seconds or self._polls.is_ending:
            return None
        seen = self._polls.recent.find(self.booking_id)
        return None if seen is None or is_done(seen) else seen

    def wake(self, announced: Seen | None) -> None:
        """The booking has changed, to what is announced, or to what has to be read."""
        self._is_changed, self._announced = True, announced
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    def give_up(self) -> None:
        """Have it be over: its client is gone."""
        self._deadline = 0
        self.wake(None)

    def ring(self, turn: int) -> None:
        """The time has come to look again, unless something has woken it before."""
        if turn == self._turn:
            self.wake(None)

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
            # A change that was announced during the read is not waited for again.
            if not self._is_changed:
                # A coroutine for this wait would cost each of thousands 300 bytes.
                self._woken = asyncio.get_running_loop().create_future()
                self._turn = self._polls.turns.take(self, min(left, self._polls.limits.look_again_seconds))
                await self._woken
            announced = self._forget()
            if announced is None:
                seen = None
            elif announced.updated_at > seen.updated_at:
                seen = known = announced

    def _forget(self) -> Seen | None:
        """Reset the poll for its next wait; returns what was announced."""
        announced = self._announced
        self._woken, self._is_changed, self._announced, self._turn = None, False, None, 0
        return announced

    async def _read(self, known: Seen | None) -> Seen:
        if known is None:
            return Seen.of(await self._polls.read(self.booking_id))
        try:
            # The read ends before the request's deadline, which would answer 503 in spite of what is known.
            with self._polls.last_reads.begin() as deadline:
                deadline.put_off(max(0.0, self._deadline - time.monotonic()))
                found = Seen.of(await self._polls.read(self.booking_id))
        except (UnavailableError, TimeoutError):
            return known
        # A booking that has not changed is likely to stay so for a while: it is kept as its document.
        is_same = (found.updated_at, found.wants) == (known.updated_at, known.wants)
        return known.pack() if is_same else found
