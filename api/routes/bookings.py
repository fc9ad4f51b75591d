"""Bookings: ask for seats, see what became of it, confirm, extend, cancel."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from uuid import UUID

from flask import Blueprint, Response, request

from api.contract import operation
from api.errors import MalformedJsonError, PayloadTooLargeError, RateLimitedError, UnsupportedMediaTypeError
from api.gate.credentials import is_admin
from api.paging import decode_cursor, encode_cursor, refuse_cursor
from api.parsing import KIB, parse_booking_id
from api.responses import NO_STORE, make_tag, respond, respond_json, tag
from api.schemas import bookings as schemas
from api.schemas.types import EmptyBody
from core.bookings import errors, service
from core.bookings.accepting import accept_batch, accept_booking
from core.bookings.idempotency import Key
from core.bookings.long_poll import announce_changes, await_booking
from core.bookings.views import Booking
from core.errors import InvalidRequestError, UnavailableError
from core.infra.db import primary, replica, retry_conflicts, transaction
from core.infra.jobs import nudge
from core.infra.json import to_json
from core.seats.errors import DuplicateSeatsError, TooManySeatsError, UnknownSeatsError
from core.shows.errors import SalesClosedError, SalesNotOpenError, ShowCancelledError, ShowNotFoundError

blueprint = Blueprint("bookings", __name__)
TAG, ADMIN_TAG = "Bookings", "Admin: bookings"
BATCH_LIMIT = 256 * KIB
# Where the WSGI environment has what a request gives up while it waits (api/server/app.py).
REST = "seatline.rest"
# Settling takes milliseconds; a second spares the server most polls, and `?wait=` all of them.
RETRY_AFTER = "1"
LOOK_AGAIN = {"Retry-After": "at 202: seconds until a look is worth it"}

BODY_ERRORS = [
    MalformedJsonError,
    UnsupportedMediaTypeError,
    PayloadTooLargeError,
    InvalidRequestError,
    RateLimitedError,
    UnavailableError,
    errors.IdempotencyKeyReusedError,
]
ACTION_ERRORS = [*BODY_ERRORS, errors.BookingNotFoundError, errors.AlreadySettledError]
HOLD_ERRORS = [*ACTION_ERRORS, errors.NotHeldError, errors.HoldExpiredError, ShowCancelledError]


@blueprint.post("/bookings")
@operation(
    summary="Ask for seats",
    description="Answers at once with a PENDING booking, which is on disk and will be settled.",
    tag=TAG,
    body=schemas.BookingRequest,
    takes_key=True,
    headers={**LOOK_AGAIN, "Location": "where the booking is"},
    returns={202: schemas.BookingAnswer},
    errors=[
        *BODY_ERRORS,
        ShowNotFoundError,
        ShowCancelledError,
        SalesNotOpenError,
        SalesClosedError,
        UnknownSeatsError,
        DuplicateSeatsError,
        TooManySeatsError,
        errors.HoldRequiredError,
    ],
)
def create_booking(body: schemas.BookingRequest, key: Key | None) -> Response:
    """A booking, PENDING."""
    accepted = accept_booking(body.to_new(), key)
    response = _respond_booking(accepted.bookings[0], status=202, is_replay=accepted.is_replay)
    response.headers["Location"] = f"/bookings/{accepted.bookings[0].id}"
    return response


@blueprint.post("/bookings/batch")
@operation(
    summary="Ask for several bookings, all accepted or none",
    tag=TAG,
    body=schemas.BatchRequest,
    body_limit=BATCH_LIMIT,
    takes_key=True,
    headers=LOOK_AGAIN,
    returns={202: schemas.BatchAnswer},
    errors=BODY_ERRORS,
)
def create_bookings(body: schemas.BatchRequest, key: Key | None) -> Response:
    """The bookings, PENDING, in the order asked."""
    accepted = accept_batch([item.to_new() for item in body.bookings], key)
    document = {"bookings": [booking.to_document() for booking in accepted.bookings]}
    return _mark_replay(respond(document, status=202, Retry_After=RETRY_AFTER), is_replay=accepted.is_replay)


@blueprint.get("/bookings/<booking_id>")
@operation(
    summary="Read a booking, or wait for it",
    description="With wait, answers once nothing is left to be done for it; with If-None-Match, once it has "
    "changed.",
    tag=TAG,
    query=schemas.WaitQuery,
    returns={200: schemas.BookingAnswer},
    errors=[errors.BookingNotFoundError, InvalidRequestError, UnavailableError],
    has_tag=True,
)
def get_booking(booking_id: UUID, query: schemas.WaitQuery) -> Response:
    """A booking as it is now, or once it has changed."""
    known = request.if_none_match

    def is_done(booking: Booking) -> bool:
        if known:
            return not known.contains_weak(_tag(booking))
        return booking.wants is None

    if query.wait:
        rest = request.environ.get(REST, nullcontext)
        booking = await_booking(booking_id, seconds=query.wait, is_done=is_done, rest=rest)
    else:
        with primary() as connection:
            booking = service.get_booking(connection, booking_id)
    return tag(_respond_booking(booking, status=200), _tag(booking))


@blueprint.get("/bookings")
@operation(
    summary="Read several bookings by their ids",
    tag=TAG,
    query=schemas.IdsQuery,
    returns={200: schemas.BookingList},
    errors=[InvalidRequestError, UnavailableError],
)
def get_bookings(query: schemas.IdsQuery) -> Response:
    """The bookings that exist, in the order asked."""
    texts = query.ids.split(",")
    if len(texts) > schemas.MAX_IDS:
        raise InvalidRequestError(f"At most {schemas.MAX_IDS} ids at a time.", pointer="/ids")
    ids = [id_ for text in texts if (id_ := _parse_known_id(text)) is not None]
    with primary() as connection:
        bookings = service.get_bookings(connection, ids)
    return respond({"items": [booking.to_document() for booking in bookings]})


def _parse_known_id(text: str) -> UUID | None:
    # An id that cannot be one does not exist, and is left out like any other that does not.
    try:
        return parse_booking_id(text.strip())
    except errors.BookingNotFoundError:
        return None


@blueprint.post("/bookings/<booking_id>/confirm")
@operation(
    summary="Confirm a hold",
    tag=TAG,
    body=EmptyBody,
    takes_key=True,
    headers=LOOK_AGAIN,
    returns={202: schemas.BookingAnswer, 200: schemas.BookingAnswer},
    errors=[*HOLD_ERRORS, errors.PaymentRequiredError],
)
def confirm_booking(booking_id: UUID, body: EmptyBody, key: Key | None) -> Response:
    """The booking; accepted in time, its confirm wins over expiry."""
    return _act(service.confirm_booking, booking_id, key)


@blueprint.post("/bookings/<booking_id>/extend")
@operation(
    summary="Extend a hold",
    description="By the show's hold_seconds, to at most 15 minutes after the seats were first held.",
    tag=TAG,
    body=EmptyBody,
    takes_key=True,
    returns={200: schemas.BookingAnswer},
    errors=HOLD_ERRORS,
)
def extend_booking(booking_id: UUID, body: EmptyBody, key: Key | None) -> Response:
    """The booking with the new end of its hold."""
    return _act(service.extend_booking, booking_id, key)


@blueprint.post("/bookings/<booking_id>/cancel")
@operation(
    summary="Cancel a booking",
    description="A CONFIRMED one until the show's cancel_until; with the admin key at any time.",
    tag=TAG,
    body=EmptyBody,
    takes_key=True,
    headers=LOOK_AGAIN,
    returns={202: schemas.BookingAnswer, 200: schemas.BookingAnswer},
    errors=[*ACTION_ERRORS, errors.NotCancellableError],
)
def cancel_booking(booking_id: UUID, body: EmptyBody, key: Key | None) -> Response:
    """The booking; a worker releases its seats."""
    return _act(partial(service.cancel_booking, at_any_time=is_admin()), booking_id, key)


@blueprint.get("/admin/bookings")
@operation(
    summary="List bookings, newest first",
    tag=ADMIN_TAG,
    query=schemas.BookingsQuery,
    returns={200: schemas.BookingPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_bookings(query: schemas.BookingsQuery) -> Response:
    """A page of bookings."""
    after = parse_cursor_id(query.cursor) if query.cursor is not None else None
    which = service.BookingFilter(
        show_id=query.show_id, status=query.status, customer=query.customer, after=after, limit=query.limit
    )
    with replica() as connection:
        found = service.list_bookings(connection, which)
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
    summary="Every change of a booking, when and why",
    tag=ADMIN_TAG,
    returns={200: schemas.History},
    errors=[errors.BookingNotFoundError, UnavailableError],
)
def explain_booking(booking_id: UUID) -> Response:
    """The booking's changes, oldest first."""
    with replica() as connection:
        changes = service.explain_booking(connection, booking_id)
    return respond({"booking_id": booking_id, "items": changes})


def _act(action: Callable[..., service.Acted], booking_id: UUID, key: Key | None) -> Response:
    def run() -> service.Acted:
        with transaction() as connection:
            return action(connection, booking_id, key)

    acted = retry_conflicts(run)
    if acted.is_waiting:
        nudge(acted.booking.show_id)
    announce_changes([booking_id])
    status = 202 if acted.is_waiting and action is not service.extend_booking else 200
    return _respond_booking(acted.booking, status=status, is_replay=acted.is_replay)


def _respond_booking(booking: Booking, *, status: int, is_replay: bool = False) -> Response:
    response = respond_json(to_json(booking.to_document()), status=status, cache=NO_STORE)
    if status == 202:
        response.headers["Retry-After"] = RETRY_AFTER
    return _mark_replay(response, is_replay=is_replay)


def _mark_replay(response: Response, *, is_replay: bool) -> Response:
    if is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _tag(booking: Booking) -> str:
    return make_tag(to_json(booking.to_document()))
