"""Long polls: a request that waits for a booking to change, woken through Redis, or by looking again."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from uuid import UUID

from core.bookings.service import get_booking
from core.bookings.views import Booking
from core.infra.db import primary
from core.infra.pubsub import BOOKINGS_CHANNEL, Listener, get_listener
from core.infra.redis import try_redis
from core.infra.singletons import make_once

ID_BYTES = 16
# Redis wakes a waiting request at once; this is how soon it looks by itself where Redis does not.
LOOK_AGAIN_SECONDS = 1.0
# Each occupies a thread of the web process, asleep, and reads its booking again every second.
MAX_WAITING = 200

_ending = threading.Event()


def end_waits() -> None:
    """Have whoever waits answered within LOOK_AGAIN_SECONDS: this process is about to stop."""
    _ending.set()


def announce_changes(booking_ids: Iterable[UUID]) -> None:
    """After the commit: wake whoever waits for these bookings."""
    message = b"".join(id_.bytes for id_ in booking_ids)
    if message:
        try_redis(lambda redis: redis.publish(BOOKINGS_CHANNEL, message), default=None)


def await_booking(
    booking_id: UUID,
    *,
    seconds: float,
    is_done: Callable[[Booking], bool],
    rest: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Booking:
    """The booking once `is_done`, or after `seconds` as it then is. Raises BookingNotFoundError.

    It waits within `rest()`: what others could use meanwhile is given up there, and taken again.
    Answers early where as many requests as may are waiting already, and where the process is to stop.
    """
    with get_waiting().register(booking_id) as changed:
        deadline = time.monotonic() + (seconds if changed else 0)
        while True:
            # Registered first, read afterwards: a change in between is either read or wakes us.
            with primary() as connection:
                booking = get_booking(connection, booking_id)
            remaining = deadline - time.monotonic()
            if changed is None or remaining <= 0 or _ending.is_set() or is_done(booking):
                return booking
            with rest():
                changed.wait(min(remaining, LOOK_AGAIN_SECONDS))
            changed.clear()


class Waiting:
    """The requests of this process that wait, and what wakes them."""

    def __init__(self, listener: Listener) -> None:
        self._events: dict[bytes, set[threading.Event]] = defaultdict(set)
        self._count = 0
        self._lock = threading.Lock()
        listener.register(BOOKINGS_CHANNEL, self._wake)

    @contextmanager
    def register(self, booking_id: UUID) -> Iterator[threading.Event | None]:
        """An event that is set when the booking changes; None where too many are waiting."""
        changed = self._enter(booking_id)
        try:
            yield changed
        finally:
            if changed is not None:
                self._forget(booking_id, changed)

    def _enter(self, booking_id: UUID) -> threading.Event | None:
        with self._lock:
            if self._count >= MAX_WAITING:
                return None
            self._count += 1
            changed = threading.Event()
            self._events[booking_id.bytes].add(changed)
            return changed

    def _forget(self, booking_id: UUID, changed: threading.Event) -> None:
        with self._lock:
            self._count -= 1
            waiting = self._events[booking_id.bytes]
            waiting.discard(changed)
            if not waiting:
                del self._events[booking_id.bytes]

    def _wake(self, message: bytes) -> None:
        with self._lock:
            for start in range(0, len(message) - ID_BYTES + 1, ID_BYTES):
                for changed in self._events.get(message[start : start + ID_BYTES], ()):
                    changed.set()


@make_once
def get_waiting() -> Waiting:
    """This process's, made with the first request that waits (so after any fork)."""
    return Waiting(get_listener())
