"""Housekeeping: bookings of shows long past are archived, old keys and webhooks forgotten."""

from collections.abc import Callable
from functools import partial

from sqlalchemy.engine import Connection

from core.bookings.archive_queries import move_to_archive
from core.bookings.idempotency import purge_keys
from core.infra.db import transaction
from core.infra.settings import get_settings
from core.infra.slot_groups import SlotGroup, for_each_group
from core.payments.event_queries import delete_old_events


def archive_bookings() -> int:
    """Archive all bookings of shows long past, with their events, some at a time; returns how many."""
    return _repeat(partial(move_to_archive, days=get_settings().archive_after_days))


def purge_idempotency_keys() -> int:
    """Forget all keys that have had their time, some at a time; returns how many."""
    return _repeat(purge_keys)


def purge_payment_events() -> int:
    """Forget all webhooks of payment providers that came long ago, some at a time; returns how many."""
    return _repeat(delete_old_events)


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
