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
from core.seats.queries import Move
from core.seats.states import SeatStatus


@dataclass(slots=True)
class Changes:
    """The decisions of one batch, made at `now` by the database's clock."""

    now: datetime
    # By seat: one that is given back and taken in the same batch moves once, from the one to the other.
    moves: dict[str, Move] = field(default_factory=dict)
    # How many moves that is: more than there are seats in `moves` where two bookings claim to have one.
    moves_decided: int = 0
    # Seats that were given back and can be taken, and by which booking.
    released: dict[str, UUID] = field(default_factory=dict)
    # How many seats each client held before this batch, and holds unconfirmed no more.
    unheld: Counter[str | None] = field(default_factory=Counter)
    settled: list[Booking] = field(default_factory=list)
    # Of those the ones that stay what they were, of which nothing is told: paid too late, their seats gone.
    unchanged: set[UUID] = field(default_factory=set)
    # How each status's number of seats moves.
    counts: Counter[SeatStatus] = field(default_factory=Counter)

    @property
    def has_seats(self) -> bool:
        """Whether any seat changes, and so the version of the map."""
        return bool(self.moves or self.released)

    def release(self, booking: Booking, status: BookingStatus, failure: FailureCode | None = None) -> None:
        """End a booking and give back what it has."""
        if booking.is_held:
            self._release(booking, SeatStatus.HELD)
            self.unheld[booking.client] += len(booking.seats)
        elif booking.status == BookingStatus.CONFIRMED:
            self._release(booking, SeatStatus.BOOKED)
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
            self.released[seat] = booking.id
            self._count(1, source, SeatStatus.AVAILABLE)
        self._settle(booking, status=status, hold_expires_at=None, failure_code=failure)

    def confirm(self, booking: Booking) -> None:
        """Make a hold a sale."""
        for seat in booking.seats:
            self._move(seat, Move(SeatStatus.HELD, booking.id, SeatStatus.BOOKED, booking.id))
        self._count(len(booking.seats), SeatStatus.HELD, SeatStatus.BOOKED)
        self.unheld[booking.client] += len(booking.seats)
        self._settle(booking, status=BookingStatus.CONFIRMED, hold_expires_at=None)

    def award(self, booking: Booking, award: Award, *, hold_seconds: int) -> None:
        """Do as the award says: fail the booking, or hold or book its seats."""
        if booking.status == BookingStatus.FAILED:
            self._award_late(booking, award)
        elif award.failure:
            self._settle(
                booking,
                status=BookingStatus.FAILED,
                failure_code=award.failure,
                failure_seats=award.missing,
            )
        else:
            self._take_award(booking, award, hold_seconds=hold_seconds)

    def stay_failed(self, booking: Booking) -> None:
        """Leave a booking that was paid too late FAILED."""
        self.unchanged.add(booking.id)
        self._settle(booking)

    def _award_late(self, booking: Booking, award: Award) -> None:
        if award.failure:
            self.stay_failed(booking)
            return
        self._take(booking, award.seats, SeatStatus.BOOKED)
        self._settle(booking, status=BookingStatus.CONFIRMED, failure_code=None, failure_seats=None)

    def _take_award(self, booking: Booking, award: Award, *, hold_seconds: int) -> None:
        seats, amount = award.seats, booking.amount if award.amount is None else award.amount
        if booking.hold:
            self._take(booking, seats, SeatStatus.HELD)
            expires_at = self.now + timedelta(seconds=hold_seconds)
            self._settle(booking, seats=seats, amount=amount, held_at=self.now, hold_expires_at=expires_at)
        else:
            self._take(booking, seats, SeatStatus.BOOKED)
            self._settle(booking, seats=seats, amount=amount, status=BookingStatus.CONFIRMED)

    def _release(self, booking: Booking, source: SeatStatus) -> None:
        for seat in booking.seats:
            self._move(seat, Move(source, booking.id, SeatStatus.AVAILABLE, None))
            self.released[seat] = booking.id
        self._count(len(booking.seats), source, SeatStatus.AVAILABLE)

    def _take(self, booking: Booking, seats: Sequence[str], target: SeatStatus) -> None:
        for seat in seats:
            given_back = self.moves.get(seat)
            if given_back and given_back.target == SeatStatus.AVAILABLE:
                self.moves[seat] = given_back._replace(target=target, taker=booking.id)
            else:
                self._move(seat, Move(SeatStatus.AVAILABLE, None, target, booking.id))
        self._count(len(seats), SeatStatus.AVAILABLE, target)

    def _move(self, seat: str, move: Move) -> None:
        self.moves[seat] = move
        self.moves_decided += 1

    def _count(self, number: int, source: SeatStatus, target: SeatStatus) -> None:
        self.counts[source] -= number
        self.counts[target] += number

    def _settle(self, booking: Booking, **changes: Any) -> None:
        # A hold that expired was locked after the clock was read, and may have changed in between.
        at = max(self.now, booking.updated_at)
        self.settled.append(booking._replace(wants=None, updated_at=at, **changes))


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
