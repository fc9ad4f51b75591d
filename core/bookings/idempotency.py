"""Idempotency keys: the same key with the same request for a show gives the same bookings, once made."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.engine import Connection

from core.bookings import queries
from core.bookings.errors import IdempotencyKeyReusedError
from core.infra.slot_groups import SlotGroup

# A client may retry for a day; the second day is margin for whoever counts from the answer.
KEPT_HOURS = 48
DELETED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Key:
    """A principal's key and the fingerprint of the request it came with; another key for another show."""

    principal: str
    key: str
    fingerprint: str


def use_key(connection: Connection, key: Key, *, show_id: int, booking_id: UUID) -> bool:
    """Use a key for a request about a booking that is locked; False where it was used for this one before.

    Raises IdempotencyKeyReusedError where it was used for another.
    """
    if queries.insert_key(connection, key, show_id=show_id, booking_id=booking_id):
        return True
    if queries.select_fingerprint(connection, key, show_id=show_id) != key.fingerprint:
        raise IdempotencyKeyReusedError("This Idempotency-Key came with a different request before.")
    return False


def purge_keys(connection: Connection, group: SlotGroup) -> int:
    """Forget some keys of a group that no client may rely on any more; returns how many."""
    return queries.delete_old_keys(connection, group, hours=KEPT_HOURS, limit=DELETED_AT_ONCE)
