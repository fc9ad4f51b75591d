"""A payment as the world sees it, and as rules need it."""

import uuid
from datetime import datetime
from typing import Any, NamedTuple


class Payment(NamedTuple):
    """A payment with everything that answers and rules need of it. Amounts in minor units."""

    id: uuid.UUID
    slot: int
    show_id: int
    booking_id: uuid.UUID
    provider: str
    provider_id: str | None
    method: str
    status: str
    amount: int
    currency: str
    paid_amount: int
    refunded_amount: int
    checkout_url: str | None
    client_secret: str | None
    description: str
    return_url: str
    expires_at: datetime
    tries: int
    created_at: datetime
    updated_at: datetime

    def to_document(self) -> dict[str, Any]:
        """The payment as everybody may see it: DOCUMENT makes the same in SQL."""
        return {name: getattr(self, name) for name in PUBLIC}

    def to_offer(self) -> dict[str, Any]:
        """The same, with what its buyer pays by."""
        return {
            **self.to_document(),
            "checkout_url": self.checkout_url,
            "client_secret": self.client_secret,
        }


COLUMNS = ", ".join(Payment._fields)
PUBLIC = ("id", "provider", "status", "amount", "refunded_amount", "currency")
# A payment `p` as its booking shows it.
_PAIRS = ", ".join(f"'{name}', p.{name}" for name in PUBLIC)
DOCUMENT = f"jsonb_build_object({_PAIRS})"
