"""Accepting: a request for seats becomes PENDING bookings on disk, or a refusal that says why."""

import logging
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import psycopg2
from psycopg2.errors import DivisionByZero, ForeignKeyViolation, UniqueViolation

from core.bookings.accepting_queries import SELECT_KNOWN, Known, SaleTerms, insert_requests, name_use
from core.bookings.errors import IdempotencyKeyReusedError
from core.bookings.grouped import judge_all
from core.bookings.idempotency import Key
from core.bookings.reading import read_bookings
from core.bookings.refusing import find_misfit, find_stray, refuse_batch, refuse_by_terms
from core.bookings.requests import NewBooking, Request
from core.bookings.states import BookingStatus, Wants
from core.bookings.views import Booking
from core.errors import SeatlineError, UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.ids import new_id
from core.infra.slots import to_slot
from core.shows.catalogue import CatalogueEntry, get_entry
from core.shows.errors import ShowNotFoundError

log = logging.getLogger(__name__)

# Another process used one of the keys at this moment, or changed a show's terms; or there is no such show.
_NOT_AS_KNOWN = UniqueViolation, DivisionByZero, ForeignKeyViolation


@dataclass(frozen=True, slots=True)
class Accepted:
    """The bookings, in the order asked; a replay where the key had been used for this very request."""

    bookings: list[Booking]
    is_replay: bool = False


class _Granted(NamedTuple):
    """What came of a request that is not refused: its bookings, or those that its key gave before."""

    bookings: list[Booking]
    replayed_ids: Sequence[UUID] | None = None


def prepare(new: NewBooking, key: Key | None) -> Request:
    """The request for one booking. Raises what refuses it for what never changes about its show.

    See errors.py here and in seats; and ShowNotFoundError. Where it has a key accept() tells, as a key that
    was used comes first. Blocks where this process has not seen the show yet (catalogue.find_entry): then it
    is a thread's work.
    """
    entry = get_entry(new.show_id)
    new = _spell_section(new, entry)
    misfit = find_misfit(new, entry)
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
        news = [_spell_section(new, entry) for new in news]
        refusals = [find_stray(new, show_id) or find_misfit(new, entry) for new in news]
    except ShowNotFoundError as error:
        entry, refusals = None, [find_stray(new, show_id) or error for new in news]
    return _to_request(news, refusals, key, entry, is_batch=True)


async def accept(
    connection: LoopConnection,
    requests: Sequence[Request],
    *,
    nudge: Callable[[int], None],
    remembered: MutableMapping[int, SaleTerms],
) -> list[Accepted | SeatlineError]:
    """What came of each request, by itself: its bookings, all of them on disk; or what refuses it.

    Where its key was used for the same before, the bookings of then as they are now. A batch is refused with
    InvalidRequestError and a fault an item at fault; of what is refused nothing is kept, nor is its key.
    UnavailableError where nobody knows whether it is on disk. Each show that got one is nudged. Terms of
    sale, as they were last read, are `remembered` by show.
    """
    outcomes = await judge_all(lambda some: _accept_some(connection, some, remembered), _keep, requests)
    for show_id in {o.bookings[0].show_id for o in outcomes if isinstance(o, _Granted) and o.bookings}:
        nudge(show_id)
    return await _read_replays(connection, outcomes)


def _keep(_: Request, outcome: _Granted | SeatlineError | None) -> _Granted | SeatlineError | None:
    return outcome


async def _accept_some(
    connection: LoopConnection, requests: Sequence[Request], remembered: MutableMapping[int, SaleTerms]
) -> list[_Granted | SeatlineError | None]:
    """Each request's outcome; None for one that has to be judged again.

    What has no key, and would be accepted by the terms as they were last read, is written without another
    look at them: the message that writes compares them anyhow (insert_requests()).
    """
    known, outcomes = _recall(requests, remembered), list[_Granted | SeatlineError | None]()
    if known:
        outcomes = [_judge(request, known) for request in requests]
    if is_read := known is None or any(outcomes):
        known = await SELECT_KNOWN.run_on_loop(connection, requests)
        remembered.update(known.terms)
        outcomes = [_judge(request, known) for request in requests]
    # The first request with a key uses it; the others with that key are judged again.
    first = dict[object, int]()
    for number, (request, outcome) in enumerate(zip(requests, outcomes, strict=True)):
        if outcome is None:
            first.setdefault(name_use(request.show_id, request.key) if request.key else number, number)
    taken = [requests[number] for number in first.values()]
    if not taken:
        return outcomes
    try:
        arrivals = await insert_requests(connection, taken, known.terms)
    except _NOT_AS_KNOWN:
        for request in taken:
            remembered.pop(request.show_id, None)
        # Halving finds the request, which is judged again; by remembered terms the whole group is.
        if is_read and len(taken) > 1:
            raise
        return outcomes
    for number, request in zip(first.values(), taken, strict=True):
        times = list(islice(arrivals, len(request.ids)))
        outcomes[number] = _Granted(_to_bookings(request, times, known.terms[request.show_id].currency))
    return outcomes


def _recall(requests: Sequence[Request], remembered: Mapping[int, SaleTerms]) -> Known | None:
    """The terms as they were last read; None where a show's are not remembered, or a request has a key."""
    terms = {request.show_id: remembered.get(request.show_id) for request in requests}
    has_key = any(request.key for request in requests)
    known = {show_id: each for show_id, each in terms.items() if each}
    return None if has_key or len(known) < len(terms) else Known(known, {})


def _judge(request: Request, known: Known) -> _Granted | SeatlineError | None:
    """The refusal or the replay of a request; None where it is to be accepted."""
    use = known.uses.get(name_use(request.show_id, request.key)) if request.key else None
    if request.key and use:
        if use.fingerprint != request.key.fingerprint:
            return IdempotencyKeyReusedError("This Idempotency-Key came with a different request before.")
        return _Granted([], use.booking_ids)
    refusals = [
        # Whether there is such a show comes before whatever else refuses it.
        refusal or refuse_by_terms(terms, new)
        if (terms := known.terms.get(new.show_id))
        else ShowNotFoundError(new.show_id)
        for new, refusal in zip(request.news, request.refusals, strict=True)
    ]
    return refuse_batch(refusals) if request.is_batch and any(refusals) else refusals[0]


async def _read_replays(
    connection: LoopConnection, outcomes: Sequence[_Granted | SeatlineError]
) -> list[Accepted | SeatlineError]:
    ids = [id_ for each in outcomes if isinstance(each, _Granted) for id_ in each.replayed_ids or ()]
    found: Mapping[UUID, Booking | UnavailableError] = {}
    if ids:
        try:
            found = await read_bookings(connection, ids)
        except UnavailableError as error:
            found = dict.fromkeys(ids, error)
        except psycopg2.Error:
            # The other requests' bookings are on disk: they must not fail with these.
            log.exception("replayed bookings not read")
            unread = UnavailableError("The booking of this key cannot be read just now.")
            found = dict.fromkeys(ids, unread)
    return [each if isinstance(each, SeatlineError) else _to_accepted(each, found) for each in outcomes]


def _to_accepted(
    granted: _Granted, found: Mapping[UUID, Booking | UnavailableError]
) -> Accepted | UnavailableError:
    if granted.replayed_ids is None:
        return Accepted(granted.bookings)
    # A key is forgotten long before its bookings can be archived.
    bookings: list[Booking] = []
    for each in (found[id_] for id_ in granted.replayed_ids if id_ in found):
        if isinstance(each, UnavailableError):
            return each
        bookings.append(each)
    return Accepted(bookings, is_replay=True)


def _to_request(
    news: Sequence[NewBooking],
    refusals: Sequence[SeatlineError | None],
    key: Key | None,
    entry: CatalogueEntry | None,
    *,
    is_batch: bool = False,
) -> Request:
    slot = to_slot(news[0].show_id)
    return Request(
        news=news,
        refusals=refusals,
        ids=[new_id(slot) for _ in news],
        amounts=[_sum_prices(new, entry) for new in news],
        key=key,
        is_batch=is_batch,
    )


def _spell_section(new: NewBooking, entry: CatalogueEntry) -> NewBooking:
    """The wish with its section as the hall spells it, by which seats are chosen."""
    found = entry.hall.find_section(new.section) if new.section is not None else None
    return replace(new, section=found) if found not in (None, new.section) else new


def _sum_prices(new: NewBooking, entry: CatalogueEntry | None) -> int | None:
    return sum(entry.hall.price_of(seat) or 0 for seat in new.seats) if entry and new.seats else None


def _to_bookings(request: Request, arrivals: Sequence[datetime], currency: str) -> list[Booking]:
    return [
        Booking(
            id=id_,
            show_id=new.show_id,
            seats=new.seats,
            status=BookingStatus.PENDING,
            wants=Wants.ACQUIRE,
            hold=new.hold,
            held_at=None,
            hold_expires_at=None,
            failure_code=None,
            failure_seats=None,
            quantity=new.quantity,
            section=new.section,
            customer=new.customer,
            client=new.client,
            amount=amount,
            currency=currency,
            payment=None,
            created_at=arrived_at,
            updated_at=arrived_at,
        )
        for new, id_, amount, arrived_at in zip(
            request.news, request.ids, request.amounts, arrivals, strict=True
        )
    ]
