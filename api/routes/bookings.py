"""Bookings: ask for seats, see what became of it, confirm, extend, cancel."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

from flask import Blueprint

from api.contract import Served, operation
from api.errors import BODY_ERRORS
from api.parsing import KIB, parse_booking_id
from api.preferences import read_wait
from api.request import Request
from api.responses import (
    NO_STORE,
    Answer,
    Representation,
    knows,
    make_tag,
    respond,
    respond_bytes,
    respond_tagged,
)
from api.schemas import bookings as schemas
from api.schemas.types import EmptyBody
from api.server.groups import Groups
from api.server.holding import Held
from api.server.poll import Seen, is_acquired, is_settled
from core.access.principals import Role
from core.bookings import errors
from core.bookings.accepting import prepare, prepare_batch
from core.bookings.acting import insist
from core.bookings.idempotency import Key
from core.bookings.requests import Asked
from core.bookings.requests import Request as Wish
from core.bookings.rules import Action
from core.errors import InvalidRequestError, UnavailableError
from core.infra.json import to_json
from core.seats.errors import DuplicateSeatsError, TooManySeatsError, UnknownSeatsError
from core.shows.catalogue import find_entry
from core.shows.errors import SalesClosedError, SalesNotOpenError, ShowCancelledError, ShowNotFoundError

blueprint = Blueprint("bookings", __name__)
TAG = "Bookings"
BATCH_LIMIT = 256 * KIB
# A batch counts as one request for every so many bookings begun.
BATCH_WEIGHS = 10
# Settling takes milliseconds; a second spares the server most polls, and `?wait=` all of them.
RETRY_AFTER = "1"
LOOK_AGAIN = {"Retry-After": "at 202: seconds until a look is worth it"}
HOLDS_BACK = (
    " With `Prefer: wait=S` (RFC 7240, whole seconds, at most 25) the answer is held back until it is known"
    " what became of it, or for S seconds."
)

ACTION_ERRORS = [*BODY_ERRORS, errors.BookingNotFoundError, errors.AlreadySettledError]
HOLD_ERRORS = [*ACTION_ERRORS, errors.NotHeldError, errors.HoldExpiredError, ShowCancelledError]


@blueprint.post("/bookings")
@operation(
    served=Served.LOOP,
    summary="Ask for seats",
    description="Answers at once with a PENDING booking, which is on disk and will be settled." + HOLDS_BACK,
    tag=TAG,
    body=schemas.BookingRequest,
    takes_key=True,
    waits=True,
    headers={**LOOK_AGAIN, "Location": "where the booking is"},
    returns={202: schemas.BookingAnswer, 201: schemas.BookingAnswer},
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
async def create_booking(
    request: Request, groups: Groups, body: schemas.BookingRequest, key: Key | None
) -> Answer:
    """A booking, PENDING; or, where the client preferred to wait, as settled."""
    wish = await _prepare(request, groups, body.show_id, partial(prepare, body.to_new(request.origin), key))
    answer, ids, documents = await _accept(request, groups, wish)
    answer.body = documents[0]
    answer.headers.append(("Location", f"/bookings/{ids[0]}"))
    return answer


@blueprint.post("/bookings/batch")
@operation(
    served=Served.LOOP,
    summary="Ask for several bookings, all accepted or none",
    description="All of one show." + HOLDS_BACK,
    tag=TAG,
    body=schemas.BatchRequest,
    body_limit=BATCH_LIMIT,
    weigh=lambda body: -(-len(body.bookings) // BATCH_WEIGHS),
    takes_key=True,
    waits=True,
    headers=LOOK_AGAIN,
    returns={202: schemas.BatchAnswer, 201: schemas.BatchAnswer},
    errors=BODY_ERRORS,
)
async def create_bookings(
    request: Request, groups: Groups, body: schemas.BatchRequest, key: Key | None
) -> Answer:
    """The bookings, PENDING, in the order asked; or, where the client preferred to wait, as settled."""
    news = [item.to_new(request.origin) for item in body.bookings]
    wish = await _prepare(request, groups, news[0].show_id, partial(prepare_batch, news, key))
    answer, _, documents = await _accept(request, groups, wish)
    answer.body = b'{"bookings":[' + b",".join(documents) + b"]}"
    return answer


async def _prepare(request: Request, groups: Groups, show_id: int, prepare_wish: Callable[[], Wish]) -> Wish:
    # Before the database is asked for anything, a key that was used included.
    groups.backlog.refuse_excess(show_id)
    # A show that this process has not seen yet is asked of the database; many seats take a while.
    is_quick = find_entry(show_id) and not request.is_large
    return prepare_wish() if is_quick else await groups.run_in_thread(prepare_wish)


async def _accept(request: Request, groups: Groups, wish: Wish) -> tuple[Answer, list[UUID], list[bytes]]:
    """The answer without its body, and the bookings' ids and documents."""
    seconds, began = read_wait(request), time.monotonic()
    request.hold_back(seconds)
    groups.polls.recent.expect(wish.ids)
    # Nobody else knows these ids before the answer: what is announced of them spares a read.
    with groups.enter(request, wish.ids, seconds) as polls:
        accepted = await groups.accept(wish)
        ids, seen = [booking.id for booking in accepted.bookings], list(map(Seen.of, accepted.bookings))
        groups.polls.recent.add(ids, seen)
        if seconds is not None and not accepted.is_replay:
            seen = [await poll.wait(is_acquired, known) for poll, known in zip(polls, seen, strict=True)]
    if seconds is not None and accepted.is_replay:
        left = max(0.0, began + seconds - time.monotonic())
        with groups.enter(request, ids, left) as polls:
            seen = [await poll.wait(is_acquired, known=each) for poll, each in zip(polls, seen, strict=True)]
    answer = _respond(201 if seconds is not None and all(map(is_acquired, seen)) else 202, seconds)
    answer.is_replay = accepted.is_replay
    return answer, ids, [each.body for each in seen]


def _respond(status: int, seconds: int | None, body: bytes = b"") -> Answer:
    answer = respond_bytes(body, status=status)
    if status == 202:
        answer.headers.append(("Retry-After", RETRY_AFTER))
    if seconds is not None:
        answer.headers.append(("Preference-Applied", f"wait={seconds}"))
    return answer


@blueprint.get("/bookings/<booking_id>")
@operation(
    served=Served.LOOP,
    summary="Read a booking, or wait for it",
    description="With wait, answers once nothing is left to be done for it; with If-None-Match, once it has "
    "changed.",
    tag=TAG,
    query=schemas.WaitQuery,
    returns={200: schemas.BookingAnswer},
    errors=[errors.BookingNotFoundError, InvalidRequestError, UnavailableError],
    has_tag=True,
)
async def get_booking(
    request: Request, groups: Groups, booking_id: UUID, query: schemas.WaitQuery
) -> Answer | Held:
    """A booking as it is now, or once it has changed."""
    if query.wait:
        request.hold_back(query.wait)
        is_done = is_settled if "if-none-match" not in request.headers else partial(_is_news, request)
        return Held(partial(groups.enter, request, [booking_id], query.wait), is_done, _tell)
    return _tell(request, to_json((await groups.polls.read(booking_id)).to_document()))


def _tell(request: Request, body: bytes) -> Answer:
    return respond_tagged(request, Representation(make_tag(body), NO_STORE, body))


def _is_news(request: Request, seen: Seen) -> bool:
    return not knows(request, make_tag(seen.body))


@blueprint.get("/bookings")
@operation(
    served=Served.LOOP,
    summary="Read several bookings by their ids",
    tag=TAG,
    query=schemas.IdsQuery,
    returns={200: schemas.BookingList},
    errors=[InvalidRequestError, UnavailableError],
)
async def get_bookings(request: Request, groups: Groups, query: schemas.IdsQuery) -> Answer:
    """The bookings that exist, in the order asked."""
    texts = query.ids.split(",")
    if len(texts) > schemas.MAX_IDS:
        raise InvalidRequestError(f"At most {schemas.MAX_IDS} ids at a time.", pointer="/ids")
    ids = [id_ for text in texts if (id_ := _parse_known_id(text)) is not None]
    found = await asyncio.gather(*map(groups.reads.ask, ids))
    return respond({"items": [booking.to_document() for booking in found if booking is not None]})


def _parse_known_id(text: str) -> UUID | None:
    # An id that cannot be one does not exist, and is left out like any other that does not.
    try:
        return parse_booking_id(text.strip())
    except errors.BookingNotFoundError:
        return None


@blueprint.post("/bookings/<booking_id>/confirm")
@operation(
    served=Served.LOOP,
    summary="Confirm a hold",
    description="Accepted in time, a confirm wins over expiry." + HOLDS_BACK,
    tag=TAG,
    body=EmptyBody,
    takes_key=True,
    waits=True,
    headers=LOOK_AGAIN,
    returns={202: schemas.BookingAnswer, 200: schemas.BookingAnswer},
    errors=[*HOLD_ERRORS, errors.PaymentRequiredError],
)
async def confirm_booking(
    request: Request, groups: Groups, booking_id: UUID, body: EmptyBody, key: Key | None
) -> Answer:
    """The booking; a worker makes the hold a sale."""
    asked = Asked(booking_id=booking_id, action=Action.CONFIRM, key=key, origin=request.origin)
    return await _act(request, groups, asked, seconds=read_wait(request))


@blueprint.post("/bookings/<booking_id>/extend")
@operation(
    served=Served.LOOP,
    summary="Extend a hold",
    description="By the show's hold_seconds, to at most 15 minutes after the seats were first held.",
    tag=TAG,
    body=EmptyBody,
    takes_key=True,
    returns={200: schemas.BookingAnswer},
    errors=HOLD_ERRORS,
)
async def extend_booking(
    request: Request, groups: Groups, booking_id: UUID, body: EmptyBody, key: Key | None
) -> Answer:
    """The booking with the new end of its hold."""
    asked = Asked(booking_id=booking_id, action=Action.EXTEND, key=key, origin=request.origin)
    return await _act(request, groups, asked, seconds=None)


@blueprint.post("/bookings/<booking_id>/cancel")
@operation(
    served=Served.LOOP,
    summary="Cancel a booking",
    description="A CONFIRMED one until the show's cancel_until; box_office or above always." + HOLDS_BACK,
    tag=TAG,
    body=EmptyBody,
    takes_key=True,
    waits=True,
    headers=LOOK_AGAIN,
    returns={202: schemas.BookingAnswer, 200: schemas.BookingAnswer},
    errors=[*ACTION_ERRORS, errors.NotCancellableError],
)
async def cancel_booking(
    request: Request, groups: Groups, booking_id: UUID, body: EmptyBody, key: Key | None
) -> Answer:
    """The booking; a worker releases its seats."""
    may = request.may(Role.BOX_OFFICE)
    asked = Asked(
        booking_id=booking_id, action=Action.CANCEL, key=key, at_any_time=may, origin=request.origin
    )
    return await _act(request, groups, asked, seconds=read_wait(request))


async def _act(request: Request, groups: Groups, asked: Asked, *, seconds: int | None) -> Answer:
    request.hold_back(seconds)
    with groups.enter(request, [asked.booking_id], seconds) as (poll,):
        acted = await insist(groups.actions.ask, asked)
        if acted.has_changed:
            groups.announce(asked.booking_id)
        seen, is_waiting = Seen.of(acted.booking), acted.is_waiting
        if is_waiting and seconds is not None:
            wanted = acted.booking.wants
            seen = await poll.wait(lambda found: found.wants != wanted, seen)
            is_waiting = seen.wants == wanted
    answer = _respond(202 if is_waiting else 200, seconds, seen.body)
    answer.is_replay = acted.is_replay
    return answer
