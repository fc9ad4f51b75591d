"""Every SQL statement of the log of what endpoints were sent, and of tests, which wait in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.json import to_json_text

# Over whatever had these places: no row is ever to be cleared away.
_UPSERT_ATTEMPTS = text("""
    INSERT INTO webhook_attempts (endpoint_id, place, event_id, type, booking_id, event_time, attempt, status,
                                  status_code, error, sent_at, took_milliseconds, next_attempt_at)
    SELECT :id, a.*
    FROM json_to_recordset(cast(:attempts AS json)) AS a(
        place int, event_id uuid, type text, booking_id uuid, event_time timestamptz, attempt int,
        status text, status_code int, error text, sent_at timestamptz, took_milliseconds int,
        next_attempt_at timestamptz)
    ON CONFLICT (endpoint_id, place) DO UPDATE
    SET id = EXCLUDED.id, event_id = EXCLUDED.event_id, type = EXCLUDED.type,
        booking_id = EXCLUDED.booking_id, event_time = EXCLUDED.event_time, attempt = EXCLUDED.attempt,
        status = EXCLUDED.status, status_code = EXCLUDED.status_code, error = EXCLUDED.error,
        sent_at = EXCLUDED.sent_at, took_milliseconds = EXCLUDED.took_milliseconds,
        next_attempt_at = EXCLUDED.next_attempt_at
""")

_SELECT_PAGE = text("""
    SELECT * FROM webhook_attempts
    WHERE endpoint_id = :id AND id < :before AND (cast(:status AS text) IS NULL OR status = :status)
    ORDER BY id DESC LIMIT :limit
""")

_SELECT_LAST_FROM = text("""
    SELECT * FROM webhook_attempts WHERE endpoint_id = :id AND place >= :first ORDER BY id DESC LIMIT 1
""")

# A test is sent by one worker at a time, and again where that one has died.
_IS_UNCLAIMED = """
    status = 'waiting'
    AND coalesce(sent_at, '-infinity') < statement_timestamp() - make_interval(secs => :seconds)
"""

_SELECT_TESTED_ENDPOINTS = text(f"SELECT endpoint_id FROM webhook_attempts WHERE {_IS_UNCLAIMED}")

_UPDATE_CLAIMED = text(f"""
    UPDATE webhook_attempts SET sent_at = statement_timestamp()
    WHERE endpoint_id = :id AND {_IS_UNCLAIMED} RETURNING place, event_id, event_time
""")

_UPDATE_TESTED = text("""
    UPDATE webhook_attempts
    SET status = :status, status_code = :status_code, error = :error, sent_at = :sent_at,
        took_milliseconds = :took_milliseconds
    WHERE endpoint_id = :id AND place = :place AND event_id = :event_id
""")


def upsert_attempts(connection: Connection, endpoint_id: int, attempts: Sequence[dict[str, Any]]) -> None:
    """Note attempts, each at its place, in the order in which they are given."""
    parameters = {"id": endpoint_id, "attempts": to_json_text(attempts)}
    connection.execute(_UPSERT_ATTEMPTS, parameters)


def select_page(
    connection: Connection, endpoint_id: int, *, status: str | None, before: int, limit: int
) -> list[Row[Any]]:
    """An endpoint's attempts noted before this one, the last first."""
    parameters = {"id": endpoint_id, "status": status, "before": before, "limit": limit}
    return list(connection.execute(_SELECT_PAGE, parameters))


def select_last_from(connection: Connection, endpoint_id: int, *, first: int) -> Row[Any] | None:
    """The last attempt that was noted at this place or one after it."""
    return connection.execute(_SELECT_LAST_FROM, {"id": endpoint_id, "first": first}).one_or_none()


def select_tested_endpoints(connection: Connection, *, seconds: int) -> list[int]:
    """Endpoints with a test that nobody has begun to send in so many seconds."""
    return list(connection.execute(_SELECT_TESTED_ENDPOINTS, {"seconds": seconds}).scalars())


def update_claimed(connection: Connection, endpoint_id: int, *, seconds: int) -> Row[Any] | None:
    """Begin to send an endpoint's test; None where it has none, or somebody began in the last seconds."""
    return connection.execute(_UPDATE_CLAIMED, {"id": endpoint_id, "seconds": seconds}).one_or_none()


def update_tested(
    connection: Connection,
    endpoint_id: int,
    test: Row[Any],
    *,
    status: str,
    status_code: int | None,
    error: str | None,
    sent_at: datetime,
    took_milliseconds: int,
) -> None:
    """Note what came of a test that was begun."""
    connection.execute(
        _UPDATE_TESTED,
        {
            "id": endpoint_id,
            "place": test.place,
            "event_id": test.event_id,
            "status": status,
            "status_code": status_code,
            "error": error,
            "sent_at": sent_at,
            "took_milliseconds": took_milliseconds,
        },
    )
