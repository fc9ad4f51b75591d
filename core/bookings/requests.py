"""What clients ask for: new bookings, and what is to be done with those there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.bookings.idempotency import Key
from core.bookings.rules import Action
from core.errors import SeatlineError


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBooking:
    """What is asked for: these seats, or `quantity` of the best (of a section)."""

    show_id: int
    seats: tuple[str, ...] = ()
    quantity: int | None = None
    section: str | None = None
    hold: bool = False
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for at once, all or none: with what memory refuses of it, and its bookings to be."""

    news: Sequence[NewBooking]
    refusals: Sequence[SeatlineError | None]
    items: Sequence[Mapping[str, Any]]
    is_batch: bool = False

    @property
    def ids(self) -> list[UUID]:
        """Its bookings' ids, which nobody knows before they are accepted."""
        return [item["id"] for item in self.items]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a booking; `at_any_time` also after its show's cancel_until."""

    booking_id: UUID
    action: Action
    key: Key | None = None
    at_any_time: bool = False
