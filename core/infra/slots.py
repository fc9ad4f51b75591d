"""Slots: the key by which bookings, seats and all that belongs to a show can be distributed."""

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from core.infra.db import Base

# Never changes: slots are moved between servers, shows are not between slots.
SLOTS = 4096
SLOT_OF_SHOW = f"slot = show_id % {SLOTS}"


class GroupedSlot(Base):
    """The group of a slot (slot_groups.py); group 0 has all that are not here, of one database all."""

    __tablename__ = "slot_groups"
    __table_args__ = (
        CheckConstraint(f"slot BETWEEN 0 AND {SLOTS - 1}", name="slot_groups_slot_is_one"),
        CheckConstraint("slot_group >= 0", name="slot_groups_not_negative"),
    )

    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    slot_group: Mapped[int] = mapped_column(SmallInteger)


def to_slot(show_id: int) -> int:
    """The slot of a show, and of everything that belongs to it."""
    return show_id % SLOTS
