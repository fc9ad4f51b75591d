"""The table of seats."""

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.infra.db import Base
from core.infra.slots import SLOT_OF_SHOW
from core.shows.models import CLOCK

SEAT_IDS = Sequence("seats_id_seq", metadata=Base.metadata)


class Seat(Base):
    """One seat of one show, with at most one owner since it has one `booking_id`.

    `booking_id` is no foreign key: a booking's row is locked by the transaction that writes its id here,
    and the index that a key needs on a column that every sale changes costs each sale three index writes.
    """

    __tablename__ = "seats"
    __table_args__ = (
        PrimaryKeyConstraint("show_id", "id", "slot", name="seats_pkey"),
        UniqueConstraint("show_id", "seat_number", "slot", name="seats_number_is_unique_in_show"),
        CheckConstraint(SLOT_OF_SHOW, name="seats_slot_is_of_show"),
        CheckConstraint("status IN ('available', 'held', 'booked')", name="seats_status_is_known"),
        CheckConstraint("(status = 'available') = (booking_id IS NULL)", name="seats_owned_have_a_booking"),
        CheckConstraint("(status = 'held') = (hold_expires_at IS NOT NULL)", name="seats_held_expire"),
        CheckConstraint("price >= 0", name="seats_price_is_not_negative"),
        # Room in each page lets a sold seat stay on it, so that a sale touches no index.
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[int] = mapped_column(BigInteger, SEAT_IDS, server_default=SEAT_IDS.next_value())
    show_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shows.id", name="seats_have_a_show"))
    slot: Mapped[int] = mapped_column(SmallInteger)
    seat_number: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=text("'available'"))
    booking_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    hold_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    section: Mapped[str | None] = mapped_column(Text)
    row: Mapped[str | None] = mapped_column(Text)
    place: Mapped[int | None] = mapped_column(Integer)
    price: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
