"""The log of an endpoint: what it was sent last, when, and what came of it.

It goes round: each attempt is noted in place of the one that was noted KEPT before it, so the log stays as
large as it is, and nobody has to clear it away. Failures have places of their own: they are what is looked
for, and a rush of deliveries that went well must not push them out. Tests have some too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.shows.queries import select_clock
from core.webhooks import log_queries
from core.webhooks.errors import EndpointNotFoundError
from core.webhooks.queries import lock_endpoint, select_endpoint
from core.webhooks.rules import TEST_TYPE, Outcome, Sent

KEPT = 1_000


class Ring(IntEnum):
    """What is kept so many of, by the first of its places."""

    DELIVERED = 0
    FAILED = KEPT
    TESTS = 2 * KEPT

    def find_place(self, count: int) -> int:
        """The place of the next, where there were so many before."""
        return self + count % KEPT


class Noted(NamedTuple):
    """An event, how it was sent, what that came to, and in how many seconds it is sent again."""

    event: Row[Any]
    sent: Sent
    outcome: Outcome
    again_in: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An attempt as operators see it; a test that waits has no outcome yet."""

    id: int
    event_id: UUID
    type: str
    booking_id: UUID | None
    event_time: datetime
    attempt: int
    status: str
    status_code: int | None
    error: str | None
    sent_at: datetime | None
    took_milliseconds: int | None
    next_attempt_at: datetime | None


def note_attempts(
    connection: Connection,
    endpoint_id: int,
    noted: Sequence[Noted],
    *,
    delivered: int,
    failed: int,
    now: datetime,
) -> None:
    """Note what an endpoint was sent; `delivered` and `failed` are its counts before that."""
    if not noted:
        return
    counts = {Ring.DELIVERED: delivered, Ring.FAILED: failed}
    log_queries.upsert_attempts(connection, endpoint_id, list(_describe(noted, counts, now)))


def _describe(noted: Sequence[Noted], counts: dict[Ring, int], now: datetime) -> Iterator[dict[str, Any]]:
    for event, sent, outcome, again_in in noted:
        ring = Ring.DELIVERED if outcome is Outcome.DELIVERED else Ring.FAILED
        yield {
            "place": ring.find_place(counts[ring]),
            "event_id": event.id,
            "type": event.type,
            "booking_id": event.booking_id,
            "event_time": event.created_at,
            "attempt": event.attempts + 1,
            "status": outcome,
            "status_code": sent.attempt.status_code,
            "error": sent.attempt.error,
            "sent_at": sent.at,
            "took_milliseconds": sent.took_milliseconds,
            "next_attempt_at": None if again_in is None else now + timedelta(seconds=again_in),
        }
        counts[ring] += 1


def list_deliveries(
    connection: Connection, endpoint_id: int, *, status: Outcome | None, before: int, limit: int
) -> list[Delivery]:
    """An endpoint's attempts that were noted before this one, the last first; of one status, or all.

    Raises EndpointNotFoundError.
    """
    if select_endpoint(connection, endpoint_id) is None:
        raise EndpointNotFoundError(endpoint_id)
    page = log_queries.select_page(connection, endpoint_id, status=status, before=before, limit=limit)
    return [_to_delivery(row) for row in page]


def ask_for_test(connection: Connection, endpoint_id: int) -> tuple[Delivery, bool]:
    """Have an endpoint sent a test event (testing.py); one that waits already is the one meant.

    Also, whether this call made it. Raises EndpointNotFoundError.
    """
    if lock_endpoint(connection, endpoint_id) is None:
        raise EndpointNotFoundError(endpoint_id)
    last = log_queries.select_last_from(connection, endpoint_id, first=int(Ring.TESTS))
    if last is not None and last.status == Outcome.WAITING:
        return _to_delivery(last), False
    test = {
        "place": Ring.TESTS.find_place(0 if last is None else last.place + 1),
        "event_id": uuid4(),
        "type": TEST_TYPE,
        "event_time": select_clock(connection),
        "attempt": 1,
        "status": Outcome.WAITING,
    }
    log_queries.upsert_attempts(connection, endpoint_id, [test])
    made = log_queries.select_last_from(connection, endpoint_id, first=int(Ring.TESTS))
    return _to_delivery(made), True


def _to_delivery(row: Any) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.__slots__})
