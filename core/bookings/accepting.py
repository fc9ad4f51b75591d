"""Accepting: a request for seats becomes PENDING bookings on disk, or a refusal that says why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from core.bookings import queries
from core.bookings.errors import HoldRequiredError
from core.bookings.idempotency import Key, find_replay
from core.bookings.views import Booking
from core.errors import Fault, InvalidRequestError, SeatlineError, UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.db import primary
from core.infra.ids import new_id
from core.infra.jobs import nudge
from core.seats.errors import DuplicateSeatsError, TooManySeatsError, UnknownSeatsError
from core.shows.catalogue import CatalogueEntry, find_entry, get_entry
from core.shows.errors import ShowNotFoundError
from core.shows.rules import find_sales_refusal
from core.shows.service import Show, get_show

# Sales may open between the INSERT and the question why nothing went in; then it is worth another try.
TRIES = 3

# What a client asks for at once, all or none: its bookings as they will be, with the key that it came with.
Request = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBooking:
    """What is asked for: these seats, or `quantity` of the best (of a section)."""

    show_id: int
    seats: tuple[str, ...] = ()
    quantity: int | None = None
    section: str | None = None
    hold: bool = False
    customer: str | None = None

    @property
    def size(self) -> int:
        """How many seats it asks for."""
        return self.quantity or len(self.seats)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The bookings, in the order asked; a replay where the key had been used for this very request."""

    bookings: list[Booking]
    is_replay: bool


def accept_booking(new: NewBooking, key: Key | None) -> Accepted:
    """Accept one request. Raises what refuses it: see errors.py here, in seats and in shows."""
    return _accept([new], key, refuse=lambda refusals: next(r for r in refusals if r))


def accept_batch(news: Sequence[NewBooking], key: Key | None) -> Accepted:
    """Accept all of these requests for one show or none.

    Raises InvalidRequestError with a fault an item at fault.
    """
    return _accept(news, key, refuse=_refuse_batch)


def prepare(new: NewBooking, key: Key | None) -> Request | None:
    """A request that may be accepted together with others; None where more than memory has to be asked."""
    entry = find_entry(new.show_id)
    if entry is None or _find_misfit(new, entry):
        return None
    return [_to_item(new, key, entry)]


async def accept_together(connection: LoopConnection, requests: Sequence[Request]) -> list[list[Booking]]:
    """Accept requests of several clients in one commit, each by itself; nothing of one that is refused.

    Nor of one whose key was used before. Raises UnavailableError, with whose SQLSTATE it can be told whether
    anything may be on disk.
    """
    accepted = await queries.insert_bookings_on_loop(connection, requests)
    for show_id in {booking.show_id for bookings in accepted for booking in bookings}:
        nudge(show_id)
    return accepted


def _accept(news: Sequence[NewBooking], key: Key | None, *, refuse: Any) -> Accepted:
    # The commit is the INSERT's own, so that a booking costs one round trip; hence no transaction() here.
    show_id = news[0].show_id
    refusals = [_find_lasting_refusal(new) or _find_stray(new, show_id) for new in news]
    request = [] if any(refusals) else [_to_item(new, key, get_entry(new.show_id)) for new in news]
    for _ in range(TRIES):
        with primary() as connection:
            if request and (bookings := queries.insert_bookings(connection, [request])[0]):
                break
            if (replay := find_replay(connection, key, show_id=show_id)) is not None:
                return Accepted(replay, is_replay=True)
            refusals = [
                known or _find_refusal(connection, new) for known, new in zip(refusals, news, strict=True)
            ]
        if any(refusals):
            raise refuse(refusals)
    else:
        raise UnavailableError("The booking could not be taken up just now.")
    nudge(show_id)
    return Accepted(bookings, is_replay=False)


def _to_item(new: NewBooking, key: Key | None, entry: CatalogueEntry) -> dict[str, Any]:
    return {
        "principal": key.principal if key else None,
        "key": key.key if key else None,
        "fingerprint": key.fingerprint if key else None,
        "id": new_id(),
        "show_id": new.show_id,
        "seats": new.seats,
        "quantity": new.quantity,
        "section": new.section,
        "hold": new.hold,
        "customer": new.customer,
        "amount": sum(entry.hall.price_of(seat) or 0 for seat in new.seats) if new.seats else None,
    }


def _find_lasting_refusal(new: NewBooking) -> SeatlineError | None:
    # What never changes about a show is judged from memory: a wrong seat number costs no query.
    try:
        return _find_misfit(new, get_entry(new.show_id))
    except ShowNotFoundError as error:
        return error


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


def _find_refusal(connection: Connection, new: NewBooking) -> SeatlineError | None:
    try:
        show = get_show(connection, new.show_id)
    except ShowNotFoundError as error:
        return error
    return find_sales_refusal(show.status) or _find_excess(show, new)


def _find_excess(show: Show, new: NewBooking) -> SeatlineError | None:
    if new.size > show.max_seats_per_booking:
        return TooManySeatsError(
            f"A booking may have at most {show.max_seats_per_booking} seats.",
            pointer="/seats" if new.seats else "/quantity",
        )
    if show.max_seats_per_customer is not None and new.customer is None:
        return InvalidRequestError(
            "This show limits seats per customer, so a booking must name its customer.", pointer="/customer"
        )
    return None


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
