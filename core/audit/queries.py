"""Every SQL statement of the audit log."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

_INSERT_ENTRY = text("""
    INSERT INTO audit_log (actor_kind, actor_id, actor_name, actor_role, action, target, request_id, client,
                           before, after)
    VALUES (:actor_kind, :actor_id, :actor_name, :actor_role, :action, :target, :request_id, :client,
            cast(:before AS jsonb), cast(:after AS jsonb))
""")


def insert_entry(connection: Connection, entry: Mapping[str, Any]) -> None:
    """Insert an entry, its documents as JSON."""
    connection.execute(_INSERT_ENTRY, dict(entry))
