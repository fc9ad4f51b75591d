"""A booking's history, for those who run the service: what changed it, when, why, and by whose request."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.access.principals import PrincipalKind
from core.audit.service import Actor, Entry, EntryFilter, list_entries
from core.bookings.archive_queries import select_archived_events, select_archived_past
from core.bookings.queries import Past, select_past
from core.bookings.rival_queries import select_rivals
from core.bookings.rules import Action
from core.bookings.service import get_booking
from core.bookings.states import FailureCode
from core.bookings.views import Booking
from core.events.models import EventType
from core.events.service import read_booking_events
from core.infra.slots import to_slot

# More than anybody gives back of one payment.
REFUNDS = 1_000
NEWEST = 2**63 - 1
_GIVEN_BACK = "PAYMENT_REFUND_PENDING"
# Of what has the same time, as all of a batch has: what was asked, what came of it, what is owed for that.
_ASKED, _SETTLED, _OWED = range(3)

# By the payment's status from then on.
_PAYMENT_WHY = {
    "pending": "offered to the buyer",
    "succeeded": "paid",
    "failed": "declined, or closed unpaid",
    "refund_pending": "all that is left goes back to the buyer",
    "refunded": "all of it went back to the buyer",
}


class Change(NamedTuple):
    """One change; `rank` puts it among others of the same time. Whose request it was, where it was one.

    `rivals` are the seats that it did not get, each with the booking that had it.
    """

    at: datetime
    rank: int
    change: str
    why: str
    status: str | None = None
    client: str | None = None
    request_id: str | None = None
    rivals: Sequence[dict[str, Any]] = ()

    def to_document(self) -> dict[str, Any]:
        """The change as JSON has it."""
        document = self._asdict()
        del document["rank"]
        return document


def explain_booking(connection: Connection, booking_id: UUID) -> list[dict[str, Any]]:
    """Every change of a booking, oldest first. Raises BookingNotFoundError."""
    booking = get_booking(connection, booking_id)
    past = select_past(connection, booking) or select_archived_past(connection, booking)
    events = read_booking_events(connection, booking_id, slot=to_slot(booking.show_id))
    changes = [
        Change(
            booking.created_at,
            _ASKED,
            "BOOKING_ACCEPTED",
            "asked for",
            "PENDING",
            past.client,
            past.request_id,
        ),
        *(_explain_payment(each) if "payment" in each else _explain_request(each) for each in past.requests),
        *_explain_refunds(connection, booking),
        *_explain_events(connection, booking, past, events or select_archived_events(connection, booking)),
    ]
    changes.sort(key=lambda change: (change.at, change.rank))
    return [
        change._replace(rivals=_find_rivals(connection, booking, past, change)).to_document()
        for change in changes
    ]


def _explain_request(request: dict[str, Any]) -> Change:
    expires_at = request.get("hold_expires_at")
    return Change(
        datetime.fromisoformat(request["at"]),
        _ASKED,
        f"{request['request'].upper()}_REQUESTED",
        f"asked for; the hold now ends {expires_at}" if expires_at else "asked for",
        client=request.get("client"),
        request_id=request.get("request_id"),
    )


def _explain_payment(payment: dict[str, Any]) -> Change:
    status = payment["payment"]
    return Change(
        datetime.fromisoformat(payment["at"]),
        _ASKED if status in ("pending", "succeeded") else _OWED,
        f"PAYMENT_{status.upper()}",
        _PAYMENT_WHY[status],
        client=payment.get("client"),
        request_id=payment.get("request_id"),
    )


def _explain_refunds(connection: Connection, booking: Booking) -> Iterator[Change]:
    which = EntryFilter(below=NEWEST, action="booking.refund", target=f"booking:{booking.id}", limit=REFUNDS)
    for entry in list_entries(connection, which):
        amount = (entry.after or {}).get("amount")
        yield _explain_entry(entry, entry.at, "REFUND_REQUESTED", f"{amount} to be given back")


def _explain_entry(entry: Entry | None, at: datetime, change: str, why: str) -> Change:
    """A change that the audit log tells of: by whom, where it still knows."""
    return Change(
        at,
        _ASKED,
        change,
        why,
        client=_name_actor(entry.actor) if entry else None,
        request_id=entry.request_id if entry else None,
    )


def _name_actor(actor: Actor) -> str:
    return "admin" if actor.kind == PrincipalKind.ADMIN_KEY else f"{actor.kind}:{actor.id}"


def _explain_events(
    connection: Connection, booking: Booking, past: Past, events: Sequence[Row[Any]]
) -> Iterator[Change]:
    """What came of it, and the cancelling of its show where that ended it."""
    called_off_at = _find_called_off(past)
    has_failed = False
    for event in events:
        failure = event.payload.get("failure")
        why = failure["code"] if failure else "settled"
        if event.type == EventType.BOOKING_CANCELLED:
            why = "the show was cancelled" if called_off_at else "as asked for"
            if called_off_at:
                yield _explain_call_off(connection, booking, called_off_at)
        elif event.type == EventType.BOOKING_CONFIRMED and has_failed:
            why = "paid after its hold had ended, when its seats were still free"
        has_failed |= event.type == EventType.BOOKING_FAILED
        yield Change(event.created_at, _SETTLED, event.type, why, event.payload["status"])


def _find_called_off(past: Past) -> datetime | None:
    """The show's cancel, where that ended the booking; None where a cancel of its own came first."""
    asked = [each["at"] for each in past.requests if each.get("request") == Action.CANCEL]
    if past.show_cancelled_at is None or any(
        datetime.fromisoformat(at) < past.show_cancelled_at for at in asked
    ):
        return None
    return past.show_cancelled_at


def _explain_call_off(connection: Connection, booking: Booking, at: datetime) -> Change:
    which = EntryFilter(below=NEWEST, action="show.cancel", target=f"show:{booking.show_id}", limit=1)
    entry = next(iter(list_entries(connection, which)), None)
    return _explain_entry(entry, at, "SHOW_CANCELLED", "the show was cancelled")


def _find_rivals(
    connection: Connection, booking: Booking, past: Past, change: Change
) -> list[dict[str, Any]]:
    """Who had the seats that it did not get by this change: as it failed, or was paid for too late."""
    lost: Sequence[str] = ()
    if change.change == EventType.BOOKING_FAILED:
        lost = booking.failure_seats or ()
    elif change.change == _GIVEN_BACK and booking.failure_code == FailureCode.HOLD_EXPIRED:
        lost = booking.seats
    if not lost:
        return []
    rivals = select_rivals(connection, booking.show_id, lost, at=change.at, since=past.show_created_at)
    return [{"seat_number": seat, "booking_id": rivals[seat]} for seat in lost if seat in rivals]
