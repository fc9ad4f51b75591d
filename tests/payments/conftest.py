"""A Stripe of our own for each test, and the provider that is sent to it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.infra.settings import Settings
from core.payments.providers.interface import Charge, Patience
from core.payments.providers.stripe import StripeProvider, make_stripe
from core.payments.states import Method
from tests.payments.fake_stripe.server import API_KEY, WEBHOOK_SECRET, FakeStripe

PATIENCE = Patience(seconds=20, retries=1)


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe().run() as fake:
        yield fake


def make_provider(fake: FakeStripe, patience: Patience = PATIENCE, **changes: Any) -> StripeProvider:
    """One that asks this server."""
    given = {
        "database_url": "postgresql://seatline@127.0.0.1/seatline",
        "redis_url": "redis://127.0.0.1/0",
        "payment_provider": "stripe",
        "stripe_api_key": API_KEY,
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "stripe_api_base": f"{fake.url}/",
    }
    return make_stripe(Settings.model_validate(given | changes), patience)


@pytest.fixture
def provider(fake: FakeStripe) -> StripeProvider:
    return make_provider(fake)


def make_charge(method: Method = Method.CHECKOUT, **changes: Any) -> Charge:
    """Of a hold that has ten minutes left."""
    given = {
        "payment_id": uuid4(),
        "booking_id": uuid4(),
        "amount": 9000,
        "currency": "EUR",
        "description": "Hamlet: 2 seats",
        "return_url": "https://tickets.example.com/bookings",
        "expires_at": datetime.now(UTC) + timedelta(minutes=10),
    }
    return Charge(method=method, **given | changes)
