"""The table of events: an outbox, and each booking's history."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.infra.db import Base
from core.shows.models import CLOCK

POSITIONS = Sequence("events_position_seq", metadata=Base.metadata)


class EventType(StrEnum):
    """The transitions that the world is told of, in the order in which a booking goes through them."""

    BOOKING_HELD = "BOOKING_HELD"  # its seats are held
    BOOKING_FAILED = "BOOKING_FAILED"  # it got none, or lost its hold
    # Its seats are its own. After a failure, where it was paid too late and its seats were still free.
    BOOKING_CONFIRMED = "BOOKING_CONFIRMED"
    BOOKING_CANCELLED = "BOOKING_CANCELLED"  # it gave its seats back


class Event(Base):
    """One transition of one booking, written in the transaction that made it."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint(
            f"type IN ({', '.join(repr(value.value) for value in EventType)})", name="events_type_is_known"
        ),
        PrimaryKeyConstraint("id", "slot", name="events_pkey"),
        ForeignKeyConstraint(
            ["booking_id", "slot"], ["bookings.id", "bookings.slot"], name="events_have_a_booking"
        ),
        UniqueConstraint("position", "slot", name="events_position_is_unique"),
        Index("events_by_booking", "booking_id", "created_at"),
        # What has been committed and not yet been given its place in the feed.
        Index("events_unplaced", "created_at", postgresql_where=text("position IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid)
    slot: Mapped[int] = mapped_column(SmallInteger)
    booking_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    # An order of this database alone, which only the version before goes by. To be dropped in the next one.
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    type: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # The traceparent of the request that it came of, where that was sampled.
    trace: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    # Not written any more: the version before reads it. To be dropped in the next one.
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class EventCursor(Base):
    """How far a reader of the feed has come: the events broker, which has everything up to there."""

    __tablename__ = "event_cursors"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
