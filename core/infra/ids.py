"""Ids of bookings and events: UUIDs of version 7 that tell their slot (core/infra/slots.py)."""

import secrets
import time
import uuid
from datetime import datetime

from core.infra.slots import SLOTS

VERSION_7 = 0x7 << 76
VARIANT = 0b10 << 62
SLOT_AT = 64
RANDOM_BITS = (1 << 62) - 1


def new_id(slot: int) -> uuid.UUID:
    """A UUID v7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, the slot in rand_a, then 62 random bits.

    A booking's id is the key to it. Library generators count up within a millisecond, which would leave
    the ids of one rush within reach of each other; here every bit after the slot is random.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(secrets.token_bytes(8)) & RANDOM_BITS
    return uuid.UUID(int=milliseconds << 80 | VERSION_7 | slot << SLOT_AT | VARIANT | random)


def make_first_id(time_: datetime) -> uuid.UUID:
    """What is not above any id made from this time on, to a millisecond."""
    return uuid.UUID(int=int(time_.timestamp() * 1000) << 80)


def read_slot(id_: uuid.UUID) -> int:
    """The slot that an id tells; of one minted before ids had slots, any number."""
    return (id_.int >> SLOT_AT) % SLOTS
