"""Tables of bookings, which are the queue of the workers too, and of idempotency keys."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.bookings.states import BookingStatus, FailureCode, Wants
from core.infra.db import Base, one_of
from core.infra.slots import SLOT_OF_SHOW
from core.shows.models import CLOCK


class Booking(Base):
    """A booking; `wants` says what a worker has to do for it, null that nothing is waiting."""

    __tablename__ = "bookings"
    __table_args__ = (
        # The slot comes last: who does not know it uses the same index.
        PrimaryKeyConstraint("id", "slot", name="bookings_pkey"),
        CheckConstraint(SLOT_OF_SHOW, name="bookings_slot_is_of_show"),
        CheckConstraint(one_of("status", BookingStatus), name="bookings_status_is_known"),
        CheckConstraint(one_of("wants", Wants), name="bookings_want_is_known"),
        CheckConstraint(one_of("failure_code", FailureCode), name="bookings_failure_is_known"),
        # A PENDING booking that nothing will ever settle must not exist.
        CheckConstraint(
            "status <> 'PENDING' OR wants IS NOT NULL OR hold_expires_at IS NOT NULL",
            name="bookings_pending_wait_for_something",
        ),
        CheckConstraint(
            "hold_expires_at IS NULL OR (status = 'PENDING' AND hold AND held_at IS NOT NULL)",
            name="bookings_only_pending_holds_expire",
        ),
        CheckConstraint(
            "wants IS DISTINCT FROM 'acquire' OR (status = 'PENDING' AND hold_expires_at IS NULL)",
            name="bookings_acquire_once",
        ),
        CheckConstraint(
            "wants IS DISTINCT FROM 'confirm' OR (status = 'PENDING' AND hold_expires_at IS NOT NULL)"
            # It was paid too late, and wants its seats once more.
            " OR (status = 'FAILED' AND failure_code = 'hold_expired')",
            name="bookings_confirm_what_is_held",
        ),
        CheckConstraint(
            "wants IS NULL OR status IN ('PENDING', 'CONFIRMED')"
            " OR (wants = 'confirm' AND status = 'FAILED')",
            name="bookings_ended_want_nothing",
        ),
        CheckConstraint(
            "(status = 'FAILED') = (failure_code IS NOT NULL)", name="bookings_failed_have_a_reason"
        ),
        CheckConstraint("cardinality(seats) > 0 OR coalesce(quantity, 0) > 0", name="bookings_ask_for_seats"),
        CheckConstraint(
            "status <> 'CONFIRMED' OR cardinality(seats) > 0", name="bookings_confirmed_have_seats"
        ),
        CheckConstraint("amount >= 0", name="bookings_amount_is_not_negative"),
        # It is its client's own text.
        CheckConstraint("octet_length(request_id) <= 128", name="bookings_request_id_is_bounded"),
        # The workers' queue: what wants something, in order of arrival.
        Index("bookings_waiting", "show_id", "created_at", "id", postgresql_where=text("wants IS NOT NULL")),
        # Holds to be released, the first to expire first.
        Index(
            "bookings_holds",
            "show_id",
            "hold_expires_at",
            postgresql_where=text("hold_expires_at IS NOT NULL"),
        ),
        # A customer's seats in a show, counted against the limit; and support's look-up by customer.
        Index("bookings_by_customer", "customer", "show_id", postgresql_where=text("customer IS NOT NULL")),
        # What a client without a credential holds in a show, counted against the limit.
        Index(
            "bookings_held_by_client",
            "client",
            "show_id",
            postgresql_where=text("client IS NOT NULL AND hold_expires_at IS NOT NULL"),
        ),
        # Bookings that settling failed at, given up or being retried; normally there are none.
        Index("bookings_set_aside", "slot", "id", postgresql_where=text("tries > 0")),
        # A show's bookings for its operator, newest first.
        Index("bookings_by_show", "show_id", "id"),
        {"postgresql_with": {"fillfactor": 85}},
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid)
    slot: Mapped[int] = mapped_column(SmallInteger)
    show_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shows.id", name="bookings_have_a_show"))
    # An order of this database alone, which only the version before goes by. To be dropped in the next one.
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    status: Mapped[str] = mapped_column(Text, server_default=text("'PENDING'"))
    wants: Mapped[str | None] = mapped_column(Text, server_default=text("'acquire'"))
    seats: Mapped[list[str]] = mapped_column(ARRAY(Text))
    quantity: Mapped[int | None] = mapped_column(Integer)
    section: Mapped[str | None] = mapped_column(Text)
    hold: Mapped[bool]
    held_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    hold_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    customer: Mapped[str | None] = mapped_column(Text)
    # Whom the seats that it holds count against: the pseudonym of the address that it came from, or a
    # principal without a role; NULL where its credential has a role.
    client: Mapped[str | None] = mapped_column(Text)
    # The principal with a role that asked for it; NULL where `client` says whose it is.
    booked_by: Mapped[str | None] = mapped_column(Text)
    # The X-Request-ID of the request that asked for it.
    request_id: Mapped[str | None] = mapped_column(Text)
    # The traceparent of the last request for it, where that is sampled (core/infra/tracing.py).
    trace: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    failure_code: Mapped[str | None] = mapped_column(Text)
    failure_seats: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    # Its newest payment as answers have it; written with each change of that (core/payments).
    payment: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    requests: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    # When a booking with tries is due again; it is settled alone then.
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class ArchivedBooking(Base):
    """A booking of a show long past, with all of its events, each as the row it was.

    One row of documents, and not twins of two tables that every later column would have to be added to.
    """

    __tablename__ = "archived_bookings"
    __table_args__ = (PrimaryKeyConstraint("id", "slot", name="archived_bookings_pkey"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid)
    slot: Mapped[int] = mapped_column(SmallInteger)
    booking: Mapped[dict[str, Any]] = mapped_column(JSONB)
    events: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    archived_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class Heartbeat(Base):
    """When something that must happen again and again last began, by the database's clock."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class IdempotencyKey(Base):
    """A principal's key for a show: what it was first used for, and the bookings that came of it."""

    # `idempotency_keys`, the version before's table, is dropped in the next version.
    __tablename__ = "used_keys"
    __table_args__ = (
        PrimaryKeyConstraint("principal", "show_id", "key", "slot", name="used_keys_used_once"),
        CheckConstraint(SLOT_OF_SHOW, name="used_keys_slot_is_of_show"),
        Index("used_keys_oldest_first", "created_at"),
    )

    principal: Mapped[str] = mapped_column(Text)
    show_id: Mapped[int] = mapped_column(BigInteger)
    slot: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text)
    booking_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
