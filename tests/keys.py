"""Keys of the table, as they are made, rotated and revoked, by its columns alone."""

from dataclasses import dataclass

from core.access.principals import Role
from core.keys.rules import digest_key, make_secret
from tests.acting import ask


@dataclass(frozen=True)
class Key:
    """A key, and one text of it."""

    id: int
    text: str

    @property
    def prefix(self) -> str:
        """What is public of it."""
        return self.text[4:12]

    @property
    def headers(self) -> dict[str, str]:
        """A request's headers with it."""
        return {"Authorization": f"Bearer {self.text}"}


def choose_text() -> str:
    """A text that is made like a key, and none."""
    return make_secret().text


def make_key(
    role: Role = Role.PARTNER, *, rate_limit: str | None = None, expires_in: float | None = None
) -> Key:
    """A key that expires in so many seconds, if it does."""
    ((key_id,),) = ask(
        """INSERT INTO api_keys (name, role, rate_limit, expires_at)
           VALUES ('A key', :role, :rate_limit, clock_timestamp() + make_interval(secs => :seconds))
           RETURNING id""",
        role=role,
        rate_limit=rate_limit,
        seconds=expires_in,
    )
    return _add_text(key_id)


def rotate(key: Key, *, overlap_seconds: float) -> Key:
    """The same key with a new text; those before end after so many seconds."""
    ask(
        """UPDATE api_key_secrets SET ends_at = clock_timestamp() + make_interval(secs => :seconds)
           WHERE key_id = :id AND ends_at IS NULL RETURNING 1""",
        id=key.id,
        seconds=overlap_seconds,
    )
    return _add_text(key.id)


def revoke(key: Key) -> None:
    """Have a key be refused."""
    ask("UPDATE api_keys SET revoked_at = clock_timestamp() WHERE id = :id RETURNING 1", id=key.id)


def _add_text(key_id: int) -> Key:
    key = Key(key_id, choose_text())
    ask(
        "INSERT INTO api_key_secrets (digest, key_id, prefix) VALUES (:digest, :id, :prefix) RETURNING 1",
        digest=digest_key(key.text),
        id=key_id,
        prefix=key.prefix,
    )
    return key
