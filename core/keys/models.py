"""Tables of keys, and of the secrets by which each is known."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.access.principals import Role
from core.infra.db import Base

CLOCK = text("clock_timestamp()")


class ApiKey(Base):
    """A key: a name, a role, an allowance of its own; rotated, it stays the same key."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint(
            f"role IN ({', '.join(repr(role.value) for role in Role)})", name="api_keys_role_is_known"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    rate_limit: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ApiKeySecret(Base):
    """What a key is known by: the digest of its text, never the text. Rotated, the one before ends."""

    __tablename__ = "api_key_secrets"
    __table_args__ = (
        CheckConstraint("length(digest) = 32", name="api_key_secrets_digest_is_sha_256"),
        # The one that does not end is the key's own.
        Index("api_key_secrets_newest", "key_id", unique=True, postgresql_where=text("ends_at IS NULL")),
    )

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    key_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("api_keys.id", name="api_key_secrets_have_a_key", ondelete="CASCADE")
    )
    prefix: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
