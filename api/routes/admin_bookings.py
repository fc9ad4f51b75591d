"""Bookings as operators see them: listed, and each with its history."""

from uuid import UUID

from flask import Blueprint

from api.contract import operation
from api.paging import decode_cursor, encode_cursor, refuse_cursor
from api.parsing import parse_booking_id
from api.responses import Answer, respond
from api.schemas import bookings as schemas
from core.access.principals import Role
from core.bookings import errors, service
from core.errors import InvalidRequestError, UnavailableError
from core.infra import replicas
from core.infra.db import primary

blueprint = Blueprint("admin_bookings", __name__)
TAG = "Admin: bookings"


@blueprint.get("/admin/bookings")
@operation(
    role=Role.BOX_OFFICE,
    summary="List bookings, newest first",
    tag=TAG,
    query=schemas.BookingsQuery,
    returns={200: schemas.BookingPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_bookings(query: schemas.BookingsQuery) -> Answer:
    """A page of bookings."""
    after = parse_cursor_id(query.cursor) if query.cursor is not None else None
    which = service.BookingFilter(
        show_id=query.show_id, status=query.status, customer=query.customer, after=after, limit=query.limit
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
    summary="Every change of a booking, when and why",
    tag=TAG,
    returns={200: schemas.BookingHistory},
    errors=[errors.BookingNotFoundError, UnavailableError],
)
def explain_booking(booking_id: UUID) -> Answer:
    """The booking's changes, oldest first."""
    with primary() as connection:
        changes = service.explain_booking(connection, booking_id)
    return respond({"booking_id": booking_id, "items": changes})
