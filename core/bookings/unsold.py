"""What of a show may change only while nothing of it is sold or asked for, since bookings go by it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.bookings.queries import has_live_bookings
from core.shows import service
from core.shows.errors import ShowHasBookingsError
from core.shows.queries import lock_show, lock_show_for_terms
from core.shows.service import Show

# A booking keeps its currency, and is confirmed with a payment or without, as it was when it was accepted.
TERMS = frozenset({"currency", "payment_required"})


def change_show(connection: Connection, show_id: int, changes: Mapping[str, Any]) -> Show:
    """Change a show as update_show() does; its terms only while no booking of it is live.

    Raises ShowHasBookingsError, and as update_show() does.
    """
    row = lock_show(connection, show_id)
    if row is not None and row.cancelled_at is None and _has_other_terms(row, changes):
        # At first without waiting: in a rush there is always somebody being accepted.
        _check_unsold(connection, show_id)
        # Accepting has a share of this lock until its commit, and judges anew where it waited for it: what it
        # accepted by these terms is found after it, and no more comes.
        lock_show_for_terms(connection, show_id)
        _check_unsold(connection, show_id)
    return service.update_show(connection, show_id, changes)


def _has_other_terms(show: Row[Any], changes: Mapping[str, Any]) -> bool:
    return any(changes[name] != getattr(show, name) for name in TERMS & changes.keys())


def _check_unsold(connection: Connection, show_id: int) -> None:
    if has_live_bookings(connection, show_id):
        raise ShowHasBookingsError(
            "A booking of this show is PENDING or CONFIRMED, so its currency and payment_required stay."
        )
