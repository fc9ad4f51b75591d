"""What is told of bookings to those who run the service: lists of them, and what became of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.bookings import archive_queries, queries
from core.bookings.errors import BookingNotFoundError
from core.bookings.rules import Action
from core.bookings.views import Booking
from core.events.models import EventType
from core.events.service import read_booking_events
from core.infra.slots import to_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFilter:
    """Which bookings to list, newest first; `after` is the last one seen."""

    show_id: int | None = None
    status: str | None = None
    customer: str | None = None
    after: UUID | None = None
    limit: int = 50


def get_booking(connection: Connection, booking_id: UUID) -> Booking:
    """A booking as it is now. Raises BookingNotFoundError."""
    for select in (queries.SELECT_BOOKINGS, archive_queries.SELECT_ARCHIVED):
        if found := select.run(connection, [booking_id]):
            return found[booking_id]
    raise BookingNotFoundError(booking_id)


def list_bookings(connection: Connection, which: BookingFilter) -> list[Booking]:
    """A page of bookings, newest first, and the first of the next page where there is one."""
    return queries.select_page(
        connection,
        show_id=which.show_id,
        status=which.status,
        customer=which.customer,
        after=which.after,
        limit=which.limit + 1,
    )


def explain_booking(connection: Connection, booking_id: UUID) -> list[dict[str, Any]]:
    """Every change of a booking, oldest first: when, what, and why. Raises BookingNotFoundError."""
    booking = get_booking(connection, booking_id)
    changes = [
        {"at": booking.created_at, "change": "BOOKING_ACCEPTED", "status": "PENDING", "why": "asked for"}
    ]
    requests = queries.select_requests(connection, booking)
    if requests is None:
        requests = archive_queries.select_archived_requests(connection, booking)
    events = read_booking_events(connection, booking_id, slot=to_slot(booking.show_id))
    events = events or archive_queries.select_archived_events(connection, booking)
    changes += [_explain_payment(each) if "payment" in each else _explain_request(each) for each in requests]
    is_asked_off = any(each.get("request") == Action.CANCEL for each in requests)
    changes += [_explain_event(event, is_asked_off=is_asked_off) for event in events]
    return sorted(changes, key=lambda change: change["at"])


def _explain_request(request: dict[str, Any]) -> dict[str, Any]:
    expires_at = request.get("hold_expires_at")
    return {
        "at": datetime.fromisoformat(request["at"]),
        "change": f"{request['request'].upper()}_REQUESTED",
        "status": None,
        "why": f"asked for; the hold now ends {expires_at}" if expires_at else "asked for",
    }


# By the payment's status from then on.
_PAYMENT_WHY = {
    "pending": "offered to the buyer",
    "succeeded": "paid",
    "failed": "declined, or closed unpaid",
    "refund_pending": "all that is left goes back to the buyer",
    "refunded": "all of it went back to the buyer",
}


def _explain_payment(payment: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": datetime.fromisoformat(payment["at"]),
        "change": f"PAYMENT_{payment['payment'].upper()}",
        "status": None,
        "why": _PAYMENT_WHY[payment["payment"]],
    }


def _explain_event(event: Row[Any], *, is_asked_off: bool) -> dict[str, Any]:
    failure = event.payload.get("failure")
    why = failure["code"] if failure else "settled"
    if event.type == EventType.BOOKING_CANCELLED:
        why = "as asked for" if is_asked_off else "the show was cancelled"
    return {"at": event.created_at, "change": event.type, "status": event.payload["status"], "why": why}
