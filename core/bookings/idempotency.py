"""Idempotency keys: the same key with the same request gives the same bookings, once made."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.engine import Connection

from core.bookings import queries
from core.bookings.errors import IdempotencyKeyReusedError
from core.bookings.views import Booking

# A client may retry for a day; the second day is margin for whoever counts from the answer.
KEPT_HOURS = 48
DELETED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Key:
    """A client's key and the fingerprint of the request it came with."""

    client: str
    key: str
    fingerprint: str


def find_replay(connection: Connection, key: Key | None) -> list[Booking] | None:
    """The bookings that this key's first use gave, as they are now; None where it is new.

    Raises IdempotencyKeyReusedError where that use was another request.
    """
    row = queries.select_key(connection, client=key.client, key=key.key) if key else None
    if key is None or row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise IdempotencyKeyReusedError("This Idempotency-Key came with a different request before.")
    # A key is forgotten long before its bookings can be archived.
    found = queries.select_bookings(connection, row.booking_ids)
    return [found[id_] for id_ in row.booking_ids if id_ in found]


def claim_key(connection: Connection, key: Key, booking_id: UUID) -> bool:
    """Record the key in this transaction; False where it was used before."""
    return queries.insert_key(
        connection, client=key.client, key=key.key, fingerprint=key.fingerprint, ids=[booking_id]
    )


def purge_keys(connection: Connection) -> int:
    """Forget some keys that no client may rely on any more; returns how many."""
    return queries.delete_old_keys(connection, hours=KEPT_HOURS, limit=DELETED_AT_ONCE)
