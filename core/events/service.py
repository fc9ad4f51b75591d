"""What can be done with events: write them with a transition, read the feed, read a booking's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from orjson import Fragment
from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.events import queries
from core.events.models import EventType
from core.events.publisher import publish
from core.infra.ids import new_id

SOURCE = "/seatline/bookings"
# Stamping at most so many before a page of the feed is read keeps that request short; the rest is next.
PLACED_AT_ONCE = 5_000
# Sent and noted in one transaction: few enough that a broker takes them in a fraction of a second.
PUBLISHED_AT_ONCE = 500


class Transition(NamedTuple):
    """What became of a booking, to be told: its event type and the booking as it is now, in JSON."""

    type: EventType
    booking_id: UUID
    document: bytes


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An event at its place in the feed."""

    position: int
    envelope: dict[str, Any]


def to_events(transitions: Iterable[Transition]) -> list[dict[str, Any]]:
    """One event a transition, for INSERT_EVENTS in the transaction that makes it."""
    return [
        {"id": new_id(), "booking_id": t.booking_id, "type": t.type.value, "payload": Fragment(t.document)}
        for t in transitions
    ]


def place_events(connection: Connection) -> int:
    """Give committed events their places in the feed; returns how many.

    After their commit, by one at a time: a place is then never behind one that a reader has passed, as an
    id or a time taken before the commit could be.
    """
    return queries.update_placed(connection, limit=PLACED_AT_ONCE) if queries.lock_feed(connection) else 0


def publish_events(connection: Connection) -> int:
    """Send the broker the next page of the feed that it does not have; returns how many events.

    Noted after the sending, in one transaction: a relay that dies in between has its events sent again. One
    relay at a time, which keeps all events in the feed's order.
    Raises UnavailableError where the broker does not take them: they stay, to be sent later.
    """
    after = queries.lock_cursor(connection)
    page = [] if after is None else read_feed(connection, after=after, limit=PUBLISHED_AT_ONCE)
    if page:
        publish([item.envelope for item in page])
        queries.update_cursor(connection, page[-1].position)
    return len(page)


def read_feed(connection: Connection, *, after: int, limit: int) -> list[FeedItem]:
    """The events after a place in the feed, in order."""
    return [
        FeedItem(row.position, to_envelope(row))
        for row in queries.select_feed(connection, after=after, limit=limit)
    ]


def read_booking_events(connection: Connection, booking_id: UUID) -> list[Row[Any]]:
    """A booking's events in order."""
    return queries.select_booking_events(connection, booking_id)


def to_envelope(row: Row[Any]) -> dict[str, Any]:
    """The event as CloudEvents 1.0 has it in JSON (its section 3.1): the same at every reading."""
    return {
        "specversion": "1.0",
        "id": str(row.id),
        "source": SOURCE,
        "type": row.type,
        "subject": str(row.booking_id),
        "time": row.created_at,
        "datacontenttype": "application/json",
        "data": row.payload,
    }
