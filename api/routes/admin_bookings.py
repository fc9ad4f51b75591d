"""Bookings as operators see them: listed, each with its history, and by the ticket shown at the door."""

from uuid import UUID

from flask import Blueprint

from api.contract import operation
from api.paging import decode_cursor, encode_cursor, refuse_cursor
from api.parsing import parse_booking_id
from api.responses import Answer, respond
from api.schemas import bookings as schemas
from core.access.principals import Role
from core.bookings import errors, history, service
from core.bookings.tickets import Ticket
from core.errors import InvalidRequestError, UnavailableError
from core.infra import replicas
from core.infra.db import primary

blueprint = Blueprint("admin_bookings", __name__)
TAG = "Admin: bookings"


@blueprint.get("/admin/bookings")
@operation(
    role=Role.BOX_OFFICE,
    summary="List bookings, newest first",
    description="Those that meet all filters. With `seat` and `status=CONFIRMED` it is who sits"
    " there, with `failure=seats_unavailable` who came too late. A seat that the show does not have is 422."
    " Bookings in the archive are not listed.",
    tag=TAG,
    query=schemas.BookingsQuery,
    returns={200: schemas.BookingPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_bookings(query: schemas.BookingsQuery) -> Answer:
    """A page of bookings."""
    after = parse_cursor_id(query.cursor) if query.cursor is not None else None
    if query.show_id is not None and query.seat is not None:
        service.check_seat(query.show_id, query.seat)
    which = service.BookingFilter(
        show_id=query.show_id,
        status=query.status,
        customer=query.customer,
        seat=query.seat,
        failure=query.failure,
        after=after,
        limit=query.limit,
    )
    found = replicas.read(lambda connection: service.list_bookings(connection, which))
    page = found[: query.limit]
    following = encode_cursor(page[-1].id) if len(found) > query.limit else None
    return respond({"items": [booking.to_document() for booking in page], "next": following})


def parse_cursor_id(cursor: str) -> UUID:
    """The booking id that a cursor stands for. Raises InvalidRequestError."""
    try:
        return parse_booking_id(decode_cursor(cursor, str)[0])
    except errors.BookingNotFoundError as error:
        raise refuse_cursor() from error


@blueprint.get("/admin/bookings/<booking_id>/history")
@operation(
    role=Role.BOX_OFFICE,
    summary="Every change of a booking: when, why, and by whose request",
    tag=TAG,
    returns={200: schemas.BookingHistory},
    errors=[errors.BookingNotFoundError, UnavailableError],
)
def explain_booking(booking_id: UUID) -> Answer:
    """The booking's changes, oldest first."""
    with primary() as connection:
        changes = history.explain_booking(connection, booking_id)
    return respond({"booking_id": booking_id, "items": changes})


@blueprint.get("/admin/tickets/<ticket_code>")
@operation(
    role=Role.BOX_OFFICE,
    summary="The booking that a ticket is for",
    description="For the door. The code is taken as people type it: in any case, with or without hyphens and"
    " spaces, O for 0, I and L for 1. 404 where no CONFIRMED booking has it; `detail` tells where one had it"
    " that was cancelled. Archived bookings are found as well.",
    tag=TAG,
    returns={200: schemas.BookingAnswer},
    errors=[errors.TicketNotFoundError, UnavailableError],
)
def get_ticket(ticket_code: Ticket) -> Answer:
    """The booking, as it is now."""
    with primary() as connection:
        booking = service.find_ticket(connection, ticket_code)
    return respond(booking.to_document())
