"""Sweeps: shows whose bookings waited too long, for whatever reason, are found and settled."""

import logging
import time
from collections.abc import Callable
from functools import partial
from itertools import chain, zip_longest
from typing import NoReturn

from sqlalchemy.engine import Connection

from core.errors import UnavailableError
from core.infra.db import primary
from core.infra.jobs import RELAY_EVENTS, SETTLE_PAYMENTS, nudge, send_later
from core.infra.metrics import SHOWS_SWEPT, SWEEPS
from core.infra.slot_groups import SlotGroup, for_each_group
from core.settling import queries
from core.settling.worker import settle_show

log = logging.getLogger(__name__)

# Rows and expired holds this old were not nudged, or their nudge was lost or waits behind many others.
OVERDUE_SECONDS = 1.0
# Each worker process looks so often whether beat has swept, and sweeps itself where it has not for so long:
# a little longer than a sweep that finds much to do.
WATCH_SECONDS = 1.0
SILENCE_SECONDS = 3.0
# A sweep ends after so long, that the worker can stop in time; the next begins with what is oldest.
SWEEP_SECONDS = 5.0


def nudge_expired_shows() -> int:
    """Nudge every show with holds that have expired; returns how many there are."""
    show_ids = _find_shows(queries.select_expired_shows)
    for show_id in show_ids:
        nudge(show_id)
    return len(show_ids)


def sweep_shows(*, is_again: bool = False) -> int:
    """Settle the shows whose rows have waited too long, for whatever reason; returns how many there are.

    Here and now, a turn each: another nudge would queue up where the first one was lost, or waits.
    """
    with primary() as connection:
        queries.update_swept(connection)
    SWEEPS.inc()
    show_ids = _find_shows(partial(queries.select_overdue_shows, seconds=OVERDUE_SECONDS))
    stop_at = time.monotonic() + SWEEP_SECONDS
    for show_id in show_ids:
        if time.monotonic() >= stop_at:
            break
        SHOWS_SWEPT.inc()
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
        send_later(SETTLE_PAYMENTS)
    return is_silent


def _find_shows(select: Callable[[Connection, SlotGroup], list[int]]) -> list[int]:
    """Shows of all groups that can be asked, each group's first ones first."""

    def find(group: SlotGroup) -> list[int]:
        with primary() as connection:
            return select(connection, group)

    by_turns = zip_longest(*for_each_group(find))
    return [show_id for show_id in chain.from_iterable(by_turns) if show_id is not None]
