"""What is told of bookings to those who run the service: one, lists of them, and whose a ticket is."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.engine import Connection

from core.bookings import archive_queries, queries
from core.bookings.errors import BookingNotFoundError, TicketNotFoundError
from core.bookings.states import BookingStatus
from core.bookings.tickets import Ticket
from core.bookings.views import Booking
from core.errors import InvalidRequestError
from core.shows.catalogue import get_entry
from core.shows.errors import ShowNotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFilter:
    """Which bookings to list, newest first; `after` is the last one seen."""

    show_id: int | None = None
    status: str | None = None
    customer: str | None = None
    seat: str | None = None
    failure: str | None = None
    after: UUID | None = None
    limit: int = 50


def get_booking(connection: Connection, booking_id: UUID) -> Booking:
    """A booking as it is now. Raises BookingNotFoundError."""
    for select in (queries.SELECT_BOOKINGS, archive_queries.SELECT_ARCHIVED):
        if found := select.run(connection, [booking_id]):
            return found[booking_id]
    raise BookingNotFoundError(booking_id)


def find_ticket(connection: Connection, ticket: Ticket) -> Booking:
    """The CONFIRMED booking with this ticket code. Raises TicketNotFoundError, with the reason."""
    minted = queries.select_ids_between(connection, ticket.slot, first=ticket.first_id, last=ticket.last_id)
    booking_id = next(filter(ticket.is_of, minted), None)
    if booking_id is None:
        raise TicketNotFoundError("No booking has this ticket code.")
    booking = get_booking(connection, booking_id)
    if booking.status == BookingStatus.CANCELLED:
        raise TicketNotFoundError(f"This ticket is void: its booking, {booking_id}, was cancelled.")
    if booking.ticket_code is None:
        raise TicketNotFoundError(f"This is no ticket: its booking, {booking_id}, is {booking.status}.")
    return booking


def check_seat(show_id: int, seat: str) -> None:
    """Raises InvalidRequestError where the show has no such seat. Call it with no connection in hand."""
    try:
        is_there = get_entry(show_id).hall.price_of(seat) is not None
    except ShowNotFoundError:
        is_there = False
    if not is_there:
        raise InvalidRequestError(f"The show has no seat {seat!r}.", pointer="/seat")


def list_bookings(connection: Connection, which: BookingFilter) -> list[Booking]:
    """A page of bookings, newest first, and the first of the next page where there is one."""
    return queries.select_page(
        connection,
        show_id=which.show_id,
        status=which.status,
        customer=which.customer,
        seat=which.seat,
        failure=which.failure,
        after=which.after,
        limit=which.limit + 1,
    )
