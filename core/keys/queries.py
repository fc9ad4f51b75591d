"""Every SQL statement by which keys are made, read, rotated and revoked."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

# With the prefix of the secret that does not end: there is one, and no second (api_key_secrets_newest).
_KEY = """
    SELECT k.id, k.name, k.role, s.prefix, k.rate_limit, k.created_at, k.expires_at, k.last_used_at,
           k.revoked_at, coalesce(k.expires_at <= clock_timestamp(), false) AS is_expired
    FROM api_keys k JOIN api_key_secrets s ON s.key_id = k.id AND s.ends_at IS NULL
"""
_SELECT_KEY = text(f"{_KEY} WHERE k.id = :id")
_SELECT_KEYS = text(f"{_KEY} WHERE k.id < :before ORDER BY k.id DESC LIMIT :limit")
# Who rotates and who revokes a key wait for each other: each then sees what the other has done.
_LOCK_KEY = text("SELECT FROM api_keys WHERE id = :id FOR NO KEY UPDATE")

_INSERT_KEY = text("""
    INSERT INTO api_keys (name, role, rate_limit, expires_at)
    SELECT :name, :role, :rate_limit, cast(:expires_at AS timestamptz)
    WHERE coalesce(cast(:expires_at AS timestamptz) > clock_timestamp(), true)
    RETURNING id
""")

_INSERT_SECRET = text("""
    INSERT INTO api_key_secrets (digest, key_id, prefix) VALUES (:digest, :key_id, :prefix)
""")

# Nothing that was to end sooner lives longer by it, and nothing before lives longer than is said now: after
# a leak one rotation without an overlap is enough. LEAST passes over NULL.
_UPDATE_SECRETS_END = text("""
    UPDATE api_key_secrets
    SET ends_at = least(ends_at, clock_timestamp() + make_interval(secs => :seconds))
    WHERE key_id = :key_id
""")

_UPDATE_REVOKED = text("UPDATE api_keys SET revoked_at = clock_timestamp() WHERE id = :id")

_UPDATE_IDS = text("""
    SELECT setval('api_keys_id_seq', :next, false) FROM api_keys_id_seq WHERE last_value < :next
""")


def insert_key(
    connection: Connection, *, name: str, role: str, rate_limit: str | None, expires_at: datetime | None
) -> int | None:
    """A new key without a secret; its id, or None where it would have expired already."""
    parameters = {"name": name, "role": role, "rate_limit": rate_limit, "expires_at": expires_at}
    made: int | None = connection.execute(_INSERT_KEY, parameters).scalar_one_or_none()
    return made


def insert_secret(connection: Connection, key_id: int, *, digest: bytes, prefix: str) -> None:
    """What a key is known by from now on; none of it but this may be without an end."""
    connection.execute(_INSERT_SECRET, {"digest": digest, "key_id": key_id, "prefix": prefix})


def lock_key(connection: Connection, key_id: int) -> None:
    """Be the only one who changes a key, until the transaction ends."""
    connection.execute(_LOCK_KEY, {"id": key_id})


def select_key(connection: Connection, key_id: int) -> Row[Any] | None:
    """One key."""
    return connection.execute(_SELECT_KEY, {"id": key_id}).one_or_none()


def select_keys(connection: Connection, *, before: int, limit: int | None) -> list[Row[Any]]:
    """Keys with ids below this one, the newest first, at most so many; None: all."""
    return list(connection.execute(_SELECT_KEYS, {"before": before, "limit": limit}))


def update_secrets_end(connection: Connection, key_id: int, *, seconds: int) -> None:
    """Let every secret that a key has end in so many seconds, unless it does so before."""
    connection.execute(_UPDATE_SECRETS_END, {"key_id": key_id, "seconds": seconds})


def update_revoked(connection: Connection, key_id: int) -> None:
    """Revoke a key, now."""
    connection.execute(_UPDATE_REVOKED, {"id": key_id})


def update_key_ids(connection: Connection, *, next_id: int) -> None:
    """Let new keys' ids go on from this one, or a later one; at once, like update_show_ids."""
    connection.execute(_UPDATE_IDS, {"next": next_id})
