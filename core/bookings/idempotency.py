"""Idempotency keys: the same key with the same request for a show gives the same bookings, once made."""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from core.bookings import queries
from core.bookings.errors import IdempotencyKeyReusedError
from core.bookings.views import Booking

# A client may retry for a day; the second day is margin for whoever counts from the answer.
KEPT_HOURS = 48
DELETED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Key:
    """A principal's key and the fingerprint of the request it came with; another key for another show."""

    principal: str
    key: str
    fingerprint: str


def find_replay(connection: Connection, key: Key | None, *, show_id: int) -> list[Booking] | None:
    """The bookings that this key's first use for the show gave, as they are now; None where it is new.

    Raises IdempotencyKeyReusedError where that use was another request.
    """
    if key is None:
        return None
    row = queries.select_key(connection, principal=key.principal, show_id=show_id, key=key.key)
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise IdempotencyKeyReusedError("This Idempotency-Key came with a different request before.")
    # A key is forgotten long before its bookings can be archived.
    found = queries.select_bookings(connection, row.booking_ids)
    return [found[id_] for id_ in row.booking_ids if id_ in found]


def claim_key(connection: Connection, key: Key, booking: Booking) -> bool:
    """Record the key in this transaction; False where it was used before."""
    return queries.insert_key(
        connection,
        principal=key.principal,
        show_id=booking.show_id,
        key=key.key,
        fingerprint=key.fingerprint,
        ids=[booking.id],
    )


def purge_keys(connection: Connection) -> int:
    """Forget some keys that no client may rely on any more; returns how many."""
    return queries.delete_old_keys(connection, hours=KEPT_HOURS, limit=DELETED_AT_ONCE)
