"""What can be done with bookings once accepted: read, confirm, extend, cancel, list, explain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.bookings import archive_queries, queries
from core.bookings.errors import AlreadySettledError, BookingNotFoundError, PaymentRequiredError
from core.bookings.idempotency import Key, claim_key, find_replay
from core.bookings.rules import Action, Answer, extend_hold, find_stage, judge_action
from core.bookings.states import BookingStatus, Wants
from core.bookings.views import Booking
from core.events.models import EventType
from core.events.service import read_booking_events
from core.seats import queries as seat_queries
from core.shows.errors import ShowCancelledError
from core.shows.queries import select_clock
from core.shows.rules import ShowStatus
from core.shows.service import Show, get_show


@dataclass(frozen=True, slots=True)
class Acted:
    """A booking after an action; it waits where a worker has yet to do what was asked."""

    booking: Booking
    is_replay: bool

    @property
    def is_waiting(self) -> bool:
        """Whether what was asked is accepted and not yet done."""
        return self.booking.wants is not None


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
    found = _find_bookings(connection, [booking_id])
    if booking_id not in found:
        raise BookingNotFoundError(booking_id)
    return found[booking_id]


def get_bookings(connection: Connection, ids: Sequence[UUID]) -> list[Booking]:
    """The bookings of these ids in this order; those that do not exist are left out."""
    found = _find_bookings(connection, ids)
    return [found[id_] for id_ in ids if id_ in found]


def _find_bookings(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    found = queries.select_bookings(connection, ids)
    missing = [id_ for id_ in ids if id_ not in found]
    return found | archive_queries.select_archived(connection, missing) if missing else found


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


def confirm_booking(connection: Connection, booking_id: UUID, key: Key | None) -> Acted:
    """Ask for a hold to become a sale: accepted in time it wins over expiry, whenever a worker gets to it.

    Raises BookingNotFoundError, NotHeldError, HoldExpiredError, AlreadySettledError, ShowCancelledError,
    PaymentRequiredError.
    """

    def write(booking: Booking, now: datetime) -> Booking:
        if _get_live_show(connection, booking).payment_required:
            raise PaymentRequiredError("This booking has to be paid; that confirms it.")
        request = {"request": Action.CONFIRM, "at": now}
        return queries.update_wanted(connection, booking.id, wants=Wants.CONFIRM, now=now, request=request)

    return _act(connection, booking_id, Action.CONFIRM, key, write=write)


def cancel_booking(
    connection: Connection, booking_id: UUID, key: Key | None, *, at_any_time: bool = False
) -> Acted:
    """Ask for a booking to give its seats back; replaces a confirm that is still waiting.

    After the show's `cancel_until` a CONFIRMED one does only `at_any_time`. Raises BookingNotFoundError,
    AlreadySettledError, NotCancellableError.
    """

    def write(booking: Booking, now: datetime) -> Booking:
        request = {"request": Action.CANCEL, "at": now}
        return queries.update_wanted(connection, booking.id, wants=Wants.CANCEL, now=now, request=request)

    return _act(connection, booking_id, Action.CANCEL, key, write=write, at_any_time=at_any_time)


def extend_booking(connection: Connection, booking_id: UUID, key: Key | None) -> Acted:
    """Move the end of a hold by the show's hold_seconds, at once, up to 15 minutes after it began.

    Raises BookingNotFoundError, NotHeldError, HoldExpiredError, AlreadySettledError, ShowCancelledError.
    """

    def write(booking: Booking, now: datetime) -> Booking:
        expires_at = extend_hold(
            held_at=booking.held_at,
            hold_expires_at=booking.hold_expires_at,
            hold_seconds=_get_live_show(connection, booking).hold_seconds,
        )
        if expires_at == booking.hold_expires_at:
            return booking
        request = {"request": Action.EXTEND, "at": now, "hold_expires_at": expires_at}
        seat_queries.update_hold_extended(
            connection,
            show_id=booking.show_id,
            booking_id=booking.id,
            seats=booking.seats,
            hold_expires_at=expires_at,
        )
        return queries.update_extended(
            connection, booking.id, hold_expires_at=expires_at, now=now, request=request
        )

    return _act(connection, booking_id, Action.EXTEND, key, write=write)


def _get_live_show(connection: Connection, booking: Booking) -> Show:
    show = get_show(connection, booking.show_id)
    if show.status == ShowStatus.CANCELLED:
        raise ShowCancelledError("The show is cancelled, and its bookings are about to be.")
    return show


def _act(
    connection: Connection,
    booking_id: UUID,
    action: Action,
    key: Key | None,
    *,
    write: Callable[[Booking, datetime], Booking],
    at_any_time: bool = False,
) -> Acted:
    booking = queries.lock_booking(connection, booking_id)
    if booking is None:
        get_booking(connection, booking_id)
        raise AlreadySettledError("This booking is long past, and can only be read.")
    if replay := _find_replay(connection, booking, key):
        return Acted(replay, is_replay=True)
    cancel_until = None if at_any_time else _find_cancel_until(connection, booking)
    # The clock is asked once the row is locked: a request that waited for the lock is judged by now.
    now = select_clock(connection)
    stage = find_stage(
        status=booking.status,
        wants=booking.wants,
        hold_expires_at=booking.hold_expires_at,
        failure_code=booking.failure_code,
        cancel_until=cancel_until,
        now=now,
    )
    if judge_action(stage, action) is Answer.DO:
        booking = write(booking, now)
    return Acted(booking, is_replay=False)


def _find_cancel_until(connection: Connection, booking: Booking) -> datetime | None:
    if booking.status != BookingStatus.CONFIRMED:
        # cancel_until limits sold seats only.
        return None
    show = get_show(connection, booking.show_id)
    return show.cancel_until or show.start_time


def _find_replay(connection: Connection, booking: Booking, key: Key | None) -> Booking | None:
    # The lock on the booking comes first, and tells the key's show. A holder of the key waits for no booking.
    # A refusal rolls this transaction back and the key with it: refusals are not recorded.
    if key is None or claim_key(connection, key, booking):
        return None
    replay = find_replay(connection, key, show_id=booking.show_id)
    return replay[0] if replay else None


def explain_booking(connection: Connection, booking_id: UUID) -> list[dict[str, Any]]:
    """Every change of a booking, oldest first: when, what, and why. Raises BookingNotFoundError."""
    booking = get_booking(connection, booking_id)
    changes = [
        {"at": booking.created_at, "change": "BOOKING_ACCEPTED", "status": "PENDING", "why": "asked for"}
    ]
    requests = queries.select_requests(connection, booking_id)
    if requests is None:
        requests = archive_queries.select_archived_requests(connection, booking_id)
    events = read_booking_events(connection, booking_id)
    events = events or archive_queries.select_archived_events(connection, booking_id)
    changes += [_explain_request(request) for request in requests]
    is_asked_off = any(request["request"] == Action.CANCEL for request in requests)
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


def _explain_event(event: Row[Any], *, is_asked_off: bool) -> dict[str, Any]:
    failure = event.payload.get("failure")
    why = failure["code"] if failure else "settled"
    if event.type == EventType.BOOKING_CANCELLED:
        why = "as asked for" if is_asked_off else "the show was cancelled"
    return {"at": event.created_at, "change": event.type, "status": event.payload["status"], "why": why}
