"""Accepting: a request for seats becomes PENDING bookings on disk, or a refusal that says why."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import psycopg2

from core.bookings.accepting_queries import ACCEPT, Arrival, Judged, Refusal
from core.bookings.errors import HoldRequiredError, IdempotencyKeyReusedError
from core.bookings.grouped import judge_all
from core.bookings.idempotency import Key
from core.bookings.reading import read_bookings
from core.bookings.requests import NewBooking, Request
from core.bookings.states import BookingStatus, Wants
from core.bookings.views import Booking
from core.errors import Fault, InvalidRequestError, SeatlineError, UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.ids import new_id
from core.seats.errors import DuplicateSeatsError, TooManySeatsError, UnknownSeatsError
from core.shows.catalogue import CatalogueEntry, get_entry
from core.shows.errors import SalesClosedError, SalesNotOpenError, ShowCancelledError, ShowNotFoundError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The bookings, in the order asked; a replay where the key had been used for this very request."""

    bookings: list[Booking]
    is_replay: bool = False


class _Granted(NamedTuple):
    """What came of a request that is not refused: its bookings, or those that its key gave before."""

    bookings: list[Booking]
    replayed_ids: Sequence[UUID] | None = None


# What refuses a booking, by its name in the statement: of what was asked for, and the show's limit of seats.
_REFUSALS: Mapping[Refusal, Callable[[NewBooking, int | None], SeatlineError]] = {
    Refusal.UNKNOWN_SHOW: lambda new, _: ShowNotFoundError(new.show_id),
    Refusal.CANCELLED: lambda *_: ShowCancelledError("The show is cancelled."),
    Refusal.SCHEDULED: lambda *_: SalesNotOpenError("Sales for this show have not opened yet."),
    Refusal.CLOSED: lambda *_: SalesClosedError("Sales for this show are closed."),
    Refusal.TOO_MANY_SEATS: lambda new, most: TooManySeatsError(
        f"A booking may have at most {most} seats.", pointer="/seats" if new.seats else "/quantity"
    ),
    Refusal.NO_CUSTOMER: lambda *_: InvalidRequestError(
        "This show limits seats per customer, so a booking must name its customer.", pointer="/customer"
    ),
}


def prepare(new: NewBooking, key: Key | None) -> Request:
    """The request for one booking. Raises what refuses it for what never changes about its show.

    See errors.py here and in seats; and ShowNotFoundError. Where it has a key accept() tells, as a key that
    was used comes first. Blocks where this process has not seen the show yet (catalogue.find_entry): then it
    is a thread's work.
    """
    entry = get_entry(new.show_id)
    misfit = _find_misfit(new, entry)
    if misfit and key is None:
        raise misfit
    return _to_request([new], [misfit], key, entry)


def prepare_batch(news: Sequence[NewBooking], key: Key | None) -> Request:
    """The request for several bookings of one show, all or none. Blocks as prepare() does.

    Raises nothing: what memory refuses accept() tells, with what the database refuses.
    """
    show_id = news[0].show_id
    try:
        entry = get_entry(show_id)
        refusals = [_find_stray(new, show_id) or _find_misfit(new, entry) for new in news]
    except ShowNotFoundError as error:
        entry, refusals = None, [_find_stray(new, show_id) or error for new in news]
    return _to_request(news, refusals, key, entry, is_batch=True)


async def accept(
    connection: LoopConnection, requests: Sequence[Request], *, nudge: Callable[[int], None]
) -> list[Accepted | SeatlineError]:
    """What came of each request, by itself: its bookings, all of them on disk; or what refuses it.

    Where its key was used for the same before, the bookings of then as they are now. A batch is refused with
    InvalidRequestError and a fault an item at fault; of what is refused nothing is kept, nor is its key.
    UnavailableError where nobody knows whether it is on disk. Each show that got one is nudged.
    """
    outcomes = await judge_all(lambda some: ACCEPT.run_on_loop(connection, some), _judge, requests)
    for show_id in {o.bookings[0].show_id for o in outcomes if isinstance(o, _Granted) and o.bookings}:
        nudge(show_id)
    return await _read_replays(connection, outcomes)


def _judge(request: Request, judged: Sequence[Judged]) -> _Granted | SeatlineError | None:
    used_for, fingerprint = judged[0].used_for, request.items[0]["fingerprint"]
    if used_for is not None and used_for != fingerprint:
        return IdempotencyKeyReusedError("This Idempotency-Key came with a different request before.")
    if used_for is not None:
        return _Granted([], judged[0].used_ids)
    arrived = [
        _to_booking(item, each.arrival)
        for item, each in zip(request.items, judged, strict=True)
        if each.arrival is not None
    ]
    # Neither where another claimed its key at this moment.
    return _Granted(arrived) if arrived else _find_refusal(request, judged)


def _find_refusal(request: Request, judged: Sequence[Judged]) -> SeatlineError | None:
    refusals = [
        # Whether there is such a show comes before whatever else refuses it.
        _REFUSALS[each.refusal](new, each.max_seats_per_booking)
        if each.refusal and (known is None or each.refusal is Refusal.UNKNOWN_SHOW)
        else known
        for new, known, each in zip(request.news, request.refusals, judged, strict=True)
    ]
    return _refuse_batch(refusals) if request.is_batch and any(refusals) else refusals[0]


async def _read_replays(
    connection: LoopConnection, outcomes: Sequence[_Granted | SeatlineError]
) -> list[Accepted | SeatlineError]:
    ids = [id_ for each in outcomes if isinstance(each, _Granted) for id_ in each.replayed_ids or ()]
    found: dict[UUID, Booking] | UnavailableError = {}
    if ids:
        try:
            found = await read_bookings(connection, ids)
        except UnavailableError as error:
            found = error
        except psycopg2.Error:
            # The other requests' bookings are on disk: they must not fail with these.
            log.exception("replayed bookings not read")
            found = UnavailableError("The booking of this key cannot be read just now.")
    return [each if isinstance(each, SeatlineError) else _to_accepted(each, found) for each in outcomes]


def _to_accepted(
    granted: _Granted, found: Mapping[UUID, Booking] | UnavailableError
) -> Accepted | UnavailableError:
    if granted.replayed_ids is None:
        return Accepted(granted.bookings)
    if isinstance(found, UnavailableError):
        return found
    # A key is forgotten long before its bookings can be archived.
    return Accepted([found[id_] for id_ in granted.replayed_ids if id_ in found], is_replay=True)


def _to_request(
    news: Sequence[NewBooking],
    refusals: Sequence[SeatlineError | None],
    key: Key | None,
    entry: CatalogueEntry | None,
    *,
    is_batch: bool = False,
) -> Request:
    items = [
        {
            "is_refused": refusal is not None,
            "principal": key and key.principal,
            "key": key and key.key,
            "fingerprint": key and key.fingerprint,
            "id": new_id(),
            "show_id": new.show_id,
            "seats": new.seats,
            "quantity": new.quantity,
            "section": new.section,
            "hold": new.hold,
            "customer": new.customer,
            "amount": _sum_prices(new, entry),
            "currency": entry and entry.currency,
        }
        for new, refusal in zip(news, refusals, strict=True)
    ]
    return Request(news, refusals, items, is_batch)


def _sum_prices(new: NewBooking, entry: CatalogueEntry | None) -> int | None:
    return sum(entry.hall.price_of(seat) or 0 for seat in new.seats) if entry and new.seats else None


def _to_booking(item: Mapping[str, Any], arrival: Arrival) -> Booking:
    return Booking(
        id=item["id"],
        seq=arrival.seq,
        show_id=item["show_id"],
        seats=item["seats"],
        status=BookingStatus.PENDING,
        wants=Wants.ACQUIRE,
        hold=item["hold"],
        held_at=None,
        hold_expires_at=None,
        failure_code=None,
        failure_seats=None,
        quantity=item["quantity"],
        section=item["section"],
        customer=item["customer"],
        amount=item["amount"],
        currency=item["currency"],
        created_at=arrival.created_at,
        updated_at=arrival.updated_at,
    )


def _find_stray(new: NewBooking, show_id: int) -> SeatlineError | None:
    if new.show_id == show_id:
        return None
    return InvalidRequestError(
        "A batch is of one show, and this is of another than the first.", pointer="/show_id"
    )


def _find_misfit(new: NewBooking, entry: CatalogueEntry) -> SeatlineError | None:
    if new.section is not None and not entry.hall.has_section(new.section):
        return InvalidRequestError(f"The show has no section {new.section!r}.", pointer="/section")
    if entry.payment_required and not new.hold:
        return HoldRequiredError("This show requires payment: book with hold.", pointer="/hold")
    return _find_duplicates(new) or _find_unknown(new, entry)


def _find_duplicates(new: NewBooking) -> SeatlineError | None:
    if len(set(new.seats)) == len(new.seats):
        return None
    seen: set[str] = set()
    faults = []
    for index, seat in enumerate(new.seats):
        if seat in seen:
            faults.append(Fault(f"/seats/{index}", "This seat is named before."))
        seen.add(seat)
    return DuplicateSeatsError("A seat can be asked for once.", faults=faults)


def _find_unknown(new: NewBooking, entry: CatalogueEntry) -> SeatlineError | None:
    faults = [
        Fault(f"/seats/{index}", "The show has no such seat.")
        for index, seat in enumerate(new.seats)
        if entry.hall.price_of(seat) is None
    ]
    return UnknownSeatsError("The show does not have all of these seats.", faults=faults) if faults else None


def _refuse_batch(refusals: Sequence[SeatlineError | None]) -> SeatlineError:
    faults = [
        Fault(f"/bookings/{index}{fault.pointer}", fault.detail, refusal.code)
        for index, refusal in enumerate(refusals)
        if refusal
        for fault in refusal.faults or (Fault("", refusal.detail),)
    ]
    return InvalidRequestError(
        "Some of these bookings would be refused, so none was accepted.", faults=faults
    )
