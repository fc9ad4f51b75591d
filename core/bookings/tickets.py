"""Ticket codes: derived from bookings' ids under SEATLINE_SECRET, and stored nowhere (ADR 0055)."""

import hashlib
import hmac
import re
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from core.infra.settings import get_settings

# Crockford's: none of its characters is taken for another.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# From the front: the show's slot in 12 bits, the second of the id in 31, an authentication code in 57.
SECOND_BITS, MAC_BITS = 31, 57
SLOT_AT = SECOND_BITS + MAC_BITS
GROUPS_AT = 80, 60, 40, 20, 0
MILLISECONDS_AT = 80
# Seconds count from 2020 and last until 2088.
EPOCH_SECONDS = 1_577_836_800
PURPOSE = b"ticket codes"

_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_WRITTEN = re.compile(r"[0-9A-TV-Z]{20}", re.ASCII)
# To the digits of int(), from those of the alphabet and from what they are misread as.
_DIGITS = str.maketrans(ALPHABET + "OIL", "0123456789ABCDEFGHIJKLMNOPQRSTUV" + "011")


class Ticket(NamedTuple):
    """What a code tells of its booking: the slot, and between which ids its own is."""

    code: str
    slot: int
    first_id: UUID
    last_id: UUID

    def is_of(self, booking_id: UUID) -> bool:
        """Whether the code is that of this booking of the slot; how long it takes tells nothing."""
        return hmac.compare_digest(make_code(booking_id, self.slot), self.code)


def make_code(booking_id: UUID, slot: int) -> str:
    """The ticket code of a booking, by the slot of its show: 20 characters in groups of four."""
    mac = _make_mac(get_settings().seatline_secret).copy()
    mac.update(booking_id.bytes)
    second = (booking_id.int >> MILLISECONDS_AT) // 1000 - EPOCH_SECONDS & (1 << SECOND_BITS) - 1
    return _write(slot << SLOT_AT | second << MAC_BITS | int.from_bytes(mac.digest()) >> 64 - MAC_BITS)


def parse_code(text: str) -> Ticket | None:
    """What a code tells that was typed or read: in any case, with or without hyphens and spaces.

    O is read as 0, I and L as 1. None where it can be no code.
    """
    typed = text.replace("-", "").replace(" ", "")
    # Not before it is known to be ASCII: the upper case of other characters is in the alphabet too.
    if not typed.isascii() or not _WRITTEN.fullmatch(typed.upper()):
        return None
    number = int(typed.upper().translate(_DIGITS), 32)
    milliseconds = ((number >> MAC_BITS & (1 << SECOND_BITS) - 1) + EPOCH_SECONDS) * 1000
    first, end = milliseconds << MILLISECONDS_AT, milliseconds + 1000 << MILLISECONDS_AT
    return Ticket(_write(number), number >> SLOT_AT, UUID(int=first), UUID(int=end - 1))


@lru_cache(maxsize=1)
def _make_mac(secret: str) -> hashlib.blake2b:
    # BLAKE2b with a key takes a third of what HMAC-SHA256 does, of each booking of a rush.
    key = hmac.digest(secret.encode(), PURPOSE, "sha256")
    return hashlib.blake2b(key=key, digest_size=8)


def _write(number: int) -> str:
    # Written out: a loop takes half as long again.
    a, b, c, d, e = [number >> at & 0xFFFFF for at in GROUPS_AT]
    pair = _PAIRS
    return (
        f"{pair[a >> 10]}{pair[a & 1023]}-{pair[b >> 10]}{pair[b & 1023]}-{pair[c >> 10]}{pair[c & 1023]}"
        f"-{pair[d >> 10]}{pair[d & 1023]}-{pair[e >> 10]}{pair[e & 1023]}"
    )
