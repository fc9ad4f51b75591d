"""What happens to bookings, by hand: accept, settle, confirm, cancel, let time pass, look."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from core.bookings import accepting, service
from core.bookings.accepting import NewBooking, Request, accept_booking, prepare
from core.bookings.idempotency import Key
from core.bookings.views import Booking
from core.infra.async_db import LoopConnection
from core.infra.db import primary, retry_conflicts, transaction
from core.infra.jobs import BOOKINGS_QUEUE
from core.infra.redis import get_redis
from core.settling import worker
from core.settling.batch import Batch, settle_batch
from core.settling.queries import select_work
from core.shows.catalogue import get_entry


def book(show_id: int, *seats: str, key: Key | None = None, **options: Any) -> UUID:
    """Accept a booking of these seats (or, by the options, of a quantity); its id."""
    return accept_booking(NewBooking(show_id=show_id, seats=seats, **options), key).bookings[0].id


def count_messages(queue: str = BOOKINGS_QUEUE) -> int:
    """The messages that wait for a worker."""
    return int(get_redis().llen(queue))


def accept_together(requests: list[Request]) -> list[list[Booking]]:
    """Accept these together, on an event loop of their own."""
    return asyncio.run(accepting.accept_together(LoopConnection(), requests))


def make_ready(show_id: int, *seats: str, key: Key | None = None, **options: Any) -> Request:
    """Such a booking, ready to be accepted together with others."""
    get_entry(show_id)
    request = prepare(NewBooking(show_id=show_id, seats=seats, **options), key)
    assert request
    return request


def settle(show_id: int) -> Batch | None:
    """Settle one batch and commit it."""
    with transaction() as connection:
        return settle_batch(connection, show_id)


def settle_all(show_id: int) -> list[Batch]:
    """Settle batches until nothing of the show waits; those that settled something."""
    batches = []
    while has_work(show_id):
        batch = settle(show_id)
        batches += [batch] if batch and batch.booking_ids else []
    return batches


def has_work(show_id: int) -> bool:
    """Whether anything of the show waits for a batch."""
    with primary() as connection:
        return bool(select_work(connection, show_id).for_batch)


def hold(show_id: int, *seats: str, **options: Any) -> UUID:
    """A booking whose seats are held."""
    booking_id = book(show_id, *seats, hold=True, **options)
    settle(show_id)
    assert read(booking_id).is_held
    return booking_id


def confirm(booking_id: UUID, key: Key | None = None) -> service.Acted:
    """Ask for a confirm, as a request would."""
    return _act(service.confirm_booking, booking_id, key)


def cancel(booking_id: UUID, key: Key | None = None) -> service.Acted:
    """Ask for a cancel, as a request would."""
    return _act(service.cancel_booking, booking_id, key)


def extend(booking_id: UUID, key: Key | None = None) -> service.Acted:
    """Extend a hold, as a request would."""
    return _act(service.extend_booking, booking_id, key)


def _act(action: Any, booking_id: UUID, key: Key | None) -> service.Acted:
    def run() -> service.Acted:
        with transaction() as connection:
            acted: service.Acted = action(connection, booking_id, key)
            return acted

    return retry_conflicts(run)


def read(booking_id: UUID) -> Booking:
    """The booking as it is now."""
    with primary() as connection:
        return service.get_booking(connection, booking_id)


def tell(booking_id: UUID) -> str:
    """The booking in a word: its failure's code, else its status, or "held"."""
    booking = read(booking_id)
    return booking.failure_code or ("held" if booking.is_held else booking.status)


def tell_all(booking_ids: Iterable[UUID]) -> list[str]:
    """Each of them in a word."""
    return [tell(booking_id) for booking_id in booking_ids]


def run(statement: str, **parameters: Any) -> int:
    """Change the database behind the service's back; how many rows."""
    with transaction() as connection:
        return int(connection.execute(text(statement), parameters).rowcount)


def ask(query: str, **parameters: Any) -> list[Any]:
    """The rows of a query."""
    with primary() as connection:
        return list(connection.execute(text(query), parameters))


def end_hold(booking_id: UUID, *, in_seconds: float = -1.0) -> None:
    """Let the hold end so many seconds from now (a second ago)."""
    ends = "clock_timestamp() + make_interval(secs => :seconds)"
    run(
        f"WITH b AS (UPDATE bookings SET hold_expires_at = {ends} WHERE id = :id"
        "            RETURNING id, hold_expires_at)"
        " UPDATE seats s SET hold_expires_at = b.hold_expires_at FROM b WHERE s.booking_id = b.id",
        id=booking_id,
        seconds=in_seconds,
    )


def make_older(booking_id: UUID, seconds: float) -> None:
    """Let the booking have been accepted earlier."""
    run(
        "UPDATE bookings SET created_at = created_at - make_interval(secs => :s),"
        " updated_at = updated_at - make_interval(secs => :s) WHERE id = :id",
        id=booking_id,
        s=seconds,
    )


def read_seats(show_id: int) -> dict[str, str]:
    """Each seat's status."""
    rows = ask("SELECT seat_number, status FROM seats WHERE show_id = :id", id=show_id)
    return {row.seat_number: row.status for row in rows}


def read_version(show_id: int) -> int:
    """The version of the show's map."""
    return int(ask("SELECT version FROM show_versions WHERE show_id = :id", id=show_id)[0].version)


def read_events(booking_id: UUID) -> list[str]:
    """The types of the booking's events, in order."""
    rows = ask("SELECT type FROM events WHERE booking_id = :id ORDER BY seq", id=booking_id)
    return [row.type.removeprefix("BOOKING_") for row in rows]


def settle_in_turns(show_id: int, times: int = 4) -> None:
    """Settle as workers do, with the time until the next try over before each turn."""
    for _ in range(times):
        make_due()
        worker.settle_show(show_id)


def make_due() -> None:
    """Let the time until the next try of whatever settling failed at be over."""
    run("UPDATE bookings SET retry_at = clock_timestamp() WHERE retry_at IS NOT NULL")
