"""Every SQL statement of delivering: filling an endpoint's queue from the feed, and emptying it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.webhooks.queries import to_array

_SELECT_BEHIND = text("""
    SELECT id FROM webhook_endpoints
    WHERE disabled_reason IS NULL AND position < (SELECT max(position) FROM events)
    ORDER BY id
""")

# SKIP LOCKED: whoever has it is making its deliveries, or its operator is changing it.
_LOCK_BEHIND = text("""
    SELECT position, types FROM webhook_endpoints
    WHERE id = :id AND disabled_reason IS NULL FOR NO KEY UPDATE SKIP LOCKED
""")

_COUNT_DELIVERIES = text("SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = :id")

_INSERT_DELIVERIES = text("""
    WITH page AS (
        SELECT id, booking_id, position, type FROM events
        WHERE position > :position ORDER BY position LIMIT :limit
    ), made AS (
        INSERT INTO webhook_deliveries (endpoint_id, event_id, booking_id, position)
        SELECT :id, id, booking_id, position FROM page
        WHERE cast(:types AS text[]) IS NULL OR type = ANY(cast(:types AS text[]))
        ON CONFLICT DO NOTHING
    ), moved AS (
        UPDATE webhook_endpoints SET position = (SELECT max(position) FROM page)
        WHERE id = :id AND EXISTS (SELECT FROM page)
    )
    SELECT count(*)::int FROM page
""")

_SELECT_DUE_ENDPOINTS = text("""
    SELECT e.id FROM webhook_endpoints e
    WHERE e.disabled_reason IS NULL
      AND coalesce(e.paused_until, '-infinity') <= clock_timestamp()
      AND coalesce(e.leased_until, '-infinity') <= clock_timestamp()
      AND EXISTS (SELECT FROM webhook_deliveries d
                  WHERE d.endpoint_id = e.id AND d.next_attempt_at <= clock_timestamp())
    ORDER BY e.id
""")

_UPDATE_LEASED = text("""
    UPDATE webhook_endpoints e
    SET lease = :lease, leased_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id AND disabled_reason IS NULL
      AND coalesce(paused_until, '-infinity') <= clock_timestamp()
      AND coalesce(leased_until, '-infinity') <= clock_timestamp()
    RETURNING url, failures_in_a_row,
              CASE WHEN old_secret_until <= clock_timestamp() THEN secrets[1:1] ELSE secrets END AS secrets
""")

_UPDATE_LEASE = text("""
    UPDATE webhook_endpoints SET leased_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id AND lease = :lease
""")

# The first of each booking only: an endpoint is told of one booking's events in order.
_SELECT_DUE = text("""
    SELECT d.attempts, d.created_at AS queued_at, e.*
    FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
    WHERE d.endpoint_id = :id AND d.next_attempt_at <= clock_timestamp()
      AND NOT EXISTS (SELECT FROM webhook_deliveries p
                      WHERE p.endpoint_id = d.endpoint_id AND p.booking_id = d.booking_id
                        AND p.position < d.position)
    ORDER BY d.next_attempt_at, d.position
    LIMIT :limit
""")

_LOCK_LEASED = text("""
    SELECT failures_in_a_row, clock_timestamp() AS now FROM webhook_endpoints
    WHERE id = :id AND lease = :lease FOR NO KEY UPDATE
""")

_DELETE_DONE = text("""
    DELETE FROM webhook_deliveries WHERE endpoint_id = :id AND event_id = ANY(cast(:events AS uuid[]))
""")

_UPDATE_FAILED = text("""
    UPDATE webhook_deliveries
    SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE endpoint_id = :id AND event_id = :event_id
""")

_UPDATE_RECORDED = text("""
    UPDATE webhook_endpoints
    SET lease = NULL, leased_until = NULL,
        paused_until = clock_timestamp() + make_interval(secs => :pause_seconds),
        failures_in_a_row = :failures_in_a_row,
        delivered = delivered + :delivered, failed = failed + :failed, given_up = given_up + :given_up,
        last_success_at = CASE WHEN :delivered > 0 THEN clock_timestamp() ELSE last_success_at END,
        last_error = coalesce(:error, last_error),
        last_error_at = CASE WHEN cast(:error AS text) IS NULL THEN last_error_at ELSE clock_timestamp() END,
        disabled_reason = coalesce(:disabled_reason, disabled_reason)
    WHERE id = :id
""")


def select_behind(connection: Connection) -> list[int]:
    """Endpoints whose deliveries have not been made up to the end of the feed."""
    return list(connection.execute(_SELECT_BEHIND).scalars())


def lock_behind(connection: Connection, endpoint_id: int) -> Row[Any] | None:
    """Where an endpoint's deliveries end and what it wants; None where somebody else is at it."""
    return connection.execute(_LOCK_BEHIND, {"id": endpoint_id}).one_or_none()


def count_deliveries(connection: Connection, endpoint_id: int) -> int:
    """How many deliveries wait for an endpoint."""
    return int(connection.execute(_COUNT_DELIVERIES, {"id": endpoint_id}).scalar_one())


def insert_deliveries(
    connection: Connection, endpoint_id: int, *, position: int, types: Sequence[str] | None, limit: int
) -> int:
    """Make deliveries of the feed's next events; returns how many events were looked at."""
    parameters = {"id": endpoint_id, "position": position, "types": to_array(types), "limit": limit}
    return int(connection.execute(_INSERT_DELIVERIES, parameters).scalar_one())


def select_due_endpoints(connection: Connection) -> list[int]:
    """Endpoints that something is due at and nobody is delivering to."""
    return list(connection.execute(_SELECT_DUE_ENDPOINTS).scalars())


def update_leased(connection: Connection, endpoint_id: int, *, lease: UUID, seconds: int) -> Row[Any] | None:
    """Become the one who delivers to an endpoint; None where somebody is, or nobody may just now."""
    parameters = {"id": endpoint_id, "lease": lease, "seconds": seconds}
    return connection.execute(_UPDATE_LEASED, parameters).one_or_none()


def update_lease(connection: Connection, endpoint_id: int, *, lease: UUID, seconds: int) -> None:
    """Keep a lease, for whoever still has it."""
    connection.execute(_UPDATE_LEASE, {"id": endpoint_id, "lease": lease, "seconds": seconds})


def select_due(connection: Connection, endpoint_id: int, *, limit: int) -> list[Row[Any]]:
    """Events that are due at an endpoint, the longest due first, each with its attempts so far."""
    return list(connection.execute(_SELECT_DUE, {"id": endpoint_id, "limit": limit}))


def lock_leased(connection: Connection, endpoint_id: int, *, lease: UUID) -> Row[Any] | None:
    """The endpoint and the time, for whoever still has its lease."""
    return connection.execute(_LOCK_LEASED, {"id": endpoint_id, "lease": lease}).one_or_none()


def delete_done(connection: Connection, endpoint_id: int, events: Sequence[UUID]) -> None:
    """Forget deliveries that were made, or given up."""
    connection.execute(_DELETE_DONE, {"id": endpoint_id, "events": [str(id_) for id_ in events]})


def update_failed(connection: Connection, endpoint_id: int, event_id: UUID, *, seconds: float) -> None:
    """Note a failed attempt; the next is in so many seconds."""
    connection.execute(_UPDATE_FAILED, {"id": endpoint_id, "event_id": event_id, "seconds": seconds})


def update_recorded(connection: Connection, endpoint_id: int, **figures: Any) -> None:
    """Note what a round of deliveries came to, and give the lease back."""
    connection.execute(_UPDATE_RECORDED, {"id": endpoint_id, **figures})
