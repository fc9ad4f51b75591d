"""Every SQL statement about webhook endpoints and their deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

_INSERT_ENDPOINT = text("""
    INSERT INTO webhook_endpoints (url, description, types, secrets, position)
    SELECT :url, :description, cast(:types AS text[]), ARRAY[:secret],
           (SELECT coalesce(max(position), 0) FROM events)
    WHERE (SELECT count(*) FROM webhook_endpoints) < :limit
    RETURNING id
""")

_ENDPOINT = """
    SELECT e.*, clock_timestamp() AS now,
           (SELECT count(*)::int FROM webhook_deliveries d WHERE d.endpoint_id = e.id) AS waiting
    FROM webhook_endpoints e
"""

_SELECT_ENDPOINTS = text(f"{_ENDPOINT} ORDER BY e.id")

_SELECT_ENDPOINT = text(f"{_ENDPOINT} WHERE e.id = :id")

# An operator's change and a delivery's record exclude each other, so that neither overwrites the other.
_LOCK_ENDPOINT = text("SELECT * FROM webhook_endpoints WHERE id = :id FOR NO KEY UPDATE")

_UPDATE_ENDPOINT = text("""
    UPDATE webhook_endpoints
    SET url = :url, description = :description, types = cast(:types AS text[]),
        disabled_reason = :disabled_reason
    WHERE id = :id
""")

# An endpoint that was off begins with what happens from now on; replaying brings the rest.
_UPDATE_STARTED = text("""
    UPDATE webhook_endpoints
    SET position = (SELECT coalesce(max(position), 0) FROM events), failures_in_a_row = 0,
        paused_until = NULL
    WHERE id = :id
""")

# An operator who has events repeated knows that the receiver is back.
_UPDATE_AWAKE = text("""
    UPDATE webhook_endpoints SET paused_until = NULL, failures_in_a_row = 0 WHERE id = :id
""")

# What waits for its next attempt need not wait for it.
_UPDATE_ALL_DUE = text("""
    UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp()
    WHERE endpoint_id = :id AND next_attempt_at > clock_timestamp()
""")

_UPDATE_SECRETS = text("""
    UPDATE webhook_endpoints
    SET secrets = ARRAY[:secret, secrets[1]],
        old_secret_until = clock_timestamp() + make_interval(hours => :hours)
    WHERE id = :id
""")

_UPDATE_IDS = text("""
    SELECT setval('webhook_endpoints_id_seq', :next, false) FROM webhook_endpoints_id_seq
    WHERE last_value < :next
""")

_DELETE_ENDPOINT = text("DELETE FROM webhook_endpoints WHERE id = :id")

_DELETE_DELIVERIES = text("DELETE FROM webhook_deliveries WHERE endpoint_id = :id")

_UPDATE_POSITION_TO_TIME = text("""
    UPDATE webhook_endpoints
    SET position = least(position, (SELECT min(position) - 1 FROM events
                                    WHERE created_at >= :since AND position IS NOT NULL))
    WHERE id = :id
""")

_UPDATE_POSITION_TO_EVENT = text("""
    UPDATE webhook_endpoints e
    SET position = least(e.position, v.position - 1)
    FROM events v WHERE e.id = :id AND v.id = :event_id AND v.position IS NOT NULL
""")

_SELECT_STATS = text("""
    SELECT count(*)::int AS waiting,
           coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float AS oldest_seconds
    FROM webhook_deliveries
""")


def insert_endpoint(
    connection: Connection,
    *,
    url: str,
    description: str | None,
    types: Sequence[str] | None,
    secret: str,
    limit: int,
) -> int | None:
    """A new endpoint, told of what happens from now on; its id, or None where there are too many."""
    parameters = {"url": url, "description": description, "types": to_array(types), "secret": secret}
    found: int | None = connection.execute(
        _INSERT_ENDPOINT, {**parameters, "limit": limit}
    ).scalar_one_or_none()
    return found


def select_endpoints(connection: Connection) -> list[Row[Any]]:
    """All endpoints, with what waits for each."""
    return list(connection.execute(_SELECT_ENDPOINTS))


def select_endpoint(connection: Connection, endpoint_id: int) -> Row[Any] | None:
    """One endpoint, with what waits for it."""
    return connection.execute(_SELECT_ENDPOINT, {"id": endpoint_id}).one_or_none()


def lock_endpoint(connection: Connection, endpoint_id: int) -> Row[Any] | None:
    """One endpoint, locked against its deliveries and other operators."""
    return connection.execute(_LOCK_ENDPOINT, {"id": endpoint_id}).one_or_none()


def update_endpoint(
    connection: Connection,
    endpoint_id: int,
    *,
    url: str,
    description: str | None,
    types: Sequence[str] | None,
    disabled_reason: str | None,
) -> None:
    """Change what an operator may change."""
    parameters = {"url": url, "description": description, "types": to_array(types)}
    connection.execute(
        _UPDATE_ENDPOINT, {**parameters, "id": endpoint_id, "disabled_reason": disabled_reason}
    )


def update_started(connection: Connection, endpoint_id: int) -> None:
    """Let an endpoint that was off begin with what happens from now on."""
    connection.execute(_UPDATE_STARTED, {"id": endpoint_id})


def update_awake(connection: Connection, endpoint_id: int) -> None:
    """End an endpoint's pause, as if it had never failed."""
    connection.execute(_UPDATE_AWAKE, {"id": endpoint_id})


def update_all_due(connection: Connection, endpoint_id: int) -> None:
    """Let everything that waits for an endpoint be tried now."""
    connection.execute(_UPDATE_ALL_DUE, {"id": endpoint_id})


def update_secrets(connection: Connection, endpoint_id: int, *, secret: str, hours: int) -> None:
    """A new secret beside the one before, which lives on for so many hours."""
    connection.execute(_UPDATE_SECRETS, {"id": endpoint_id, "secret": secret, "hours": hours})


def update_endpoint_ids(connection: Connection, *, next_id: int) -> None:
    """Let new endpoints' ids go on from this one, or a later one; at once, like update_show_ids."""
    connection.execute(_UPDATE_IDS, {"next": next_id})


def delete_endpoint(connection: Connection, endpoint_id: int) -> bool:
    """Delete an endpoint and what waits for it; whether there was one."""
    return connection.execute(_DELETE_ENDPOINT, {"id": endpoint_id}).rowcount == 1


def delete_deliveries(connection: Connection, endpoint_id: int) -> None:
    """Forget what waits for an endpoint."""
    connection.execute(_DELETE_DELIVERIES, {"id": endpoint_id})


def update_position_to_time(connection: Connection, endpoint_id: int, *, since: datetime) -> None:
    """Go back to the first event of this time or later."""
    connection.execute(_UPDATE_POSITION_TO_TIME, {"id": endpoint_id, "since": since})


def update_position_to_event(connection: Connection, endpoint_id: int, *, event_id: UUID) -> bool:
    """Go back to this event; whether there is one."""
    parameters = {"id": endpoint_id, "event_id": event_id}
    return connection.execute(_UPDATE_POSITION_TO_EVENT, parameters).rowcount == 1


def select_stats(connection: Connection) -> Row[Any]:
    """How many deliveries wait, and the oldest's age in seconds."""
    return connection.execute(_SELECT_STATS).one()


def to_array(types: Sequence[str] | None) -> list[str] | None:
    """An array for a parameter."""
    return None if types is None else list(types)
