"""What Seatline needs of a payment provider. A provider is one file beside this one, and its tests.

Amounts are in minor units of an ISO 4217 currency, as everywhere here; a provider that counts otherwise is
translated in its own file. Every call may be repeated: what was done is not done again.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from core.payments.states import Method

# Every provider's ids and names are such, and whatever is not could be no key, or no line of a log.
_WORD = re.compile(r"[!-~]{1,255}", re.ASCII)
_WHOLE = range(-(2**63), 2**63)


class Patience(NamedTuple):
    """How long one call to the provider may take, and how often it is repeated where it failed on the way."""

    seconds: float
    retries: int


class ReportStatus(StrEnum):
    """What a provider says became of a payment."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"  # whatever was given back since
    FAILED = "failed"  # declined or closed: nobody can pay it any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is to be paid, for which booking. `expires_at` is when the offer had better end by itself."""

    payment_id: UUID
    booking_id: UUID
    amount: int
    currency: str
    description: str
    method: Method
    return_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A payment at the provider, by the provider's own id, and how the buyer gets there."""

    provider_id: str
    checkout_url: str | None = None
    client_secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A payment as the provider sees it; whose it is, by its metadata: None where that is not ours.

    `amount` is what was paid, before that what is asked. `provider_id` is None of one that it never took.
    Raises ValueError for what cannot be kept.
    """

    provider_id: str | None
    payment_id: UUID | None
    booking_id: UUID | None
    status: ReportStatus
    amount: int
    refunded_amount: int
    currency: str

    def __post_init__(self) -> None:
        _check_words(self.currency, *([] if self.provider_id is None else [self.provider_id]))
        if self.amount not in _WHOLE or self.refunded_amount not in _WHOLE:
            raise ValueError("the amount is none that can be kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A webhook that was verified: its own id, its type in the provider's words, what it says of a payment.

    `report` is None where it is about nothing that concerns us. Raises ValueError for what cannot be kept.
    """

    id: str
    type: str
    report: Report | None

    def __post_init__(self) -> None:
        _check_words(self.id, self.type)


class Provider(Protocol):
    """A payment provider.

    But for parse_webhook() each call goes over the network, and raises ProviderUnavailableError where it may
    succeed another time, or ProviderRefusedError where it never will. None is made with a row locked.
    """

    name: str

    def create(self, charge: Charge) -> Offer:
        """Offer a payment to the buyer; the same offer for the same `payment_id`."""

    def fetch(self, provider_id: str) -> Report:
        """The payment as it is now."""

    def close(self, provider_id: str) -> Report:
        """Close the payment to its buyer, and report how it ended: it may have been paid just before."""

    def refund(self, provider_id: str, *, refund_id: UUID, amount: int, currency: str) -> None:
        """Give back so much; once for the same `refund_id`."""

    def list(self, since: datetime, until: datetime) -> Iterator[Report]:
        """All payments that were offered in this time, as they are now, in no order."""

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """What a webhook says; headers by their lower-case names, the body as it came.

        Raises InvalidSignatureError, and ValueError for a body that is signed and cannot be read.
        """


def _check_words(*words: str) -> None:
    if not all(map(_WORD.fullmatch, words)):
        raise ValueError("an id, a type or a currency is none that can be kept")
