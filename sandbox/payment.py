"""A payment at the sandbox, and how it looks to Seatline and to its buyer."""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from sandbox.bodies import find_exponent


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A row of `payments`."""

    number: int
    provider_id: str
    payment_id: str
    booking_id: str
    state: str
    amount: int
    refunded_amount: int
    currency: str
    description: str
    return_url: str
    created_at: float
    expires_at: float

    @classmethod
    def read(cls, row: sqlite3.Row) -> "Payment":
        """The payment of a row."""
        return cls(**dict(row))

    @property
    def is_payable(self) -> bool:
        """Whether it is neither paid nor over."""
        return self.state == "pending" and time.time() < self.expires_at

    @property
    def is_paid(self) -> bool:
        """Whether it was paid, whatever was given back since."""
        return self.state == "paid"

    @property
    def left(self) -> int:
        """How much can be given back."""
        return self.amount - self.refunded_amount if self.is_paid else 0

    @property
    def price(self) -> str:
        """The amount for a person: 1,234.50 EUR."""
        return self.format(self.amount)

    def format(self, amount: int) -> str:
        """An amount in its currency for a person. By integers: a float would round what is large."""
        exponent = find_exponent(self.currency)
        whole, rest = divmod(amount, 10**exponent)
        return f"{whole:,}{f'.{rest:0{exponent}}' if exponent else ''} {self.currency}"

    def report(self) -> dict[str, Any]:
        """As Seatline is told of it."""
        return {
            "provider_id": self.provider_id,
            "payment_id": self.payment_id,
            "booking_id": self.booking_id,
            "status": self._status,
            "amount": self.amount,
            "refunded_amount": self.refunded_amount,
            "currency": self.currency,
        }

    def show(self) -> dict[str, Any]:
        """As its buyer sees it."""
        return {
            "status": "refunded" if self.is_paid and not self.left else self._status,
            "amount": self.amount,
            "refunded_amount": self.refunded_amount,
            "currency": self.currency,
        }

    @property
    def _status(self) -> str:
        if self.is_paid:
            return "succeeded"
        return "pending" if self.is_payable else "failed"
