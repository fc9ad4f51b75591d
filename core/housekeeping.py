"""Housekeeping: bookings of shows long past are archived, old idempotency keys forgotten."""

from collections.abc import Callable
from functools import partial

from sqlalchemy.engine import Connection

from core.bookings.archive_queries import move_to_archive
from core.bookings.idempotency import purge_keys
from core.infra.db import transaction
from core.infra.settings import get_settings
from core.infra.slot_groups import SlotGroup, for_each_group


def archive_bookings() -> int:
    """Archive all bookings of shows long past, with their events, some at a time; returns how many."""
    return _repeat(partial(move_to_archive, days=get_settings().archive_after_days))


def purge_idempotency_keys() -> int:
    """Forget all keys that have had their time, some at a time; returns how many."""
    return _repeat(purge_keys)


def _repeat(change_some: Callable[[Connection, SlotGroup], int]) -> int:
    return sum(for_each_group(partial(_repeat_in, change_some)))


def _repeat_in(change_some: Callable[[Connection, SlotGroup], int], group: SlotGroup) -> int:
    changed = 0
    while True:
        with transaction() as connection:
            some = change_some(connection, group)
        changed += some
        if not some:
            return changed
