"""Every SQL statement of delivering: filling an endpoint's queue from the feed, and emptying it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.slot_groups import SlotGroup, in_group, in_slot, is_whole, of_slot
from core.shows.queries import select_clock
from core.webhooks.queries import SIGNING, to_array

# The place in a group's feed up to which an endpoint's deliveries were made.
_PLACE = "CASE WHEN :number = 0 THEN position ELSE coalesce(positions[:number], 0) END"

_SELECT_BEHIND = text(f"""
    SELECT id FROM webhook_endpoints WHERE disabled_reason IS NULL AND {_PLACE} < :newest ORDER BY id
""")

# SKIP LOCKED: whoever has it is making its deliveries, or its operator is changing it.
_LOCK_BEHIND = text(f"""
    SELECT {_PLACE} AS position, types FROM webhook_endpoints
    WHERE id = :id AND disabled_reason IS NULL FOR NO KEY UPDATE SKIP LOCKED
""")

_COUNT_DELIVERIES = text(f"""
    SELECT count(*) FROM webhook_deliveries WHERE {in_group()} AND endpoint_id = :id
""")

_SELECT_PAGE = text(f"""
    SELECT count(*)::int AS events, max(position) AS last
    FROM (SELECT position FROM events WHERE {in_group()} AND position > :position
          ORDER BY position LIMIT :limit) AS page
""")

_INSERT_DELIVERIES = text(f"""
    INSERT INTO webhook_deliveries (slot, endpoint_id, event_id, booking_id, position)
    SELECT slot, :id, id, booking_id, position FROM events
    WHERE {in_group()} AND position > :position AND position <= :last
      AND (cast(:types AS text[]) IS NULL OR type = ANY(cast(:types AS text[])))
    ON CONFLICT DO NOTHING
""")

_UPDATE_FIRST_PLACE = text("UPDATE webhook_endpoints SET position = :last WHERE id = :id")
_UPDATE_PLACE = text("UPDATE webhook_endpoints SET positions[:number] = :last WHERE id = :id")

_SELECT_FREE_ENDPOINTS = text("""
    SELECT id FROM webhook_endpoints
    WHERE disabled_reason IS NULL
      AND coalesce(paused_until, '-infinity') <= clock_timestamp()
      AND coalesce(leased_until, '-infinity') <= clock_timestamp()
""")

_SELECT_DUE_ENDPOINTS = text(f"""
    SELECT DISTINCT endpoint_id FROM webhook_deliveries
    WHERE {in_group()} AND endpoint_id = ANY(cast(:ids AS bigint[]))
      AND next_attempt_at <= statement_timestamp()
""")

_UPDATE_LEASED = text(f"""
    UPDATE webhook_endpoints e
    SET lease = :lease, leased_until = :now + make_interval(secs => :seconds)
    WHERE id = :id AND disabled_reason IS NULL
      AND coalesce(paused_until, '-infinity') <= :now
      AND coalesce(leased_until, '-infinity') <= :now
    RETURNING failures_in_a_row, {SIGNING}
""")

_UPDATE_LEASE = text("""
    UPDATE webhook_endpoints SET leased_until = statement_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id AND lease = :lease
""")

# The first of each booking only: an endpoint is told of one booking's events in order.
_SELECT_DUE = text(f"""
    SELECT d.attempts, d.created_at AS queued_at, e.*
    FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
    WHERE {in_group("d")} AND {in_group("e")}
      AND d.endpoint_id = :id AND d.next_attempt_at <= statement_timestamp()
      AND NOT EXISTS (SELECT FROM webhook_deliveries p
                      WHERE {in_group("p")} AND p.endpoint_id = d.endpoint_id AND p.booking_id = d.booking_id
                        AND p.position < d.position)
    ORDER BY d.next_attempt_at, d.position
    LIMIT :limit
""")

_LOCK_LEASED = text("""
    SELECT failures_in_a_row, clock_timestamp() AS now FROM webhook_endpoints
    WHERE id = :id AND lease = :lease FOR NO KEY UPDATE
""")

_DELETE_DONE = text(f"""
    DELETE FROM webhook_deliveries
    WHERE {in_group()} AND endpoint_id = :id
      AND event_id = ANY(cast(:events AS uuid[]))
""")

_UPDATE_FAILED = text(f"""
    UPDATE webhook_deliveries
    SET attempts = attempts + 1, next_attempt_at = statement_timestamp() + make_interval(secs => :seconds)
    WHERE {in_slot()} AND endpoint_id = :id AND event_id = :event_id
""")

_UPDATE_RECORDED = text("""
    UPDATE webhook_endpoints
    SET lease = NULL, leased_until = NULL,
        paused_until = statement_timestamp() + make_interval(secs => :pause_seconds),
        failures_in_a_row = :failures_in_a_row,
        delivered = delivered + :delivered, failed = failed + :failed, given_up = given_up + :given_up,
        last_success_at = CASE WHEN :delivered > 0 THEN statement_timestamp() ELSE last_success_at END,
        last_error = coalesce(:error, last_error),
        last_error_at =
            CASE WHEN cast(:error AS text) IS NULL THEN last_error_at ELSE statement_timestamp() END,
        disabled_reason = coalesce(:disabled_reason, disabled_reason)
    WHERE id = :id RETURNING delivered - :delivered, failed - :failed
""")


def select_behind(connection: Connection, group: SlotGroup, *, newest: int) -> list[int]:
    """Endpoints whose deliveries have not been made up to here in a group's feed."""
    return list(connection.execute(_SELECT_BEHIND, {"number": group.number, "newest": newest}).scalars())


def lock_behind(connection: Connection, group: SlotGroup, endpoint_id: int) -> Row[Any] | None:
    """Where an endpoint's deliveries of a group end and what it wants; None where somebody else is at it."""
    return connection.execute(_LOCK_BEHIND, {"id": endpoint_id, "number": group.number}).one_or_none()


def count_deliveries(connection: Connection, group: SlotGroup, endpoint_id: int) -> int:
    """How many deliveries of a group wait for an endpoint."""
    parameters = {"id": endpoint_id, **group.parameters}
    return int(connection.execute(_COUNT_DELIVERIES, parameters).scalar_one())


def insert_deliveries(
    connection: Connection,
    group: SlotGroup,
    endpoint_id: int,
    *,
    position: int,
    types: Sequence[str] | None,
    limit: int,
) -> int:
    """Make deliveries of the next events of a group's feed; returns how many events were looked at."""
    parameters = {"id": endpoint_id, "position": position, "limit": limit, **group.parameters}
    events, last = connection.execute(_SELECT_PAGE, parameters).one()
    if events:
        parameters |= {"last": last, "types": to_array(types), "number": group.number}
        connection.execute(_INSERT_DELIVERIES, parameters)
        connection.execute(_UPDATE_PLACE if group.number else _UPDATE_FIRST_PLACE, parameters)
    return int(events)


def select_free_endpoints(connection: Connection) -> list[int]:
    """Endpoints that can be delivered to now, and nobody is delivering to."""
    return list(connection.execute(_SELECT_FREE_ENDPOINTS).scalars())


def select_due_endpoints(connection: Connection, group: SlotGroup, ids: Sequence[int]) -> list[int]:
    """The endpoints, of these, at which a delivery of a group is due."""
    parameters = {"ids": list(ids), **group.parameters}
    return list(connection.execute(_SELECT_DUE_ENDPOINTS, parameters).scalars())


def update_leased(connection: Connection, endpoint_id: int, *, lease: UUID, seconds: int) -> Row[Any] | None:
    """Become the one who delivers to an endpoint; None where somebody is, or nobody may just now."""
    parameters = {"id": endpoint_id, "lease": lease, "seconds": seconds, "now": select_clock(connection)}
    return connection.execute(_UPDATE_LEASED, parameters).one_or_none()


def update_lease(connection: Connection, endpoint_id: int, *, lease: UUID, seconds: int) -> None:
    """Keep a lease, for whoever still has it."""
    connection.execute(_UPDATE_LEASE, {"id": endpoint_id, "lease": lease, "seconds": seconds})


def select_due(connection: Connection, group: SlotGroup, endpoint_id: int, *, limit: int) -> list[Row[Any]]:
    """A group's events that are due at an endpoint, the longest due first, each with its attempts so far."""
    parameters = {"id": endpoint_id, "limit": limit, **group.parameters}
    return list(connection.execute(_SELECT_DUE, parameters))


def lock_leased(connection: Connection, endpoint_id: int, *, lease: UUID) -> Row[Any] | None:
    """The endpoint and the time, for whoever still has its lease."""
    return connection.execute(_LOCK_LEASED, {"id": endpoint_id, "lease": lease}).one_or_none()


def delete_done(connection: Connection, endpoint_id: int, events: Sequence[Row[Any]]) -> None:
    """Forget deliveries of these events, that were made or given up."""
    if events:
        slots = list({event.slot for event in events})
        parameters = {
            "id": endpoint_id,
            "whole": is_whole(),
            "slots": slots,
            "events": [str(event.id) for event in events],
        }
        connection.execute(_DELETE_DONE, parameters)


def update_failed(connection: Connection, endpoint_id: int, event: Row[Any], *, seconds: float) -> None:
    """Note a failed attempt to deliver an event; the next is in so many seconds."""
    parameters = {"id": endpoint_id, "event_id": event.id, "seconds": seconds, **of_slot(event.slot)}
    connection.execute(_UPDATE_FAILED, parameters)


def update_recorded(connection: Connection, endpoint_id: int, **figures: Any) -> tuple[int, int]:
    """Note what a round of deliveries came to, and give the lease back.

    Returns how many were delivered, and failed, before it.
    """
    delivered, failed = connection.execute(_UPDATE_RECORDED, {"id": endpoint_id, **figures}).one()
    return int(delivered), int(failed)
