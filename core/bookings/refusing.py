"""Refusals of new bookings: by what never changes about their show, and by the show's terms of sale."""

from collections.abc import Callable, Mapping, Sequence

from core.bookings.accepting_queries import SaleTerms
from core.bookings.errors import HoldRequiredError
from core.bookings.requests import NewBooking
from core.errors import Fault, InvalidRequestError, SeatlineError
from core.seats.errors import DuplicateSeatsError, TooManySeatsError, UnknownSeatsError
from core.shows.catalogue import CatalogueEntry
from core.shows.errors import SalesClosedError, SalesNotOpenError, ShowCancelledError
from core.shows.rules import ShowStatus

_SHUT: Mapping[str, Callable[[], SeatlineError]] = {
    ShowStatus.CANCELLED: lambda: ShowCancelledError("The show is cancelled."),
    ShowStatus.SCHEDULED: lambda: SalesNotOpenError("Sales for this show have not opened yet."),
    ShowStatus.CLOSED: lambda: SalesClosedError("Sales for this show are closed."),
}


def refuse_by_terms(terms: SaleTerms, new: NewBooking) -> SeatlineError | None:
    """The refusal by what may change of the show: its status, payment, limits; None where they allow it."""
    if shut := _SHUT.get(terms.status):
        return shut()
    if terms.payment_required and not new.hold:
        return HoldRequiredError("This show requires payment: book with hold.", pointer="/hold")
    if (new.quantity or len(new.seats)) > terms.max_seats_per_booking:
        return TooManySeatsError(
            f"A booking may have at most {terms.max_seats_per_booking} seats.",
            pointer="/seats" if new.seats else "/quantity",
        )
    if terms.needs_customer and new.customer is None:
        return InvalidRequestError(
            "This show limits seats per customer, so a booking must name its customer.", pointer="/customer"
        )
    return None


def find_stray(new: NewBooking, show_id: int) -> SeatlineError | None:
    """The refusal of a batch's booking that is of another show than the batch; None where it is not."""
    if new.show_id == show_id:
        return None
    return InvalidRequestError(
        "A batch is of one show, and this is of another than the first.", pointer="/show_id"
    )


def find_misfit(new: NewBooking, entry: CatalogueEntry) -> SeatlineError | None:
    """The refusal by the show's seats and sections, which never change; None where it fits."""
    if new.section is not None and entry.hall.find_section(new.section) is None:
        return InvalidRequestError(f"The show has no section {new.section!r}.", pointer="/section")
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


def refuse_batch(refusals: Sequence[SeatlineError | None]) -> SeatlineError:
    """The refusal of a whole batch, with a fault an item at fault."""
    faults = [
        Fault(f"/bookings/{index}{fault.pointer}", fault.detail, refusal.code)
        for index, refusal in enumerate(refusals)
        if refusal
        for fault in refusal.faults or (Fault("", refusal.detail),)
    ]
    return InvalidRequestError(
        "Some of these bookings would be refused, so none was accepted.", faults=faults
    )
