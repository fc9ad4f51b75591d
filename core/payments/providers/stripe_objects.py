"""What is read of Stripe's objects and events, and what they report. No network is asked here."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.payments.providers.interface import Notice, Report, ReportStatus
from core.payments.providers.stripe_currencies import from_stripe
from core.payments.states import Method

ASYNC_PAYMENT_FAILED = "checkout.session.async_payment_failed"
SESSION_EVENTS = {
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    ASYNC_PAYMENT_FAILED,
    "checkout.session.expired",
}
# Not payment_intent.payment_failed: the buyer may try another card. Not refunds either, whose events name the
# intent and never the session: what was given back is told by fetch() and list().
INTENT_EVENTS = {"payment_intent.succeeded", "payment_intent.canceled"}


class StripeCharge(BaseModel):
    """What was taken of a buyer."""

    amount_refunded: int


class StripeRefund(BaseModel):
    """What was given back, or could not be."""

    id: str
    status: str | None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None


class _Offered(BaseModel):
    """What Stripe's two ways to pay have in common."""

    model_config = ConfigDict(frozen=True)

    id: str
    # None, like the amount, of a session that asks for no money: nothing of ours.
    currency: str | None = None
    metadata: dict[str, str] | None = None

    @property
    def payment_id(self) -> UUID | None:
        """Our payment's id by the metadata; None for payments of other software on the same account."""
        return self._read_id("payment_id")

    def _read_id(self, name: str) -> UUID | None:
        try:
            return UUID((self.metadata or {}).get(name, ""))
        except ValueError:
            return None

    def _report(self, status: ReportStatus, counted: int | None, refunded: int) -> Report:
        if counted is None or self.currency is None:
            raise ValueError(f"{self.id} asks for no money")
        return Report(
            provider_id=self.id,
            payment_id=self.payment_id,
            booking_id=self._read_id("booking_id"),
            status=status,
            amount=from_stripe(counted, self.currency),
            refunded_amount=from_stripe(refunded, self.currency),
            currency=self.currency.upper(),
        )


class StripeIntent(_Offered):
    """A PaymentIntent. Its charge is an id unless it was asked for."""

    status: str
    amount: int
    amount_received: int = 0
    client_secret: str | None = None
    latest_charge: StripeCharge | str | None = None

    @property
    def is_of_elements(self) -> bool:
        """Whether it was offered by itself: one of a session's is told of as the session."""
        return (self.metadata or {}).get("method") == Method.ELEMENTS

    @property
    def refunded(self) -> int:
        """What was given back, as Stripe counts it; 0 where the charge is not at hand."""
        return self.latest_charge.amount_refunded if isinstance(self.latest_charge, StripeCharge) else 0

    def report(self) -> Report:
        """Raises ValueError where its amount is none."""
        outcome = {"succeeded": ReportStatus.SUCCEEDED, "canceled": ReportStatus.FAILED}
        status = outcome.get(self.status, ReportStatus.PENDING)
        is_paid = status is ReportStatus.SUCCEEDED
        return self._report(status, self.amount_received if is_paid else self.amount, self.refunded)


class StripeSession(_Offered):
    """A Checkout Session. Its intent is there once somebody tries to pay, as an id unless asked for."""

    status: str | None
    payment_status: str
    amount_total: int | None
    url: str | None = None
    payment_intent: StripeIntent | str | None = None

    def report(self, *, has_failed: bool = False) -> Report:
        """Raises ValueError where its amount is none."""
        intent = self.payment_intent if isinstance(self.payment_intent, StripeIntent) else None
        # A session is completed once: a complete one without money on its way has failed.
        is_over = (
            self.status == "complete" and intent and intent.status in ("requires_payment_method", "canceled")
        )
        if self.payment_status == "paid":
            status = ReportStatus.SUCCEEDED
        elif has_failed or is_over or self.status == "expired":
            status = ReportStatus.FAILED
        else:
            status = ReportStatus.PENDING
        return self._report(status, self.amount_total, intent.refunded if intent else 0)


class _Event(BaseModel):
    id: str
    type: str
    data: dict[str, Any] = Field(default_factory=dict)


def read_event(body: str) -> Notice:
    """What an event says. Its `refunded_amount` is 0 whatever was given back: the event may be old.

    Raises ValueError for what is none of Stripe's events.
    """
    event = _Event.model_validate_json(body)
    found, report = event.data.get("object"), None
    if event.type in SESSION_EVENTS:
        session = StripeSession.model_validate(found)
        if session.payment_id:
            report = session.report(has_failed=event.type == ASYNC_PAYMENT_FAILED)
    elif event.type in INTENT_EVENTS:
        intent = StripeIntent.model_validate(found)
        if intent.payment_id and intent.is_of_elements:
            report = intent.report()
    return Notice(id=event.id, type=event.type, report=report)
