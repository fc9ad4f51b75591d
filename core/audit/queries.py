"""Every SQL statement of the audit log."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

_INSERT_ENTRY = text("""
    INSERT INTO audit_log (actor_kind, actor_id, actor_name, actor_role, action, target, request_id, client,
                           before, after)
    VALUES (:actor_kind, :actor_id, :actor_name, :actor_role, :action, :target, :request_id, :client,
            cast(:before AS jsonb), cast(:after AS jsonb))
""")

_SELECT_ENTRIES = text("""
    SELECT * FROM audit_log
    WHERE id < :below
      AND (cast(:actor AS text) IS NULL OR actor_id = :actor OR actor_name = :actor)
      AND (cast(:action AS text) IS NULL OR action = :action)
      AND (cast(:target AS text) IS NULL OR target = :target)
    ORDER BY id DESC LIMIT :limit
""")


def insert_entry(connection: Connection, entry: Mapping[str, Any]) -> None:
    """Insert an entry, its documents as JSON."""
    connection.execute(_INSERT_ENTRY, dict(entry))


def select_page(
    connection: Connection,
    *,
    actor: str | None,
    action: str | None,
    target: str | None,
    below: int,
    limit: int,
) -> list[Row[Any]]:
    """Entries below this id, the newest first; by an actor's id or name, of an action, of a target."""
    parameters = {"actor": actor, "action": action, "target": target, "below": below, "limit": limit}
    return list(connection.execute(_SELECT_ENTRIES, parameters))
