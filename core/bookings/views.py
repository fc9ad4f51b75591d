"""A booking as the world sees it: in answers, in events, in its history."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Result

from core.bookings.states import BookingStatus
from core.bookings.tickets import make_code
from core.infra.slots import to_slot


class Booking(NamedTuple):
    """A booking with everything that answers and rules need of it. `amount` in minor units.

    No document has `client`, which is private, or `trace`, which is for the operator.

    A named tuple, since settling reads one and changes one for each booking of a rush: a frozen dataclass
    takes several times as long for both.
    """

    id: uuid.UUID
    show_id: int
    seats: Sequence[str]
    status: str
    wants: str | None
    hold: bool
    held_at: datetime | None
    hold_expires_at: datetime | None
    failure_code: str | None
    failure_seats: Sequence[str] | None
    quantity: int | None
    section: str | None
    customer: str | None
    client: str | None
    amount: int | None
    currency: str
    payment: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime
    # The traceparent of the last request for it, where that is sampled.
    trace: str | None = None

    @property
    def is_held(self) -> bool:
        """Whether its seats are held for it now, waiting for a confirm."""
        return self.hold_expires_at is not None

    @property
    def ticket_code(self) -> str | None:
        """What is shown at the door for it; None unless it is CONFIRMED."""
        # Of the show's slot: ids that were minted before they told theirs have none.
        return make_code(self.id, to_slot(self.show_id)) if self.status == BookingStatus.CONFIRMED else None

    def to_document(self) -> dict[str, Any]:
        """The booking as JSON has it; `quantity` and `section` only where it asked for a quantity."""
        document: dict[str, Any] = {
            "id": str(self.id),
            "show_id": self.show_id,
            "seats": list(self.seats),
            "status": self.status,
            "hold": self.hold,
            "held": self.is_held,
            "hold_expires_at": self.hold_expires_at,
            "wants": self.wants,
            "failure": self._describe_failure(),
            "customer": self.customer,
            "ticket_code": self.ticket_code,
            "amount": self.amount,
            "currency": self.currency,
            "payment": self.payment,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        if self.quantity is not None:
            document |= {"quantity": self.quantity, "section": self.section}
        return document

    def _describe_failure(self) -> dict[str, Any] | None:
        if self.status != BookingStatus.FAILED:
            return None
        return {"code": self.failure_code, "seats": list(self.failure_seats or ())}


# What a statement selects, or returns, whose rows become bookings.
COLUMNS = ", ".join(Booking._fields)


def read_bookings(found: Result[Any]) -> list[Booking]:
    """The bookings of rows of exactly these columns."""
    # All at once: to fetch one after the other takes as long again as to read them.
    return [Booking._make(row) for row in found.all()]


def read_by_id(rows: Iterable[Sequence[Any]]) -> dict[uuid.UUID, Booking]:
    """The bookings of rows of exactly these columns, by their ids."""
    return {booking.id: booking for booking in map(Booking._make, rows)}
