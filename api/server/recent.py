"""Bookings that were accepted here a moment ago and have not changed: whoever waits for one needs no read."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from api.server.long_poll import Seen

# A second of a rush; what comes beyond is read.
BOOKINGS_KEPT = 10_000


class Recent:
    """Each as it was accepted, until its change is announced, or `seconds` later.

    An announcement may be lost: so a booking from here is waited for, and never an answer.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # In the order in which they came; None until it is known what came of it.
        self._bookings: dict[bytes, tuple[float, Seen | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._bookings)

    def expect(self, booking_ids: Iterable[UUID]) -> None:
        """Bookings with these ids are about to be accepted: their changes count from now on."""
        self.drop_old()
        now = time.monotonic()
        for booking_id in booking_ids:
            self._bookings[booking_id.bytes] = now + self._seconds, None

    def add(self, booking_ids: Iterable[UUID], seen: Iterable["Seen"]) -> None:
        """Those that were expected were accepted, and are so unless a change was announced already."""
        for booking_id, each in zip(booking_ids, seen, strict=True):
            if entry := self._bookings.get(booking_id.bytes):
                self._bookings[booking_id.bytes] = entry[0], each

    def find(self, booking_id: UUID) -> "Seen | None":
        """The booking as it was accepted; None where that is not known, or not true any more."""
        expires_at, seen = self._bookings.get(booking_id.bytes, (0.0, None))
        return seen if expires_at > time.monotonic() else None

    def forget(self, id_: bytes) -> None:
        """The booking has changed."""
        self._bookings.pop(id_, None)

    def drop_old(self) -> None:
        """Forget those whose time is over."""
        now = time.monotonic()
        while self._bookings:
            first = next(iter(self._bookings))
            if self._bookings[first][0] > now and len(self._bookings) < BOOKINGS_KEPT:
                return
            del self._bookings[first]
