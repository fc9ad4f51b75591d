"""What can be done with events: write them with a transition, read the feed, read a booking's own."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from orjson import Fragment
from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.events import queries
from core.events.models import EventType
from core.events.publisher import publish
from core.infra import tracing
from core.infra.db import primary, transaction
from core.infra.ids import new_id
from core.infra.slot_groups import SlotGroup, for_each_group, list_groups
from core.infra.tracing import TRACEPARENT

SOURCE = "/seatline/bookings"
# Stamping at most so many before a page of the feed is read keeps that request short; the rest is next.
PLACED_AT_ONCE = 5_000
# Sent and noted in one transaction: few enough that a broker takes them in a fraction of a second.
PUBLISHED_AT_ONCE = 500


class Transition(NamedTuple):
    """What became of a booking, to be told: its event type and the booking as it is now, in JSON.

    `trace` is the traceparent of the request for it, where that is sampled.
    """

    type: EventType
    booking_id: UUID
    document: bytes
    trace: str | None


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An event at its place in the feed of its slot group."""

    position: int
    envelope: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events of all groups; `places` says, group by group, up to where they go."""

    items: list[FeedItem]
    places: list[int]


def to_events(transitions: Iterable[Transition], *, slot: int) -> list[dict[str, Any]]:
    """One event a transition of bookings of this slot, for INSERT_EVENTS in the transaction that makes it."""
    return [
        {
            "id": new_id(slot),
            "booking_id": t.booking_id,
            "type": t.type.value,
            "payload": Fragment(t.document),
            "trace": t.trace,
        }
        for t in transitions
    ]


def place_events(connection: Connection, group: SlotGroup) -> int:
    """Give a group's committed events their places in its feed; returns how many.

    After their commit, by one at a time: a place is then never behind one that a reader has passed, as an
    id or a time taken before the commit could be.
    """
    return (
        queries.update_placed(connection, group, limit=PLACED_AT_ONCE)
        if queries.lock_feed(connection, group)
        else 0
    )


def publish_events(connection: Connection, group: SlotGroup) -> int:
    """Send the broker the next page of a group's feed that it does not have; returns how many events.

    Noted after the sending, in one transaction: a relay that dies in between has its events sent again. One
    relay at a time, which keeps a group's events in the feed's order.
    Raises BrokerError where the broker does not take them: they stay, to be sent later.
    """
    after = queries.lock_cursor(connection, group)
    page = [] if after is None else read_group(connection, group, after=after, limit=PUBLISHED_AT_ONCE)
    if page:
        began = time.time_ns()
        publish([item.envelope for item in page])
        _trace_published([item.envelope for item in page], began)
        queries.update_cursor(connection, group, page[-1].position)
    return len(page)


def _trace_published(envelopes: Iterable[dict[str, Any]], began: int) -> None:
    for envelope in envelopes:
        if traceparent := envelope.get(TRACEPARENT):
            name, carrier = f"publish {envelope['type']}", {TRACEPARENT: traceparent}
            tracing.end_span(tracing.start_from(carrier, name, "PRODUCER", began=began))


def read_group(connection: Connection, group: SlotGroup, *, after: int, limit: int) -> list[FeedItem]:
    """A group's events after a place in its feed, in order."""
    return [
        FeedItem(row.position, to_envelope(row))
        for row in queries.select_feed(connection, group, after=after, limit=limit)
    ]


def read_feed(after: Sequence[int], *, limit: int) -> FeedPage:
    """The next events after these places, a group each: each group's in order, the earliest placed first.

    They are given places first. A group that cannot be asked is left where it is. Raises UnavailableError
    where none can be.
    """
    groups = list_groups()
    # A cursor with one place was made before there were groups: it holds for each of them.
    places = list(after) if len(after) == len(groups) else [after[0] if after else 0] * len(groups)

    def read(group: SlotGroup) -> list[tuple[FeedItem, int]]:
        with transaction() as connection:
            place_events(connection, group)
        with primary() as connection:
            items = read_group(connection, group, after=places[group.number], limit=limit)
        return [(item, group.number) for item in items]

    found = sorted(chain.from_iterable(for_each_group(read)), key=lambda each: each[0].position)[:limit]
    for item, number in found:
        places[number] = item.position
    return FeedPage([item for item, _ in found], places)


def count_unpublished(*, limit: int) -> tuple[int, float]:
    """Events that the broker does not have, counted to `limit` a group, and the oldest's age in seconds."""

    def count(group: SlotGroup) -> Row[Any]:
        with primary() as connection:
            return queries.select_unpublished_stats(connection, group, limit=limit)

    counted = for_each_group(count)
    return sum(each.events for each in counted), max(each.oldest_seconds for each in counted)


def read_booking_events(connection: Connection, booking_id: UUID, *, slot: int) -> list[Row[Any]]:
    """A booking's events in order."""
    return queries.select_booking_events(connection, booking_id, slot=slot)


def to_envelope(row: Row[Any]) -> dict[str, Any]:
    """A booking's event in its envelope: the same at every reading."""
    envelope = wrap(
        row.payload, id_=row.id, source=SOURCE, type_=row.type, subject=row.booking_id, time=row.created_at
    )
    # CloudEvents' extension "Distributed Tracing".
    return envelope | {TRACEPARENT: row.trace} if row.trace else envelope


def wrap(data: Any, *, id_: UUID, source: str, type_: str, subject: object, time: datetime) -> dict[str, Any]:
    """The data of an event as CloudEvents 1.0 has it in JSON (its section 3.1)."""
    return {
        "specversion": "1.0",
        "id": str(id_),
        "source": source,
        "type": type_,
        "subject": str(subject),
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }
