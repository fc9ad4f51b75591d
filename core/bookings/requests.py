"""What clients ask for: new bookings, and what is to be done with those there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from core.bookings.idempotency import Key
from core.bookings.rules import Action
from core.errors import SeatlineError
from core.infra.ids import read_slot
from core.infra.slots import to_slot


class Origin(NamedTuple):
    """Which request it was, by its X-Request-ID, and whose: a principal's with a role, else a client's."""

    request_id: str | None = None
    client: str | None = None
    principal: str | None = None
    # The request's traceparent, where it is sampled.
    trace: str | None = None

    @property
    def by(self) -> str | None:
        """Whose it is, in a word."""
        return self.principal or self.client


NOT_KNOWN = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBooking:
    """What is asked for: these seats, or `quantity` of the best (of a section).

    `client` is whom the seats that it holds count against; None where its credential has a role: then it is
    `booked_by` that principal. The request's id is its client's own text, and only ever shown.
    """

    show_id: int
    seats: tuple[str, ...] = ()
    quantity: int | None = None
    section: str | None = None
    hold: bool = False
    customer: str | None = None
    client: str | None = None
    booked_by: str | None = None
    request_id: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A client's request for bookings of one show, all or none, with its refusals from memory.

    `ids` and `amounts` are those of its bookings to be; nobody knows the ids before they are accepted.
    """

    news: Sequence[NewBooking]
    refusals: Sequence[SeatlineError | None]
    ids: Sequence[UUID]
    amounts: Sequence[int | None]
    key: Key | None = None
    is_batch: bool = False

    @property
    def show_id(self) -> int:
        """The show of its bookings; a batch that names several is refused."""
        return self.news[0].show_id

    @property
    def slot(self) -> int:
        """The slot of its bookings and its key."""
        return to_slot(self.show_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a booking; `at_any_time` also after its show's cancel_until."""

    booking_id: UUID
    action: Action
    key: Key | None = None
    at_any_time: bool = False
    origin: Origin = NOT_KNOWN

    @property
    def slot(self) -> int:
        """The slot that the booking's id tells."""
        return read_slot(self.booking_id)
