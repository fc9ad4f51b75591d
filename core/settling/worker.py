"""The pipeline's turns: settle a show until nothing of it waits."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

from core.errors import UnavailableError
from core.infra import tracing
from core.infra.brief import BriefTransaction, brief_transaction
from core.infra.db import QUERY_CANCELED, get_sqlstate, primary, retry_conflicts
from core.infra.jobs import RELAY_EVENTS, SETTLE_SHOW, clear_flag, nudge, put_up_flag, send_later
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import RoundTrip, tell_redis
from core.maps.cache import publish_version
from core.payments.telling import have_payments_settled
from core.seats.queries import lock_version
from core.settling import queries
from core.settling.batch import Batch, settle_batch
from core.settling.counting import count_batch
from core.settling.lingering import LINGER_SECONDS, linger
from core.settling.quarantine import TRIES, quarantine
from core.settling.traces import trace_batch
from core.shows.catalogue import get_entry

log = logging.getLogger(__name__)

# A worker leaves a show after so long and queues up for it again: it can stop in time, others get a turn.
TURN_SECONDS = 0.5
# Many tiny batches would eat the core that the API needs: after one, rows gather (Pauses).
SMALL_BATCH = 50
# After the last batch, rows that came this moment gather for so long.
GATHER_SECONDS = 0.002
# One by one it goes on for so long, whatever the turn: a worker that was told to stop has 10 s. It comes to
# the oldest of all that there is to do, and the next one begins where this ended.
ONE_BY_ONE, ONE_BY_ONE_SECONDS = 500, 3.0
# Retries back off from 1 s to this, doubling: a confirm is never given up, and its obstacle may be gone.
LONGEST_RETRY_SECONDS = 30


class Pauses(NamedTuple):
    """How long a turn pauses after a small batch: seconds, and how many times as long as the batch took.

    After one booking the process lingers for the next. Rows gather for half as long again as the batch took:
    a crowd that was told at once is back by then. Bookings that arrive meanwhile need no message.
    """

    linger: float = LINGER_SECONDS
    gather_factor: float = 1.5
    longest_gather: float = 0.01


def settle_show(
    show_id: int,
    *,
    is_again: bool = False,
    is_over: Callable[[], bool] | None = None,
    pauses: Pauses = Pauses(),  # noqa: B008 (it never changes)
) -> None:
    """Settle the show's bookings until none waits, batch by batch, or leave it to whoever is at it.

    `is_again` where a process died at this before: it goes one by one, in case a booking was the reason. The
    turn ends when it `is_over`, by default after TURN_SECONDS.

    The nudge's flag stays up meanwhile, or each row that comes would send another worker to a locked show.
    Whoever has the show clears it before looking for rows once more: a row is seen then, or has a nudge of
    its own.
    """
    stop_at = time.monotonic() + TURN_SECONDS
    is_over = is_over or (lambda: time.monotonic() >= stop_at)
    has_work = True
    while has_work and not is_over():
        is_mine = True
        try:
            # Read here, so that no batch waits for it with the show's lock in hand.
            get_entry(show_id)
            is_mine = _settle_until_quiet(show_id, is_over, pauses, is_again=is_again)
        finally:
            if is_mine:
                clear_flag(SETTLE_SHOW, show_id)
        has_work = is_mine and _look_again(show_id)
    if has_work:
        nudge(show_id)


def _settle_until_quiet(show_id: int, is_over: Callable[[], bool], pauses: Pauses, *, is_again: bool) -> bool:
    """Settle until a batch finds nothing, or the turn is over; False where another worker is at this show."""
    while not is_over():
        began = time.monotonic()
        batch = _settle_one_by_one(show_id) if is_again else _settle_some(show_id)
        if batch is None:
            # It looks for more after its commit.
            return False
        if not batch.settled:
            break
        if len(batch.settled) == 1 and linger(show_id, partial(_has_rows, show_id), seconds=pauses.linger):
            continue
        if len(batch.settled) < SMALL_BATCH:
            time.sleep(min(pauses.gather_factor * (time.monotonic() - began), pauses.longest_gather))
    return True


def _look_again(show_id: int) -> bool:
    """Whether there is work left, once those that failed before and are due were tried again, alone."""
    work = _find_work(show_id)
    if work.alone and _settle_one_by_one(show_id, only_retried=True) is None:
        return False
    if work.for_batch:
        # It came this moment, or a request has it locked: it may have company, or be free, in a moment.
        time.sleep(GATHER_SECONDS)
    return any(work)


def _has_rows(show_id: int) -> bool:
    return _find_work(show_id).for_batch


def _find_work(show_id: int) -> queries.Due:
    # Without the lock, after the commit: whoever found the show locked has left it to this.
    with primary() as connection:
        return queries.select_work(connection, show_id)


def _settle_some(show_id: int) -> Batch | None:
    try:
        return _commit(show_id, lambda transaction: settle_batch(transaction, show_id))
    except Exception as error:
        if _is_outage(error):
            raise
        log.exception("batch rolled back", extra={"show_id": show_id})
        return _settle_one_by_one(show_id)


def _settle_one_by_one(
    show_id: int, *, only_retried: bool = False, clock: Callable[[], float] = time.monotonic
) -> Batch | None:
    """Each of the show's bookings in a batch of its own: what one of them makes fail, fails alone.

    With `only_retried` those that failed before and are due again. None where another worker is at this show.
    """
    with primary() as connection:
        booking_ids = queries.select_waiting_ids(
            connection, show_id, limit=ONE_BY_ONE, only_retried=only_retried
        )
    stop_at = clock() + ONE_BY_ONE_SECONDS
    for booking_id in booking_ids:
        if clock() >= stop_at:
            break
        try:
            if _settle_alone(show_id, booking_id) is None:
                return None
        except Exception as error:
            if _is_outage(error):
                raise
            log.exception("booking not settled", extra={"booking_id": str(booking_id)})
    return Batch((), None)


def _settle_alone(show_id: int, booking_id: UUID) -> Batch | None:
    """Settle one booking in a batch of its own, as a try: it counts where it raises, or its process dies.

    The count comes first, on a connection of its own, to survive both; and after the show's lock, so that a
    process that loses the race for the lock counts nothing.
    """
    tries = 0

    def settle(transaction: BriefTransaction) -> Batch | None:
        nonlocal tries
        if lock_version(transaction.connection, show_id) is None:
            return None
        # retry_conflicts() may run this transaction again: that is the same try.
        tries = tries or _count_try(show_id, booking_id)
        if not tries:
            return Batch((), None)
        return (quarantine if tries > TRIES else settle_batch)(transaction, show_id, only=booking_id)

    try:
        batch = _commit(show_id, settle)
    except Exception as error:
        if tries and _is_outage(error):
            _take_back_try(show_id, booking_id)
        raise
    if tries and (batch is None or booking_id not in batch.booking_ids):
        # SKIP LOCKED passed by the booking: a request locked it after the count.
        _take_back_try(show_id, booking_id)
    return batch


def _count_try(show_id: int, booking_id: UUID) -> int:
    with primary() as connection:
        return queries.update_tried(connection, show_id, booking_id, longest_seconds=LONGEST_RETRY_SECONDS)


def _take_back_try(show_id: int, booking_id: UUID) -> None:
    try:
        with primary() as connection:
            queries.update_not_tried(connection, show_id, booking_id)
    except UnavailableError:
        # The count stays one too high: giving a booking up would take three more outages at this very moment.
        log.info("a try stays counted", extra={"booking_id": str(booking_id)})


def _is_outage(error: Exception) -> bool:
    """Whether settling failed for want of the database, and not at a booking.

    A statement that ran out of its time did so at what it was given: fewer bookings take less of it.
    """
    return isinstance(error, UnavailableError) and get_sqlstate(error) != QUERY_CANCELED


def _commit(show_id: int, settle: Callable[[BriefTransaction], Batch | None]) -> Batch | None:
    """Run a batch's transaction, again where it lost to another, and tell whoever waits what came of it."""

    began = 0.0

    def run() -> Batch | None:
        nonlocal began
        began = time.perf_counter()
        with brief_transaction() as transaction:
            return settle(transaction)

    deferred = tracing.defer()
    with tracing.within(deferred):
        batch = retry_conflicts(run)
    if batch is not None and batch.now is not None:
        seconds = time.perf_counter() - began
        _tell(show_id, batch)
        count_batch(batch.settled, now=batch.now, seconds=seconds)
        log.info("batch settled", extra={"show_id": show_id, "bookings": len(batch.settled)})
        if deferred:
            # Spans come last: requests that wait for the batch have their answer first.
            trace_batch(deferred, show_id, batch.settled)
    return batch


def _tell(show_id: int, batch: Batch) -> None:
    """Tell of a batch in one round trip, of its version first: who hears of a booking reads no older map."""

    def write(redis: RoundTrip) -> None:
        if batch.version is not None:
            publish_version(redis, show_id, batch.version)
        redis.publish(BOOKINGS_CHANNEL, batch.announcement)
        put_up_flag(redis, RELAY_EVENTS)

    if batch.has_payments:
        have_payments_settled()
    replies = tell_redis(write)
    # Without Redis nobody knows whether the flag is up.
    if replies is None or replies[-1]:
        send_later(RELAY_EVENTS, is_flagged=True)
