"""Tables of webhook endpoints, of what each has yet to be told, and of what each was told last."""

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.infra.db import Base
from core.shows.models import CLOCK
from core.webhooks.rules import Outcome


class WebhookEndpoint(Base):
    """An address that is told of events; disabled where `disabled_reason` says why.

    `position` is how far into the feed its deliveries have been made: replaying is moving it back.
    Where there are groups of slots it is that of the first; `positions` has those of the others, in order.
    `lease` belongs to the one worker that is delivering to it now, until `leased_until`.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("cardinality(secrets) IN (1, 2)", name="webhook_endpoints_have_a_secret"),
        CheckConstraint(
            "(cardinality(secrets) = 2) = (old_secret_until IS NOT NULL)",
            name="webhook_endpoints_old_secret_ends",
        ),
        CheckConstraint("types IS NULL OR cardinality(types) > 0", name="webhook_endpoints_want_something"),
        CheckConstraint("disabled_reason IN ('gone', 'operator')", name="webhook_endpoints_reason_is_known"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    types: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    secrets: Mapped[list[str]] = mapped_column(ARRAY(Text))
    old_secret_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    position: Mapped[int] = mapped_column(BigInteger)
    positions: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    failures_in_a_row: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    paused_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lease: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    leased_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    delivered: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    given_up: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    last_success_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)
    last_error_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class WebhookDelivery(Base):
    """An event that an endpoint has yet to be told; deleted once it was, or once it was tried for days."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        PrimaryKeyConstraint("endpoint_id", "event_id", "slot", name="webhook_deliveries_once_an_event"),
        ForeignKeyConstraint(
            ["event_id", "slot"], ["events.id", "events.slot"], name="webhook_deliveries_have_an_event"
        ),
        # What is due at an endpoint, the oldest first.
        Index("webhook_deliveries_due", "endpoint_id", "next_attempt_at"),
        # Whether a booking has an earlier event that the endpoint has yet to be told.
        Index("webhook_deliveries_by_booking", "endpoint_id", "booking_id", "position"),
        # Whether an event may be archived.
        Index("webhook_deliveries_by_event", "event_id"),
    )

    endpoint_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("webhook_endpoints.id", name="webhook_deliveries_have_an_endpoint", ondelete="CASCADE"),
    )
    event_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    slot: Mapped[int] = mapped_column(SmallInteger)
    booking_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class WebhookAttempt(Base):
    """What an endpoint was sent, or a test that it is to be sent: its log, which goes round (log.py).

    `place` is where in the log it is, `id` tells which was noted when. A test has no booking; one that waits
    has the time at which a worker began to send it for `sent_at`, or none.
    """

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        PrimaryKeyConstraint("endpoint_id", "place", name="webhook_attempts_pkey"),
        CheckConstraint(
            f"status IN ({', '.join(repr(value.value) for value in Outcome)})",
            name="webhook_attempts_status_is_known",
        ),
        # One test an endpoint; looked for every second.
        Index(
            "webhook_attempts_waiting",
            "endpoint_id",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    endpoint_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("webhook_endpoints.id", name="webhook_attempts_have_an_endpoint", ondelete="CASCADE"),
    )
    place: Mapped[int] = mapped_column(Integer)
    id: Mapped[int] = mapped_column(BigInteger, Identity())
    event_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    type: Mapped[str] = mapped_column(Text)
    booking_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    event_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attempt: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    took_milliseconds: Mapped[int | None] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
