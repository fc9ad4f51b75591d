"""What stands in place of a client's address in bookings, the audit log, logs and Redis."""

import hmac
from functools import lru_cache

from core.infra.settings import get_settings

# Of a digest; 96 bits, at which two of a billion addresses hardly ever meet.
BYTES = 12
ADDRESSES_KEPT = 10_000


@lru_cache(ADDRESSES_KEPT)
def hide(address: str) -> str:
    """The pseudonym of an address or network: 24 hexadecimal digits.

    An HMAC: whoever reads the table cannot try out all four billion addresses without the secret.
    """
    secret = get_settings().seatline_secret.encode()
    return hmac.digest(secret, address.encode(), "sha256")[:BYTES].hex()
