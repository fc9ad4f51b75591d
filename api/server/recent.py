"""Bookings that this process accepted a moment ago: a long poll of one begins without reading it."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from api.server.poll import Seen

# Bookings accepted in one second of a rush; a long poll of any other reads its booking.
BOOKINGS_KEPT = 10_000


class Recent:
    """Bookings as they were accepted, each until its change is announced, or for `seconds`.

    An announcement may be lost: a booking from here is waited for, and never an answer. A dict in place of
    cachetools' TTLCache, which takes 3.6 µs a booking, where this takes 0.2: every POST passes it.
    """

    def __init__(self, seconds: float, *, at_most: int = BOOKINGS_KEPT) -> None:
        self._seconds, self._at_most = seconds, at_most
        # When each expires, and the booking (None until its commit), in order of arrival.
        self._bookings: dict[bytes, tuple[float, Seen | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._bookings)

    def expect(self, booking_ids: Iterable[UUID]) -> None:
        """Keep bookings with these ids, about to be committed: a change announced from now on counts."""
        self.drop_old()
        now = time.monotonic()
        for booking_id in booking_ids:
            self._bookings[booking_id.bytes] = now + self._seconds, None

    def add(self, booking_ids: Iterable[UUID], seen: Iterable["Seen"]) -> None:
        """Keep these bookings as committed, but for those whose change was announced already."""
        for booking_id, each in zip(booking_ids, seen, strict=True):
            if entry := self._bookings.get(booking_id.bytes):
                self._bookings[booking_id.bytes] = entry[0], each

    def find(self, booking_id: UUID) -> "Seen | None":
        """The booking as it was accepted; None where it was not accepted here, has changed or expired."""
        expires_at, seen = self._bookings.get(booking_id.bytes, (0.0, None))
        return seen if expires_at > time.monotonic() else None

    def forget(self, id_: bytes) -> None:
        """Drop a booking that has changed."""
        self._bookings.pop(id_, None)

    def drop_old(self) -> None:
        """Drop the bookings that have expired, and the oldest of too many."""
        now = time.monotonic()
        while self._bookings:
            first = next(iter(self._bookings))
            if self._bookings[first][0] > now and len(self._bookings) < self._at_most:
                return
            del self._bookings[first]
