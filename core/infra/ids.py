"""Ids of bookings and events: UUIDs of version 7."""

import secrets
import time
import uuid

VERSION_7 = 0x7 << 76
VARIANT = 0b10 << 62
RANDOM_BITS = 0xFFF << 64 | (1 << 62) - 1


def new_id() -> uuid.UUID:
    """A UUID v7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits.

    A booking's id is the key to it. Library generators count up within a millisecond, which would leave
    the ids of one rush within reach of each other; here every bit after the time is random.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(secrets.token_bytes(10))
    return uuid.UUID(int=milliseconds << 80 | random & RANDOM_BITS | VERSION_7 | VARIANT)
