"""What can be done with shows: create, change, cancel, list, describe."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.errors import InvalidRequestError
from core.halls.build import HallError, Section, build_hall, check_sections
from core.halls.focus import Focus
from core.halls.limits import LISTED_SECTIONS
from core.halls.normal import normalise_plan
from core.halls.plans import SeatingPlan
from core.infra.json import to_json_text
from core.infra.settings import get_settings
from core.shows import queries
from core.shows.errors import ShowCancelledError, ShowNotFoundError
from core.shows.rules import check_client_limit, check_sales_window


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShow:
    """A show to be created; exactly one of total_seats, sections, seating_plan describes its hall."""

    name: str
    start_time: datetime
    hold_seconds: int
    total_seats: int | None = None
    price: int = 0
    sections: list[dict[str, Any]] | None = None
    seating_plan: SeatingPlan | None = None
    prices: dict[str, int] | None = None
    currency: str = "EUR"
    max_seats_per_booking: int = 10
    max_seats_per_customer: int | None = None
    max_held_seats_per_client: int | None = None
    sales_open_at: datetime | None = None
    sales_close_at: datetime | None = None
    cancel_until: datetime | None = None
    payment_required: bool = False
    time_zone: str = "UTC"
    focus: Focus | None = None


@dataclass(frozen=True, slots=True)
class SeatCounts:
    """A show's seats by status; they add up to its total."""

    available: int
    held: int
    booked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A show as everybody sees it. Prices in minor units of its currency, times in UTC."""

    id: int
    name: str
    start_time: datetime
    total_seats: int
    created_at: datetime
    status: str
    currency: str
    price: int
    hold_seconds: int
    max_seats_per_booking: int
    max_seats_per_customer: int | None
    max_held_seats_per_client: int | None
    sales_open_at: datetime | None
    sales_close_at: datetime | None
    cancel_until: datetime | None
    payment_required: bool
    time_zone: str
    focus: Focus | None
    sections: list[dict[str, Any]]
    seats: SeatCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFilter:
    """Which shows to list; `start_from` None means from now on, `after` is the last one seen."""

    start_from: datetime | None = None
    status: str | None = None
    name: str | None = None
    after: tuple[datetime, int] | None = None
    limit: int = 50


CHANGEABLE = frozenset(
    {
        "name",
        "start_time",
        "hold_seconds",
        "max_seats_per_booking",
        "max_seats_per_customer",
        "max_held_seats_per_client",
        "sales_open_at",
        "sales_close_at",
        "cancel_until",
        "currency",
        "payment_required",
        "time_zone",
    }
)
SHARED_COLUMNS = CHANGEABLE | {"price"}
# Of these the one must not be below the other.
LIMITS = frozenset({"max_seats_per_booking", "max_held_seats_per_client"})
CLIENT_LIMIT = "/max_held_seats_per_client"


def create_show(connection: Connection, new: NewShow) -> Show:
    """Create a show and all of its seats, available.

    Raises InvalidRequestError, with a pointer, where the hall, the times or the limits cannot be.
    """
    check_client_limit(
        new.max_held_seats_per_client, per_booking=new.max_seats_per_booking, pointer=CLIENT_LIMIT
    )
    check_payment(payment_required=new.payment_required)
    check_sales_window(
        start_time=new.start_time, sales_open_at=new.sales_open_at, sales_close_at=new.sales_close_at
    )
    try:
        description = _describe_hall(new)
        hall = build_hall(description)
    except HallError as error:
        raise InvalidRequestError(error.detail, faults=error.faults) from error
    columns = {name: getattr(new, name) for name in SHARED_COLUMNS}
    columns |= {
        "focus": None if new.focus is None else to_json_text(new.focus),
        "total_seats": hall.total_seats,
        "sections": to_json_text([_show_section(s) for s in hall.sections]),
    }
    show_id = queries.insert_show(connection, columns)
    queries.insert_hall(
        connection, show_id=show_id, description=to_json_text(description), total=hall.total_seats
    )
    queries.copy_seats(connection, show_id, hall)
    return get_show(connection, show_id)


def check_payment(*, payment_required: bool) -> None:
    """Refuse a show that is to be paid for where nothing takes the money. Raises InvalidRequestError."""
    if payment_required and get_settings().payment_provider is None:
        raise InvalidRequestError(
            "No payment provider is set, so no show can require payment: see PAYMENT_PROVIDER.",
            pointer="/payment_required",
        )


def analyze_if_large(connection: Connection, show: Show) -> None:
    """Make the seats' statistics where a new show is large; once it is committed."""
    if show.total_seats >= queries.LARGE_SHOW:
        queries.analyze_seats(connection)


def _describe_hall(new: NewShow) -> dict[str, Any]:
    # The hall has it, as the best seats follow from it; the show's row only shows it.
    focus = {"focus": new.focus} if new.focus is not None else {}
    return _describe_seats(new) | focus


def _describe_seats(new: NewShow) -> dict[str, Any]:
    if new.seating_plan is not None:
        return {"plan": normalise_plan(new.seating_plan, new.prices or {})}
    if new.sections is not None:
        # Only here: a hall that was made before there was a limit goes on as it is.
        check_sections(new.sections)
        return {"sections": new.sections}
    return {"total_seats": new.total_seats, "price": new.price}


def _show_section(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "numbered": section.numbered,
        "capacity": section.capacity,
        "rows": section.rows,
        "seats_per_row": section.seats_per_row,
        "price": section.price,
        "price_max": section.price_max,
    }


def get_show(connection: Connection, show_id: int) -> Show:
    """A show as it is now. Raises ShowNotFoundError."""
    row = queries.select_show(connection, show_id)
    if row is None:
        raise ShowNotFoundError(show_id)
    return _to_show(row)


def lock_show(connection: Connection, show_id: int) -> Show:
    """A show as it is now, and stays until the commit but for its seats. Raises ShowNotFoundError."""
    if queries.lock_show(connection, show_id) is None:
        raise ShowNotFoundError(show_id)
    return get_show(connection, show_id)


def describe_show(show: Show) -> dict[str, Any]:
    """What of a show operators decide, for the audit log: of its hall no more than its size."""
    decided = {name: getattr(show, name) for name in SHARED_COLUMNS}
    return {**decided, "focus": show.focus, "total_seats": show.total_seats, "sections": len(show.sections)}


def list_shows(connection: Connection, which: ShowFilter) -> list[Show]:
    """A page of shows, soonest first, and the first of the next page where there is one.

    Each with its first LISTED_SECTIONS sections: with all of theirs 200 shows might be 50 MB.
    """
    rows = queries.select_shows(
        connection,
        start_from=which.start_from,
        status=which.status,
        name=which.name,
        after=which.after or (None, None),
        limit=which.limit + 1,
        sections=LISTED_SECTIONS,
    )
    return [_to_show(row) for row in rows]


def update_show(connection: Connection, show_id: int, changes: Mapping[str, Any]) -> Show:
    """Change a show's name, times, limits or terms; what is not named stays.

    For the terms of what is sold already see core/bookings/unsold.py.
    Raises ShowNotFoundError, ShowCancelledError, and InvalidRequestError where the times, or the limits,
    contradict each other.
    """
    row = queries.lock_show(connection, show_id)
    if row is None:
        raise ShowNotFoundError(show_id)
    if row.cancelled_at is not None:
        raise ShowCancelledError("A cancelled show cannot be changed.")
    check_payment(payment_required=bool(changes.get("payment_required")))
    columns = {name: changes.get(name, getattr(row, name)) for name in CHANGEABLE}
    if LIMITS & changes.keys():
        check_client_limit(
            columns["max_held_seats_per_client"],
            per_booking=columns["max_seats_per_booking"],
            pointer=CLIENT_LIMIT if "max_held_seats_per_client" in changes else "/max_seats_per_booking",
        )
    check_sales_window(
        start_time=columns["start_time"],
        sales_open_at=columns["sales_open_at"],
        sales_close_at=columns["sales_close_at"],
    )
    queries.update_show(connection, show_id, columns)
    return get_show(connection, show_id)


def cancel_show(connection: Connection, show_id: int) -> tuple[Show, bool]:
    """Call a show off: from its commit on it takes no booking. Also, whether this call did it.

    Its bookings are cancelled by the workers: nudge them after the commit. Raises ShowNotFoundError.
    """
    is_first = queries.update_show_cancelled(connection, show_id)
    return get_show(connection, show_id), is_first


def _to_show(row: Row[Any]) -> Show:
    return Show(
        id=row.id,
        name=row.name,
        start_time=row.start_time,
        total_seats=row.total_seats,
        created_at=row.created_at,
        status=row.status,
        currency=row.currency,
        price=row.price,
        hold_seconds=row.hold_seconds,
        max_seats_per_booking=row.max_seats_per_booking,
        max_seats_per_customer=row.max_seats_per_customer,
        max_held_seats_per_client=row.max_held_seats_per_client,
        sales_open_at=row.sales_open_at,
        sales_close_at=row.sales_close_at,
        cancel_until=row.cancel_until,
        payment_required=row.payment_required,
        time_zone=row.time_zone,
        focus=row.focus,
        sections=row.sections,
        seats=SeatCounts(row.available, row.held, row.booked),
    )
