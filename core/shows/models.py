"""Tables of shows: the show, what its hall looks like, its lock and counts."""

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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.infra.db import Base
from core.infra.slots import SLOT_OF_SHOW

CLOCK = text("clock_timestamp()")


class Show(Base):
    """A show on sale or not; its status follows from the times and the clock and is kept nowhere."""

    __tablename__ = "shows"
    __table_args__ = (
        CheckConstraint("total_seats BETWEEN 1 AND 100000", name="shows_size_is_bounded"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="shows_currency_is_iso_4217"),
        CheckConstraint("hold_seconds BETWEEN 15 AND 900", name="shows_hold_is_bounded"),
        CheckConstraint("max_seats_per_booking > 0", name="shows_booking_limit_is_positive"),
        CheckConstraint("max_seats_per_customer > 0", name="shows_customer_limit_is_positive"),
        CheckConstraint("max_held_seats_per_client > 0", name="shows_client_limit_is_positive"),
        CheckConstraint(
            "sales_open_at < coalesce(sales_close_at, start_time)", name="shows_sales_open_before_they_close"
        ),
        Index("shows_soonest_first", "start_time", "id"),
        # The few that may still have bookings to cancel.
        Index("shows_cancelled", "id", postgresql_where=text("cancelled_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    # What it is searched by (folding.py); NULL where the version before made the show.
    search_name: Mapped[str | None] = mapped_column(Text)
    start_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    total_seats: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(Text)
    price: Mapped[int] = mapped_column(Integer)
    sections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    hold_seconds: Mapped[int] = mapped_column(Integer)
    max_seats_per_booking: Mapped[int] = mapped_column(Integer)
    max_seats_per_customer: Mapped[int | None] = mapped_column(Integer)
    # Unconfirmed, of a client without a credential.
    max_held_seats_per_client: Mapped[int | None] = mapped_column(Integer)
    sales_open_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sales_close_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    payment_required: Mapped[bool]
    time_zone: Mapped[str] = mapped_column(Text, server_default=text("'UTC'"))
    # As the hall has it, which lists of shows do not read.
    focus: Mapped[dict[str, float] | str | None] = mapped_column(JSONB(none_as_null=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class ShowHall(Base):
    """A show's hall as it was described; never changes, and is apart since a plan may be megabytes."""

    __tablename__ = "show_halls"

    show_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("shows.id", name="show_halls_have_a_show"), primary_key=True
    )
    description: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ShowVersion(Base):
    """A show's lock, the version of its seat map, its seats counted by status.

    A table of its own: every batch updates this row, and bookings refer to the row in `shows`.
    Who knows the map by a version below `restored_version` knows one that a restore may have taken back.
    """

    __tablename__ = "show_versions"
    __table_args__ = (
        PrimaryKeyConstraint("show_id", "slot", name="show_versions_pkey"),
        CheckConstraint(SLOT_OF_SHOW, name="show_versions_slot_is_of_show"),
        CheckConstraint(
            "available >= 0 AND held >= 0 AND booked >= 0", name="show_versions_counts_not_negative"
        ),
        CheckConstraint("available + held + booked = total", name="show_versions_counts_add_up"),
        # One row a show, rewritten by every batch: room on its page keeps those updates off the index.
        {"postgresql_with": {"fillfactor": 20}},
    )

    show_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shows.id", name="show_versions_have_a_show"))
    slot: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    restored_version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int] = mapped_column(Integer)
    available: Mapped[int] = mapped_column(Integer)
    held: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    booked: Mapped[int] = mapped_column(Integer, server_default=text("0"))
