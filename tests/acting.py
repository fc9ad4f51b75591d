"""What happens to bookings, by hand: accept, settle, confirm, cancel, let time pass, look."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.bookings import accepting, acting
from core.bookings.accepting import Accepted, prepare, prepare_batch
from core.bookings.accepting_queries import SaleTerms
from core.bookings.acting import Acted, insist
from core.bookings.idempotency import Key
from core.bookings.reading import read_bookings
from core.bookings.requests import Asked, NewBooking, Request
from core.bookings.rules import Action
from core.bookings.views import Booking
from core.errors import SeatlineError
from core.infra.async_db import LoopConnection
from core.infra.brief import BriefTransaction, brief_transaction
from core.infra.db import primary, transaction
from core.infra.jobs import BOOKINGS_QUEUE, nudge
from core.infra.redis import get_redis
from core.infra.settings import get_settings
from core.settling import worker
from core.settling.batch import LIMITS, Batch, Limits, settle_batch
from core.settling.queries import select_work

T = TypeVar("T")


# Of each database: a test's many threads are as many clients of a few processes.
CONNECTIONS = 8
_idle: dict[str, SimpleQueue[LoopConnection]] = {}
_filling = threading.Lock()


def run_on_loop(run: Callable[[LoopConnection], Awaitable[T]]) -> T:
    """What `run` comes to on an event loop of its own, with one of a few connections."""

    async def play() -> T:
        return await run(connection)

    url = get_settings().database_url
    with _filling:
        if url not in _idle:
            _idle[url] = SimpleQueue()
            for _ in range(CONNECTIONS):
                _idle[url].put(LoopConnection())
    connection = _idle[url].get()
    try:
        return asyncio.run(play())
    finally:
        _idle[url].put(connection)


# As in a process that serves on and on: of shows that another test has made too.
_terms: dict[int, SaleTerms] = {}


def book(show_id: int, *seats: str, key: Key | None = None, **options: Any) -> UUID:
    """Accept a booking of these seats (or, by the options, of a quantity); its id."""
    return accept_booking(NewBooking(show_id=show_id, seats=seats, **options), key).bookings[0].id


def accept_booking(new: NewBooking, key: Key | None = None) -> Accepted:
    """Accept one booking, or raise what refuses it."""
    return unwrap(accept([prepare(new, key)]))


def accept_batch(news: Sequence[NewBooking], key: Key | None = None) -> Accepted:
    """Accept several, all or none, or raise what refuses them."""
    return unwrap(accept([prepare_batch(news, key)]))


def accept(requests: Sequence[Request]) -> list[Accepted | SeatlineError]:
    """Accept these together."""
    return run_on_loop(
        lambda connection: accepting.accept(connection, requests, nudge=nudge, remembered=_terms)
    )


def unwrap(outcomes: Sequence[T | SeatlineError]) -> T:
    """The only outcome, raised where it is a refusal."""
    (outcome,) = outcomes
    if isinstance(outcome, SeatlineError):
        raise outcome
    return outcome


def count_messages(queue: str = BOOKINGS_QUEUE) -> int:
    """The messages that wait for a worker."""
    return int(get_redis().llen(queue))


def make_ready(show_id: int, *seats: str, key: Key | None = None, **options: Any) -> Request:
    """Such a booking, ready to be accepted together with others."""
    return prepare(NewBooking(show_id=show_id, seats=seats, **options), key)


def settle(show_id: int, limits: Limits = LIMITS) -> Batch | None:
    """Settle one batch and commit it."""
    with brief_transaction() as transaction:
        return settle_batch(transaction, show_id, limits=limits)


def settle_by(make: Callable[[Connection], BriefTransaction], show_id: int) -> None:
    """Settle one batch and commit it, by a transaction of the test's own kind."""
    with primary() as connection:
        transaction = make(connection)
        try:
            settle_batch(transaction, show_id)
            transaction.commit()
        except BaseException:
            transaction.roll_back()
            raise


@contextmanager
def uncommitted_batch(show_id: int) -> Iterator[None]:
    """Settle one batch, which commits as the block ends; a small one would with its last statement."""
    with brief_transaction() as transaction:
        assert settle_batch(transaction, show_id, limits=Limits(small=0))
        yield


def settle_all(show_id: int, limits: Limits = LIMITS) -> list[Batch]:
    """Settle batches until nothing of the show waits; those that settled something."""
    batches = []
    while has_work(show_id):
        settled = settle(show_id, limits)
        batches += [settled] if settled and settled.booking_ids else []
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


def confirm(booking_id: UUID, key: Key | None = None) -> Acted:
    """Ask for a confirm, as a request would."""
    return _act(booking_id, Action.CONFIRM, key)


def cancel(booking_id: UUID, key: Key | None = None) -> Acted:
    """Ask for a cancel, as a request would."""
    return _act(booking_id, Action.CANCEL, key)


def extend(booking_id: UUID, key: Key | None = None) -> Acted:
    """Extend a hold, as a request would."""
    return _act(booking_id, Action.EXTEND, key)


def _act(booking_id: UUID, action: Action, key: Key | None) -> Acted:
    asked = Asked(booking_id=booking_id, action=action, key=key)

    async def ask(connection: LoopConnection, asked: Asked) -> Acted:
        return unwrap(await acting.act(connection, [asked], nudge=nudge))

    return run_on_loop(lambda connection: insist(partial(ask, connection), asked))


def act(*asked: Asked) -> list[Acted | SeatlineError]:
    """What came of asking all this at once."""
    return run_on_loop(lambda connection: acting.act(connection, asked, nudge=nudge))


def read(booking_id: UUID) -> Booking:
    """The booking as it is now."""
    return read_all(booking_id)[booking_id]


def read_all(*ids: UUID) -> dict[UUID, Booking]:
    """Those of these bookings that exist."""
    return run_on_loop(lambda connection: read_bookings(connection, ids))


def lock(connection: Connection, *ids: UUID) -> None:
    """Lock bookings in this transaction, as somebody who is changing them would."""
    for booking_id in ids:
        connection.execute(text("SELECT FROM bookings WHERE id = :id FOR NO KEY UPDATE"), {"id": booking_id})


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
    """Let the hold, if it is one still, end so many seconds from now (a second ago)."""
    ends = "clock_timestamp() + make_interval(secs => :seconds)"
    run(
        f"WITH b AS (UPDATE bookings SET hold_expires_at = {ends}"
        "            WHERE id = :id AND hold_expires_at IS NOT NULL RETURNING id, hold_expires_at)"
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
