"""The pipeline's turns: settle a show until nothing of it waits, and find the shows that need it."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import NoReturn
from uuid import UUID

from sqlalchemy.engine import Connection

from core.bookings.archive_queries import move_to_archive
from core.bookings.idempotency import purge_keys
from core.errors import UnavailableError
from core.infra.brief import BriefTransaction, brief_transaction
from core.infra.db import QUERY_CANCELED, get_sqlstate, primary, retry_conflicts, transaction
from core.infra.jobs import RELAY_EVENTS, SETTLE_SHOW, clear_flag, nudge, put_up_flag, send_later
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import RoundTrip, tell_redis
from core.infra.settings import get_settings
from core.maps.cache import publish_version
from core.seats.queries import lock_version
from core.settling import queries
from core.settling.batch import Batch, settle_batch
from core.settling.quarantine import TRIES, quarantine
from core.shows.catalogue import get_entry

log = logging.getLogger(__name__)

# A worker leaves a show after so long and queues up for it again: it can stop in time, others get a turn.
TURN_SECONDS = 0.5
# Many tiny batches would eat the core that the API needs: after one, wait for the next rows to gather, about
# as long as it took. Who comes meanwhile needs no message.
SMALL_BATCH = 50
GATHER_SECONDS = 0.002
# One by one it goes on for so long, whatever the turn: a worker that was told to stop has 10 s. It comes to
# the oldest of all that there is to do, and the next one begins where this ended.
ONE_BY_ONE, ONE_BY_ONE_SECONDS = 500, 3.0
# Retries back off from 1 s to this, doubling: a confirm is never given up, and its obstacle may be gone.
LONGEST_RETRY_SECONDS = 30
# Rows and expired holds this old were not nudged, or their nudge was lost or waits behind many others.
OVERDUE_SECONDS = 1.0
# Each worker process looks so often whether beat has swept, and sweeps itself where it has not for so long:
# a little longer than a sweep that finds much to do.
WATCH_SECONDS = 1.0
SILENCE_SECONDS = 3.0
# A sweep ends after so long, that the worker can stop in time; the next begins with what is oldest.
SWEEP_SECONDS = 5.0


def settle_show(show_id: int, *, is_again: bool = False) -> None:
    """Settle the show's bookings until none waits, batch by batch, or leave it to whoever is at it.

    `is_again` where a process died at this before: it goes one by one, in case a booking was the reason.

    The nudge's flag stays up meanwhile, or each row that comes would send another worker to a locked show.
    Whoever has the show clears it before looking for rows once more: a row is seen then, or has a nudge of
    its own.
    """
    stop_at = time.monotonic() + TURN_SECONDS
    has_work = True
    while has_work and time.monotonic() < stop_at:
        is_mine = True
        try:
            # Read here, so that no batch waits for it with the show's lock in hand.
            get_entry(show_id)
            is_mine = _settle_until_quiet(show_id, stop_at=stop_at, is_again=is_again)
        finally:
            if is_mine:
                clear_flag(SETTLE_SHOW, show_id)
        has_work = is_mine and _look_again(show_id)
    if has_work:
        nudge(show_id)


def _settle_until_quiet(show_id: int, *, stop_at: float, is_again: bool) -> bool:
    """Settle until a batch finds nothing, or until then; False where another worker is at this show."""
    while time.monotonic() < stop_at:
        batch = _settle_one_by_one(show_id) if is_again else _settle_some(show_id)
        if batch is None:
            # It looks for more after its commit.
            return False
        if not batch.booking_ids:
            break
        if len(batch.booking_ids) < SMALL_BATCH:
            time.sleep(GATHER_SECONDS)
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


def _settle_one_by_one(show_id: int, *, only_retried: bool = False) -> Batch | None:
    """Each of the show's bookings in a batch of its own: what one of them makes fail, fails alone.

    With `only_retried` those that failed before and are due again. None where another worker is at this show.
    """
    with primary() as connection:
        booking_ids = queries.select_waiting_ids(
            connection, show_id, limit=ONE_BY_ONE, only_retried=only_retried
        )
    stop_at = time.monotonic() + ONE_BY_ONE_SECONDS
    for booking_id in booking_ids:
        if time.monotonic() >= stop_at:
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
        tries = tries or _count_try(booking_id)
        if not tries:
            return Batch((), None)
        return (quarantine if tries > TRIES else settle_batch)(transaction, show_id, only=booking_id)

    try:
        batch = _commit(show_id, settle)
    except Exception as error:
        if tries and _is_outage(error):
            _take_back_try(booking_id)
        raise
    if tries and (batch is None or booking_id not in batch.booking_ids):
        # SKIP LOCKED passed by the booking: a request locked it after the count.
        _take_back_try(booking_id)
    return batch


def _count_try(booking_id: UUID) -> int:
    with primary() as connection:
        return queries.update_tried(connection, booking_id, longest_seconds=LONGEST_RETRY_SECONDS)


def _take_back_try(booking_id: UUID) -> None:
    try:
        with primary() as connection:
            queries.update_not_tried(connection, booking_id)
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

    def run() -> Batch | None:
        with brief_transaction() as transaction:
            return settle(transaction)

    batch = retry_conflicts(run)
    if batch is not None and batch.booking_ids:
        _tell(show_id, batch)
        log.info("batch settled", extra={"show_id": show_id, "bookings": len(batch.booking_ids)})
    return batch


def _tell(show_id: int, batch: Batch) -> None:
    """Tell of a batch in one round trip, of its version first: who hears of a booking reads no older map."""

    def write(redis: RoundTrip) -> None:
        if batch.version is not None:
            publish_version(redis, show_id, batch.version)
        redis.publish(BOOKINGS_CHANNEL, batch.announcement)
        put_up_flag(redis, RELAY_EVENTS)

    replies = tell_redis(write)
    # Without Redis nobody knows whether the flag is up.
    if replies is None or replies[-1]:
        send_later(RELAY_EVENTS, is_flagged=True)


def nudge_expired_shows() -> int:
    """Nudge every show with holds that have expired; returns how many there are."""
    with primary() as connection:
        show_ids = queries.select_expired_shows(connection)
    for show_id in show_ids:
        nudge(show_id)
    return len(show_ids)


def sweep_shows(*, is_again: bool = False) -> int:
    """Settle the shows whose rows have waited too long, for whatever reason; returns how many there are.

    Here and now, a turn each: another nudge would queue up where the first one was lost, or waits.
    """
    with primary() as connection:
        queries.update_swept(connection)
        show_ids = queries.select_overdue_shows(connection, seconds=OVERDUE_SECONDS)
    stop_at = time.monotonic() + SWEEP_SECONDS
    for show_id in show_ids:
        if time.monotonic() >= stop_at:
            break
        try:
            settle_show(show_id, is_again=is_again)
        except UnavailableError as error:
            log.warning("show not swept", extra={"show_id": show_id, "error": str(error)})
        except Exception:
            # One show that cannot be settled just now must not keep the sweep from all the others.
            log.exception("show not swept", extra={"show_id": show_id})
    return len(show_ids)


def watch_over_beat() -> NoReturn:
    """Sweep in beat's place while it is silent: every worker process does so, in a thread of its own.

    Without Redis too, when no message can tell a worker anything: bookings then settle a few seconds late.
    """
    while True:
        time.sleep(WATCH_SECONDS)
        try:
            stand_in_for_beat()
        except UnavailableError as error:
            log.debug("nothing swept", extra={"error": str(error)})
        except Exception:
            # This thread must outlive whatever goes wrong at one show.
            log.exception("nothing swept")


def stand_in_for_beat() -> bool:
    """Sweep where nobody has for a while, as one of all worker processes; whether it was this one."""
    with primary() as connection:
        is_silent = queries.update_swept(connection, seconds=SILENCE_SECONDS)
    if is_silent:
        sweep_shows()
        send_later(RELAY_EVENTS)
    return is_silent


def archive_bookings() -> int:
    """Archive all bookings of shows long past, with their events, some at a time; returns how many."""
    return _repeat(partial(move_to_archive, days=get_settings().archive_after_days))


def purge_idempotency_keys() -> int:
    """Forget all keys that have had their time, some at a time; returns how many."""
    return _repeat(purge_keys)


def _repeat(change_some: Callable[[Connection], int]) -> int:
    changed = 0
    while True:
        with transaction() as connection:
            some = change_some(connection)
        changed += some
        if not some:
            return changed
