"""What may be sent to the sandbox; whatever else is in a body is refused."""

from typing import Annotated, Literal
from uuid import UUID

from iso4217 import Currency
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

# SQLite's integers end at 2**63.
MOST = 10**15
Amount = Annotated[int, Field(ge=1, le=MOST)]


def find_exponent(code: str) -> int:
    """How many digits a currency's minor units have. Raises ValueError where it has none, or is none."""
    exponent: int | None = Currency(code).exponent
    if exponent is None:
        raise ValueError("must be a currency that has minor units")
    return exponent


def _check_currency(code: str) -> str:
    find_exponent(code)
    return code


class Body(BaseModel):
    """A body without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewPayment(Body):
    """A payment to be offered."""

    payment_id: UUID
    booking_id: UUID
    amount: Amount
    currency: Annotated[str, AfterValidator(_check_currency)]
    description: str = Field(max_length=1000)
    # It is a link on the page, where a browser would run another scheme's.
    return_url: str = Field(pattern=r"^https?://\S+$", max_length=2000)
    expires_at: AwareDatetime


class NewRefund(Body):
    """So much of a payment to be given back, once for a `refund_id`."""

    refund_id: UUID
    amount: Amount
    currency: str


class Choice(Body):
    """How the webhook about what a buyer does is to come."""

    webhook: Literal["now", "twice", "never"] = "now"
    delay_seconds: float = Field(default=0, ge=0, le=600, allow_inf_nan=False)


class Span(Body):
    """Which payments are listed: those of [since, until), on from a page's `next`."""

    since: AwareDatetime
    until: AwareDatetime
    after: int = Field(default=0, ge=0, le=MOST)
    limit: int = Field(default=100, ge=1, le=1000)


class NewFaults(Body):
    """What is to go wrong: all but refunds for `seconds`, these for `refuse_refunds_seconds`."""

    status: int | None = Field(default=None, ge=400, le=599)
    slow_seconds: float = Field(default=0, ge=0, le=60, allow_inf_nan=False)
    webhook_amount: Amount | None = None
    seconds: float = Field(default=60, ge=0, le=3600, allow_inf_nan=False)
    refuse_refunds_seconds: float = Field(default=0, ge=0, le=3600, allow_inf_nan=False)
