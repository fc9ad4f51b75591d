"""One request's wait for one booking, and the booking as it is seen meanwhile."""

import asyncio
import time
from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING, Self
from uuid import UUID

from core.bookings.announcements import to_microseconds
from core.bookings.errors import BookingNotFoundError
from core.bookings.states import Wants
from core.bookings.views import Booking
from core.errors import UnavailableError
from core.infra import tracing
from core.infra.json import to_json

if TYPE_CHECKING:
    from api.server.long_poll import LongPolls


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
        # The database's word is an object of its own for each booking.
        wants = self.wants and intern(str(self.wants))
        # orjson's own buffer has KiB to spare; a copy has none.
        return Seen(self.updated_at, wants, bytes(memoryview(self.body)))


def is_acquired(seen: Seen) -> bool:
    """Whether no worker has to get seats for it any more: CONFIRMED, held, FAILED."""
    return seen.wants != Wants.ACQUIRE


def is_settled(seen: Seen) -> bool:
    """Whether no worker has anything to do for it."""
    return seen.wants is None


IsDone = Callable[[Seen], bool]
Tell = Callable[[Seen | Exception], None]


class Poll:
    """One request's wait for one booking, all of it callbacks: a task would take 3 KB for each."""

    __slots__ = (
        "_announced",
        "_deadline",
        "_is_changed",
        "_is_done",
        "_known",
        "_polls",
        "_reading",
        "_span",
        "_tell",
        "_turn",
        "booking_id",
    )

    def __init__(self, polls: "LongPolls", booking_id: UUID, deadline: float) -> None:
        self.booking_id, self._turn = booking_id, 0
        self._polls, self._deadline = polls, deadline
        self._is_changed = False
        self._announced: Seen | None = None
        self._known: Seen | None = None
        self._reading: Future[Booking | None] | None = None
        self._is_done: IsDone = is_settled
        self._tell: Tell | None = None
        # A timer or a message that wakes it runs in no trace, or in another request's.
        self._span = tracing.get_current()

    @property
    def is_asleep(self) -> bool:
        """Whether it waits for a change, and for no read."""
        return self._tell is not None and self._reading is None

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

    async def wait(self, is_done: IsDone, seen: Seen | None = None, *, known: Seen | None = None) -> Seen:
        """What begin() tells. Raises the error that it tells."""
        told: Future[Seen] = asyncio.get_running_loop().create_future()

        def tell(found: Seen | Exception) -> None:
            if told.done():
                return
            if isinstance(found, Exception):
                told.set_exception(found)
            else:
                told.set_result(found)

        self.begin(is_done, tell, seen, known=known)
        return await told

    def begin(
        self, is_done: IsDone, tell: Tell, seen: Seen | None = None, *, known: Seen | None = None
    ) -> None:
        """Have the booking told, once: when it `is_done`, or as it is when the time is over.

        `seen` is how the caller knows it, from after the poll was entered; `known` from before. While it
        cannot be read it is that; without either BookingNotFoundError, UnavailableError or TimeoutError is
        told.
        """
        self._is_done, self._tell, self._known = is_done, tell, seen or known
        if seen is None:
            self._read()
        else:
            self._judge(seen)

    def end(self) -> None:
        """Tell nothing any more."""
        self._tell = self._reading = self._known = None
        self._turn = 0

    def _finish(self, found: Seen | Exception) -> None:
        tell = self._tell
        self.end()
        if tell is not None:
            tell(found)

    def wake(self, announced: Seen | None) -> None:
        """The booking has changed, to what is announced, or to what has to be read."""
        self._is_changed, self._announced = True, announced
        if self.is_asleep:
            self._take_in()

    def give_up(self) -> None:
        """Have it be over: its client is gone."""
        self._deadline = 0
        self.wake(None)

    def ring(self, turn: int) -> None:
        """The time has come to look again, unless that was put off since."""
        if turn != self._turn:
            return
        if self._reading is None:
            self._read()
        elif self._find_left() > -self._polls.limits.last_read_seconds:
            self._set_timer()
        else:
            self._finish(self._known or TimeoutError())

    def _find_left(self) -> float:
        return self._deadline - time.monotonic()

    def _set_timer(self) -> None:
        limits, left = self._polls.limits, self._find_left()
        due = min(left, limits.look_again_seconds) if left > 0 else limits.last_read_seconds
        self._turn = self._polls.turns.take(self, due)

    def _judge(self, seen: Seen) -> None:
        """Tell how it is, or wait on."""
        if self._find_left() <= 0 or self._polls.is_ending or self._is_done(seen):
            self._finish(seen)
        elif self._is_changed:
            # A change that was announced during the read is not waited for again.
            self._take_in()
        else:
            self._set_timer()

    def _take_in(self) -> None:
        """What is announced where that is newer; a read where only its change is."""
        announced = self._announced
        self._is_changed, self._announced = False, None
        if announced is None or self._known is None:
            self._read()
            return
        if announced.updated_at > self._known.updated_at:
            self._known = announced
        self._judge(self._known)

    def _read(self) -> None:
        with tracing.within(self._span):
            self._reading = asyncio.ensure_future(self._polls.ask(self.booking_id))
        # A read that does not end must not hold the answer up.
        self._set_timer()
        self._reading.add_done_callback(self._take)

    def _take(self, read: Future[Booking | None]) -> None:
        if read.cancelled():
            return
        # A late read's error is looked at too: asyncio logs those that are not.
        read.exception()
        if read is not self._reading:
            return
        self._reading = None
        try:
            self._known = self._compare(require(read.result(), self.booking_id))
        except Exception as error:
            if self._known is None or not isinstance(error, UnavailableError | TimeoutError):
                self._finish(error)
                return
        self._judge(self._known)

    def _compare(self, booking: Booking) -> Seen:
        found, known = Seen.of(booking), self._known
        # A booking that has not changed is likely to stay so for a while: it is kept as its document.
        is_same = known and (found.updated_at, found.wants) == (known.updated_at, known.wants)
        return known.pack() if known and is_same else found


def require(booking: Booking | None, booking_id: UUID) -> Booking:
    """The booking that was read. Raises BookingNotFoundError where there is none."""
    if booking is None:
        raise BookingNotFoundError(booking_id)
    return booking
