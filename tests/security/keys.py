"""Keys of every role, as the table of keys has them."""

import hashlib
import secrets
import string
from typing import NamedTuple

from sqlalchemy import text

from core.access.principals import Role
from core.infra import db
from tests.canary import CANARY

LETTERS = string.ascii_letters + string.digits
# A key: its prefix, and what nobody knows.
PREFIX_LENGTH, SECRET_LENGTH = 8, 32


class Key(NamedTuple):
    """A key, and the text by which its owner shows that it has it."""

    id: int
    text: str


_INSERT_KEY = text("""
    WITH key AS (
        INSERT INTO api_keys (name, role, rate_limit) VALUES (:name, :role, :rate_limit) RETURNING id
    )
    INSERT INTO api_key_secrets (digest, key_id, prefix) SELECT :digest, id, :prefix FROM key
    RETURNING key_id
""")


def make_key(role: Role, *, rate_limit: str | None = None) -> Key:
    """A new key of this role, of those that are in the database; its text has the canary in it."""
    prefix = "slk_" + "".join(secrets.choice(LETTERS) for _ in range(PREFIX_LENGTH))
    key = f"{prefix}_{CANARY}".ljust(len(prefix) + 1 + SECRET_LENGTH, secrets.choice(LETTERS))
    with db.transaction() as connection:
        id_ = connection.execute(
            _INSERT_KEY,
            {
                "name": f"of the tests: {role}",
                "role": role.value,
                "rate_limit": rate_limit,
                "digest": hashlib.sha256(key.encode()).digest(),
                "prefix": prefix,
            },
        ).scalar_one()
    return Key(id_, key)


def authorize(role: Role | None) -> dict[str, str]:
    """The headers of a request with a new key of this role; none for nobody."""
    return {"Authorization": f"Bearer {make_key(role).text}"} if role else {}
