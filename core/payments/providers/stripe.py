"""Payments by Stripe: on pages of Stripe's (Checkout Sessions), or of the seller's (PaymentIntents).

Every call is repeated by Stripe's library as patience allows, with the same idempotency key.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import stripe

from core.infra.settings import Settings
from core.payments.errors import InvalidSignatureError, ProviderRefusedError
from core.payments.providers.interface import Charge, Notice, Offer, Patience, Provider, Report
from core.payments.providers.stripe_currencies import to_stripe
from core.payments.providers.stripe_errors import describe, translate_errors
from core.payments.providers.stripe_objects import StripeIntent, StripeRefund, StripeSession, read_event
from core.payments.states import Method

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

TOLERANCE_SECONDS = 300
PAGE = 100
SESSION_PREFIX = "cs_"
# Stripe ends no session sooner than 30 minutes after it is made. That is before the hold runs out; the minute
# is for clocks that differ.
SHORTEST = timedelta(minutes=31)
# A hold lasts 15 minutes at most, so no earlier try at the same payment is longer ago.
LONGEST_TRY = timedelta(hours=1)
EXPANDED = ["payment_intent.latest_charge"]
log = logging.getLogger(__name__)


def make_stripe(settings: Settings, patience: Patience) -> "StripeProvider":
    """The provider of these settings. Raises ValueError where they lack Stripe's key or secret."""
    if not (settings.stripe_api_key and settings.stripe_webhook_secret):
        raise ValueError("STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET must be set")
    # How fast our calls were is nothing of Stripe's; the library knows no other switch.
    stripe.enable_telemetry = False
    # It logs whole answers, client secrets among them.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    base = settings.stripe_api_base
    client = stripe.StripeClient(
        settings.stripe_api_key,
        base_addresses={"api": base} if base else {},
        http_client=stripe.RequestsClient(timeout=patience.seconds),
        max_network_retries=patience.retries,
    )
    return StripeProvider(client, settings.stripe_webhook_secret)


class StripeProvider(Provider):
    """Payments by Stripe, at the version of its API that the library is made for."""

    name = "stripe"

    def __init__(self, client: stripe.StripeClient, webhook_secret: str) -> None:
        self._client, self._webhook_secret = client.v1, webhook_secret

    def create(self, charge: Charge) -> Offer:
        """Offer a payment; the same offer for the same `payment_id`, whatever else of the charge has changed.

        The idempotency key is the payment's, so for a day Stripe repeats the first answer to the same words,
        and refuses others: `expires_at` moves with the hold, a show is renamed, the buyer comes back to
        another page. The first offer is then looked up and stands as it was made, its end, text and address
        included. Only what is asked must not have changed: another amount or currency is refused. A session
        ends 31 minutes after `charge.expires_at`, as Stripe ends none sooner; an intent never: close() both.
        """
        counted = to_stripe(charge.amount, charge.currency)
        with translate_errors():
            try:
                if charge.method is Method.CHECKOUT:
                    return _offer_session(self._create_session(charge, counted))
                return _offer_intent(self._create_intent(charge, counted))
            except stripe.IdempotencyError as error:
                return self._find_offer(charge, error)

    def _create_session(self, charge: Charge, counted: int) -> StripeSession:
        params: SessionCreateParams = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": charge.currency.lower(),
                        "unit_amount": counted,
                        "product_data": {"name": charge.description},
                    },
                }
            ],
            "client_reference_id": str(charge.payment_id),
            "metadata": _label(charge),
            "payment_intent_data": {"metadata": _label(charge), "description": charge.description},
            "success_url": charge.return_url,
            "cancel_url": charge.return_url,
            "expires_at": int((charge.expires_at + SHORTEST).timestamp()),
            # What is paid is what was asked, in its currency.
            "adaptive_pricing": {"enabled": False},
        }
        made = self._client.checkout.sessions.create(params, _key("create", charge.payment_id))
        return StripeSession.model_validate(made.to_dict())

    def _create_intent(self, charge: Charge, counted: int) -> StripeIntent:
        made = self._client.payment_intents.create(
            {
                "amount": counted,
                "currency": charge.currency.lower(),
                "automatic_payment_methods": {"enabled": True},
                "description": charge.description,
                "metadata": _label(charge),
            },
            _key("create", charge.payment_id),
        )
        return StripeIntent.model_validate(made.to_dict())

    def _find_offer(self, charge: Charge, error: stripe.StripeError) -> Offer:
        """What an earlier try, in other words, made. Raises ProviderRefusedError where that is nothing."""
        since, until = charge.expires_at - LONGEST_TRY, charge.expires_at + LONGEST_TRY
        is_session = charge.method is Method.CHECKOUT
        for one in self._list_sessions(since, until) if is_session else self._list_intents(since, until):
            if one.payment_id == charge.payment_id:
                report = one.report()
                if (report.amount, report.currency) != (charge.amount, charge.currency):
                    break
                return _offer_session(one) if isinstance(one, StripeSession) else _offer_intent(one)
        raise ProviderRefusedError(describe(error)) from error

    def fetch(self, provider_id: str) -> Report:
        """The payment as it is now."""
        with translate_errors():
            if provider_id.startswith(SESSION_PREFIX):
                session = self._client.checkout.sessions.retrieve(provider_id, {"expand": EXPANDED})
                return StripeSession.model_validate(session.to_dict()).report()
            intent = self._client.payment_intents.retrieve(provider_id, {"expand": ["latest_charge"]})
            return StripeIntent.model_validate(intent.to_dict()).report()

    def close(self, provider_id: str) -> Report:
        """Close the payment to its buyer, and report how it ended.

        PENDING where its money is on its way already (a bank transfer, say), which Stripe does not call back.
        """
        # Stripe repeats failures for a key too, and what cannot be closed yet may have to be closed later.
        key = _key("close", f"{provider_id}-{uuid4()}")
        with translate_errors():
            try:
                if provider_id.startswith(SESSION_PREFIX):
                    session = self._client.checkout.sessions.expire(provider_id, {"expand": EXPANDED}, key)
                    return StripeSession.model_validate(session.to_dict()).report()
                intent = self._client.payment_intents.cancel(provider_id, {"expand": ["latest_charge"]}, key)
                return StripeIntent.model_validate(intent.to_dict()).report()
            except stripe.InvalidRequestError as error:
                # It is closed already, or paid, or there is none, which that tells.
                log.info("%s is not closed: %s", provider_id, describe(error))
                return self.fetch(provider_id)

    def refund(self, provider_id: str, *, refund_id: UUID, amount: int, currency: str) -> None:
        """Give back so much, once for the same `refund_id`.

        Stripe forgets a key after a day, so its refunds are searched first for this one. A refund that was
        made and came to nothing is refused, and so is `charge_already_refunded`: somebody else gave it back.
        """
        counted = to_stripe(amount, currency)
        with translate_errors():
            intent_id = self._find_intent_id(provider_id)
            made = self._find_refund(intent_id, refund_id) or StripeRefund.model_validate(
                self._client.refunds.create(
                    {
                        "payment_intent": intent_id,
                        "amount": counted,
                        "metadata": {"refund_id": str(refund_id)},
                    },
                    _key("refund", refund_id),
                ).to_dict()
            )
        if made.status in ("failed", "canceled"):
            raise ProviderRefusedError(f"{made.id} {made.status}: {made.failure_reason}")

    def _find_intent_id(self, provider_id: str) -> str:
        if not provider_id.startswith(SESSION_PREFIX):
            return provider_id
        session = self._client.checkout.sessions.retrieve(provider_id)
        intent = StripeSession.model_validate(session.to_dict()).payment_intent
        if not isinstance(intent, str):
            raise ProviderRefusedError(f"{provider_id}: nobody has paid it")
        return intent

    def _find_refund(self, intent_id: str, refund_id: UUID) -> StripeRefund | None:
        listed = self._client.refunds.list({"payment_intent": intent_id, "limit": PAGE})
        read = (StripeRefund.model_validate(one.to_dict()) for one in listed.auto_paging_iter())
        return next((one for one in read if (one.metadata or {}).get("refund_id") == str(refund_id)), None)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """What an event says. No network is asked.

        Raises InvalidSignatureError, and ValueError for a body that is signed and cannot be read.
        """
        header = headers.get("stripe-signature", "")
        try:
            text = body.decode()
            # Beyond ASCII Python compares no texts; no signature is there.
            stripe.WebhookSignature.verify_header(
                text, header if header.isascii() else "", self._webhook_secret, TOLERANCE_SECONDS
            )
        except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
            raise InvalidSignatureError("Stripe-Signature does not sign this body, or is too old.") from error
        return read_event(text)

    def list(self, since: datetime, until: datetime) -> Iterator[Report]:
        """All payments of ours that were offered in this time, as they are now; both its seconds count whole.

        A session is told of as itself, its intent not at all. What else the account sells is left out.
        """
        with translate_errors():
            for session in self._list_sessions(since, until):
                if session.payment_id:
                    yield session.report()
            for intent in self._list_intents(since, until):
                if intent.payment_id:
                    yield intent.report()

    def _list_sessions(self, since: datetime, until: datetime) -> Iterator[StripeSession]:
        listed = self._client.checkout.sessions.list(
            {
                "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
                "limit": PAGE,
                "expand": [f"data.{path}" for path in EXPANDED],
            }
        )
        return (StripeSession.model_validate(one.to_dict()) for one in listed.auto_paging_iter())

    def _list_intents(self, since: datetime, until: datetime) -> Iterator[StripeIntent]:
        """Those that were offered by themselves."""
        listed = self._client.payment_intents.list(
            {
                "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
                "limit": PAGE,
                "expand": ["data.latest_charge"],
            }
        )
        read = (StripeIntent.model_validate(one.to_dict()) for one in listed.auto_paging_iter())
        return (intent for intent in read if intent.is_of_elements)


def _offer_session(session: StripeSession) -> Offer:
    return Offer(provider_id=session.id, checkout_url=session.url)


def _offer_intent(intent: StripeIntent) -> Offer:
    return Offer(provider_id=intent.id, client_secret=intent.client_secret)


def _label(charge: Charge) -> dict[str, str]:
    return {
        "payment_id": str(charge.payment_id),
        "booking_id": str(charge.booking_id),
        "method": charge.method.value,
    }


def _key(action: str, name: object) -> stripe.RequestOptions:
    return {"idempotency_key": f"{action}-{name}"}
