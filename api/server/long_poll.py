"""Long polls: requests that wait for bookings to change, woken through Redis or by a timer."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.gate.places import POLLS, Places
from api.metrics import POLLS_WAITING
from api.server.calling import Gone, watch_over
from api.server.poll import Poll, Seen, require
from api.server.recent import Recent
from api.server.turns import Turns
from core.bookings.announcements import decode
from core.bookings.views import Booking


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a process's long polls, in seconds and in polls."""

    # Redis wakes a long poll at once; without it a poll reads its booking again after so long.
    look_again_seconds: float = 1.0
    # A poll whose time is over gives its last read so long, and then answers with what it has read before.
    last_read_seconds: float = 1.0
    # Each costs some 12 KB, and a share of a read every second. A poll beyond is answered at once.
    waiting: int = 10_000
    # One client leaves room for others.
    waiting_per_client: int = 5_000


LIMITS = Limits()


ReadBooking = Callable[[UUID], Awaitable[Booking | None]]


class LongPolls:
    """The requests of this process that wait, on its event loop, and what wakes them."""

    def __init__(self, read: ReadBooking, limits: Limits = LIMITS, places: Places | None = None) -> None:
        self.ask, self.limits = read, limits
        # Of a client, in all processes: each of its requests takes one, of however many bookings.
        self._places = places or Places(POLLS, None)
        # A booking has one poll mostly: a set of one takes four times the memory, a list half as much again.
        self._waiting: dict[bytes, tuple[Poll, ...]] = {}
        self.turns = Turns()
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
        return require(await self.ask(booking_id), booking_id)

    def enter(
        self, client: str, booking_ids: Sequence[UUID], *, seconds: float, gone: Gone | None = None
    ) -> "Entered":
        """Polls of these bookings, in this order: what changes from now on wakes them.

        One that may not wait, since too many do, or for 0 seconds, is done at once.
        """
        now, has_room = time.monotonic(), seconds and self._has_room(client, len(booking_ids))
        if not has_room or not self._places.take(client):
            # These polls are not registered: each is over after its first read.
            return Entered(None, client, tuple(Poll(self, booking_id, now) for booking_id in booking_ids))
        deadline = now + seconds
        polls = tuple(Poll(self, booking_id, deadline) for booking_id in booking_ids)
        self._count_waiting(client, len(polls))
        for poll in polls:
            id_ = poll.booking_id.bytes
            self._waiting[id_] = *self._waiting.get(id_, ()), poll
        entered = Entered(self, client, polls)
        # To watch a connection costs a task. Whoever goes away with less than half of its places lacks none.
        if gone is not None and self._places.is_half_taken(client):
            entered.end_once(gone)
        return entered

    def leave(self, client: str, polls: Sequence[Poll]) -> None:
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

    def _leave(self, poll: Poll) -> None:
        id_ = poll.booking_id.bytes
        waiting = tuple(other for other in self._waiting[id_] if other is not poll)
        if waiting:
            self._waiting[id_] = waiting
        else:
            del self._waiting[id_]

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

    __slots__ = ("_all", "_client", "_stop_watching", "polls")

    def __init__(self, all_: LongPolls | None, client: str, polls: Sequence[Poll]) -> None:
        self._all, self._client, self.polls = all_, client, polls
        self._stop_watching: Callable[[], object] | None = None

    def end_once(self, gone: Gone) -> None:
        """Wait no longer than the client does."""
        self._stop_watching = watch_over(gone, self._give_up)

    def _give_up(self) -> None:
        for poll in self.polls:
            poll.give_up()

    def leave(self) -> None:
        """Have them wait no longer, and tell nothing."""
        if self._stop_watching is not None:
            self._stop_watching()
        for poll in self.polls:
            poll.end()
        if self._all is not None:
            self._all.leave(self._client, self.polls)

    def __enter__(self) -> Sequence[Poll]:
        return self.polls

    def __exit__(self, *_: object) -> None:
        self.leave()
