"""Every SQL statement about webhook endpoints and their deliveries."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.slot_groups import SlotGroup, in_group

_INSERT_ENDPOINT = text("""
    INSERT INTO webhook_endpoints (url, description, types, secrets, position, positions)
    SELECT :url, :description, cast(:types AS text[]), ARRAY[:secret],
           cast(:position AS bigint), cast(:positions AS bigint[])
    WHERE (SELECT count(*) FROM webhook_endpoints) < :limit
    RETURNING id
""")

# Whoever has it decides which URLs there are, so that no two endpoints get the same. The number is arbitrary,
# and only ours. A unique index could not be built over what was registered before.
_URLS_LOCK = 7_328_546_282
_LOCK_URLS = text("SELECT pg_advisory_xact_lock(:lock)")

_ENDPOINT = "SELECT e.*, clock_timestamp() AS now FROM webhook_endpoints e"

_SELECT_ENDPOINTS = text(f"{_ENDPOINT} ORDER BY e.id")

_SELECT_ENDPOINT = text(f"{_ENDPOINT} WHERE e.id = :id")

_COUNT_DELIVERIES = text("""
    SELECT endpoint_id, count(*)::int FROM webhook_deliveries
    WHERE endpoint_id = ANY(cast(:ids AS bigint[])) GROUP BY endpoint_id
""")

# Where an endpoint is, and the secrets that sign what it is sent now.
SIGNING = """
    url, CASE WHEN old_secret_until <= statement_timestamp() THEN secrets[1:1] ELSE secrets END AS secrets
"""
_SELECT_SIGNING = text(f"SELECT {SIGNING} FROM webhook_endpoints WHERE id = :id")

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
    SET position = :position, positions = cast(:positions AS bigint[]), failures_in_a_row = 0,
        paused_until = NULL
    WHERE id = :id
""")

# An operator who has events repeated knows that the receiver is back.
_UPDATE_AWAKE = text("""
    UPDATE webhook_endpoints SET paused_until = NULL, failures_in_a_row = 0 WHERE id = :id
""")

# What waits for its next attempt need not wait for it.
_UPDATE_ALL_DUE = text(f"""
    UPDATE webhook_deliveries SET next_attempt_at = statement_timestamp()
    WHERE {in_group()} AND endpoint_id = :id AND next_attempt_at > statement_timestamp()
""")

_UPDATE_SECRETS = text("""
    UPDATE webhook_endpoints
    SET secrets = ARRAY[:secret, secrets[1]],
        old_secret_until = statement_timestamp() + make_interval(hours => :hours)
    WHERE id = :id
""")

_UPDATE_IDS = text("""
    SELECT setval('webhook_endpoints_id_seq', :next, false) FROM webhook_endpoints_id_seq
    WHERE last_value < :next
""")

_DELETE_ENDPOINT = text("DELETE FROM webhook_endpoints WHERE id = :id")

_DELETE_DELIVERIES = text(f"DELETE FROM webhook_deliveries WHERE {in_group()} AND endpoint_id = :id")

_UPDATE_PLACES = text("""
    UPDATE webhook_endpoints SET position = :position, positions = cast(:positions AS bigint[])
    WHERE id = :id
""")

_SELECT_STATS = text("""
    SELECT count(*)::int AS waiting,
           coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float AS oldest_seconds
    FROM webhook_deliveries
""")


def lock_urls(connection: Connection) -> None:
    """Be the only one who registers endpoints or changes their URLs, until the transaction ends.

    Before the lock of any endpoint.
    """
    connection.execute(_LOCK_URLS, {"lock": _URLS_LOCK})


def insert_endpoint(
    connection: Connection,
    *,
    url: str,
    description: str | None,
    types: Sequence[str] | None,
    secret: str,
    places: Sequence[int],
    limit: int,
) -> int | None:
    """A new endpoint, told of what comes after these places; its id, or None where there are too many."""
    parameters = {"url": url, "description": description, "types": to_array(types), "secret": secret}
    parameters |= to_places(places)
    found: int | None = connection.execute(
        _INSERT_ENDPOINT, {**parameters, "limit": limit}
    ).scalar_one_or_none()
    return found


def select_endpoints(connection: Connection) -> list[Row[Any]]:
    """All endpoints."""
    return list(connection.execute(_SELECT_ENDPOINTS))


def select_endpoint(connection: Connection, endpoint_id: int) -> Row[Any] | None:
    """One endpoint."""
    return connection.execute(_SELECT_ENDPOINT, {"id": endpoint_id}).one_or_none()


def select_signing(connection: Connection, endpoint_id: int) -> Row[Any] | None:
    """Where an endpoint is, and what signs what it is sent."""
    return connection.execute(_SELECT_SIGNING, {"id": endpoint_id}).one_or_none()


def count_deliveries(connection: Connection, endpoint_ids: Sequence[int]) -> dict[int, int]:
    """How many deliveries wait for each of these endpoints; none is named that has none."""
    rows = connection.execute(_COUNT_DELIVERIES, {"ids": list(endpoint_ids)})
    return {endpoint_id: count for endpoint_id, count in rows}


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


def update_started(connection: Connection, endpoint_id: int, places: Sequence[int]) -> None:
    """Let an endpoint that was off begin with what comes after these places."""
    connection.execute(_UPDATE_STARTED, {"id": endpoint_id, **to_places(places)})


def update_awake(connection: Connection, endpoint_id: int) -> None:
    """End an endpoint's pause, as if it had never failed."""
    connection.execute(_UPDATE_AWAKE, {"id": endpoint_id})


def update_all_due(connection: Connection, group: SlotGroup, endpoint_id: int) -> None:
    """Let everything of a group that waits for an endpoint be tried now."""
    connection.execute(_UPDATE_ALL_DUE, {"id": endpoint_id, **group.parameters})


def update_secrets(connection: Connection, endpoint_id: int, *, secret: str, hours: int) -> None:
    """A new secret beside the one before, which lives on for so many hours."""
    connection.execute(_UPDATE_SECRETS, {"id": endpoint_id, "secret": secret, "hours": hours})


def update_endpoint_ids(connection: Connection, *, next_id: int) -> None:
    """Let new endpoints' ids go on from this one, or a later one; at once, like update_show_ids."""
    connection.execute(_UPDATE_IDS, {"next": next_id})


def delete_endpoint(connection: Connection, endpoint_id: int) -> None:
    """Delete an endpoint."""
    connection.execute(_DELETE_ENDPOINT, {"id": endpoint_id})


def delete_deliveries(connection: Connection, group: SlotGroup, endpoint_id: int) -> None:
    """Forget what of a group waits for an endpoint."""
    connection.execute(_DELETE_DELIVERIES, {"id": endpoint_id, **group.parameters})


def update_places(connection: Connection, endpoint_id: int, places: Sequence[int]) -> None:
    """Go on from these places in the feed, one a slot group."""
    connection.execute(_UPDATE_PLACES, {"id": endpoint_id, **to_places(places)})


def select_stats(connection: Connection) -> Row[Any]:
    """How many deliveries wait, and the oldest's age in seconds."""
    return connection.execute(_SELECT_STATS).one()


def to_array(types: Sequence[str] | None) -> list[str] | None:
    """An array for a parameter."""
    return None if types is None else list(types)


def to_places(places: Sequence[int]) -> dict[str, Any]:
    """Places in the feed, one a slot group, as an endpoint's row has them (models.py)."""
    return {"position": places[0], "positions": list(places[1:])}


def read_places(endpoint: Row[Any]) -> list[int]:
    """The places of an endpoint's row."""
    return [endpoint.position, *(endpoint.positions or ())]
