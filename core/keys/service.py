"""What admins do with keys: make, list, rotate, revoke. Each change is in the audit log, no secret is."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.access.principals import Role
from core.audit.service import Change
from core.errors import InvalidRequestError
from core.keys import queries
from core.keys.errors import KeyNotFoundError
from core.keys.rules import Secret, make_secret

# Above any id: PostgreSQL's bigint ends there.
PAST_ALL = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as admins see it; by `prefix` they tell which text is its newest."""

    id: int
    name: str
    role: str
    prefix: str
    rate_limit: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    is_expired: bool

    @property
    def document(self) -> dict[str, Any]:
        """What the API tells of it."""
        return {name: value for name, value in asdict(self).items() if name != "is_expired"}


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key, and the text just made for it, which is shown now and never again."""

    key: Key
    text: str = field(repr=False)


def create_key(
    change: Change,
    *,
    name: str,
    role: Role,
    rate_limit: str | None = None,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key, which works at once; its values are judged before. Raises InvalidRequestError."""
    key_id = queries.insert_key(
        change.connection, name=name, role=role, rate_limit=rate_limit, expires_at=expires_at
    )
    if key_id is None:
        raise InvalidRequestError("The key would have expired already.", pointer="/expires_at")
    made = _give_secret(change.connection, key_id)
    after = made.key.document
    told = {name: after[name] for name in ("name", "role", "prefix", "rate_limit", "expires_at")}
    change.tell("key.create", _name_target(key_id), after=told)
    return made


def list_keys(connection: Connection, *, before: int = PAST_ALL, limit: int | None = None) -> list[Key]:
    """Keys with ids below this one, the newest first, revoked and expired ones too."""
    return [_to_key(row) for row in queries.select_keys(connection, before=before, limit=limit)]


def get_key(connection: Connection, key_id: int) -> Key:
    """One key. Raises KeyNotFoundError."""
    row = queries.select_key(connection, key_id)
    if row is None:
        raise KeyNotFoundError(f"There is no key {key_id}.")
    return _to_key(row)


def rotate_key(change: Change, key_id: int, *, overlap_seconds: int) -> NewKey:
    """Make a key a new text; those it had before end after so many seconds, or when they would have.

    Raises KeyNotFoundError, also for one that is revoked or expired: nothing brings it back.
    """
    before = _lock(change.connection, key_id)
    if before.revoked_at is not None or before.is_expired:
        state = "expired" if before.revoked_at is None else "revoked"
        raise KeyNotFoundError(f"Key {key_id} is {state}: make a new one.")
    queries.update_secrets_end(change.connection, key_id, seconds=overlap_seconds)
    made = _give_secret(change.connection, key_id)
    change.tell(
        "key.rotate",
        _name_target(key_id),
        before={"prefix": before.prefix},
        after={"prefix": made.key.prefix, "overlap_seconds": overlap_seconds},
    )
    return made


def revoke_key(change: Change, key_id: int) -> None:
    """Let a key work no more, by none of its texts, for good; one that is revoked stays as it is.

    Raises KeyNotFoundError.
    """
    before = _lock(change.connection, key_id)
    if before.revoked_at is None:
        queries.update_revoked(change.connection, key_id)
    after = get_key(change.connection, key_id)
    change.tell(
        "key.revoke",
        _name_target(key_id),
        before={"revoked_at": before.revoked_at},
        after={"revoked_at": after.revoked_at},
    )


def _lock(connection: Connection, key_id: int) -> Key:
    queries.lock_key(connection, key_id)
    return get_key(connection, key_id)


def _give_secret(connection: Connection, key_id: int) -> NewKey:
    secret: Secret = make_secret()
    queries.insert_secret(connection, key_id, digest=secret.digest, prefix=secret.prefix)
    return NewKey(get_key(connection, key_id), secret.text)


def _name_target(key_id: int) -> str:
    return f"key:{key_id}"


def _to_key(row: Row[Any]) -> Key:
    return Key(**row._mapping)
