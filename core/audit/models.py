"""The table of the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.access.principals import PrincipalKind
from core.infra.db import Base


class AuditEntry(Base):
    """A change: by whom, of what, and how it was before and after; no secret and no address."""

    __tablename__ = "audit_log"
    __table_args__ = (
        CheckConstraint(
            f"actor_kind IN ({', '.join(repr(kind.value) for kind in PrincipalKind)})",
            name="audit_log_actor_is_known",
        ),
        # Newest first, by each of the filters.
        Index("audit_log_by_actor", "actor_name", "id"),
        Index("audit_log_by_actor_id", "actor_id", "id"),
        Index("audit_log_by_action", "action", "id"),
        Index("audit_log_by_target", "target", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str | None] = mapped_column(Text)
    actor_name: Mapped[str] = mapped_column(Text)
    actor_role: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    client: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
