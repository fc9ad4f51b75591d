"""What a batch is about to write: seats that change hands, and the bookings as they will be."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.bookings.rules import Award
from core.bookings.states import BookingStatus, FailureCode
from core.bookings.views import Booking
from core.seats.states import SeatStatus

Pair = tuple[str, UUID]


@dataclass(slots=True)
class Changes:
    """The decisions of one batch, made at `now` by the database's clock."""

    now: datetime
    released: list[Pair] = field(default_factory=list)
    confirmed: list[Pair] = field(default_factory=list)
    held: list[Pair] = field(default_factory=list)
    booked: list[Pair] = field(default_factory=list)
    settled: list[Booking] = field(default_factory=list)
    # How each status's number of seats moves.
    counts: Counter[SeatStatus] = field(default_factory=Counter)

    @property
    def has_seats(self) -> bool:
        """Whether any seat changes, and so the version of the map."""
        return bool(self.released or self.confirmed or self.held or self.booked)

    def release(self, booking: Booking, status: BookingStatus, failure: FailureCode | None = None) -> None:
        """End a booking and give back what it has."""
        if booking.is_held:
            self._move(
                self.released, booking, booking.seats, source=SeatStatus.HELD, target=SeatStatus.AVAILABLE
            )
        elif booking.status == BookingStatus.CONFIRMED:
            self._move(
                self.released, booking, booking.seats, source=SeatStatus.BOOKED, target=SeatStatus.AVAILABLE
            )
        self._settle(booking, status=status, hold_expires_at=None, failure_code=failure)

    def give_up(
        self,
        booking: Booking,
        status: BookingStatus,
        failure: FailureCode | None,
        *,
        freed: Iterable[tuple[str, SeatStatus]],
    ) -> None:
        """End a booking whose seats were freed as they were found, whatever the booking says of them."""
        for seat, source in freed:
            self.released.append((seat, booking.id))
            self.counts[source] -= 1
            self.counts[SeatStatus.AVAILABLE] += 1
        self._settle(booking, status=status, hold_expires_at=None, failure_code=failure)

    def confirm(self, booking: Booking) -> None:
        """Make a hold a sale."""
        self._move(self.confirmed, booking, booking.seats, source=SeatStatus.HELD, target=SeatStatus.BOOKED)
        self._settle(booking, status=BookingStatus.CONFIRMED, hold_expires_at=None)

    def award(self, booking: Booking, award: Award, *, hold_seconds: int) -> None:
        """Do as the award says: fail the booking, or hold or book its seats."""
        if award.failure:
            self._settle(
                booking,
                status=BookingStatus.FAILED,
                failure_code=award.failure,
                failure_seats=award.missing,
            )
            return
        seats, amount = award.seats, booking.amount if award.amount is None else award.amount
        if booking.hold:
            self._move(self.held, booking, seats, source=SeatStatus.AVAILABLE, target=SeatStatus.HELD)
            expires_at = self.now + timedelta(seconds=hold_seconds)
            self._settle(booking, seats=seats, amount=amount, held_at=self.now, hold_expires_at=expires_at)
        else:
            self._move(self.booked, booking, seats, source=SeatStatus.AVAILABLE, target=SeatStatus.BOOKED)
            self._settle(booking, seats=seats, amount=amount, status=BookingStatus.CONFIRMED)

    def _move(
        self,
        pairs: list[Pair],
        booking: Booking,
        seats: Sequence[str],
        *,
        source: SeatStatus,
        target: SeatStatus,
    ) -> None:
        pairs += [(seat, booking.id) for seat in seats]
        self.counts[source] -= len(seats)
        self.counts[target] += len(seats)

    def _settle(self, booking: Booking, **changes: Any) -> None:
        self.settled.append(booking._replace(wants=None, updated_at=self.now, **changes))


def to_outcomes(bookings: Iterable[Booking]) -> list[dict[str, Any]]:
    """The columns that settling writes, a dictionary a booking."""
    return [
        {
            "id": booking.id,
            "status": booking.status,
            "seats": booking.seats,
            "amount": booking.amount,
            "held_at": booking.held_at,
            "hold_expires_at": booking.hold_expires_at,
            "failure_code": booking.failure_code,
            "failure_seats": booking.failure_seats or None,
        }
        for booking in bookings
    ]
