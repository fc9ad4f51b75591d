"""The daily comparison, while payments go on being made and paid."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.infra.db import transaction
from core.infra.ids import new_id
from core.infra.settings import get_settings
from core.infra.slots import to_slot
from core.payments import queries
from core.payments.comparing import LISTED, UNDER_WAY, compare_payments
from core.payments.listing import DIFFERS, list_payments
from core.payments.providers import find_provider
from core.payments.service import to_charge
from core.payments.states import Method
from tests.payments.conftest import make_provider
from tests.payments.fake_stripe.server import API_KEY, WEBHOOK_SECRET, FakeStripe

MOMENT = timedelta(seconds=30)


@pytest.fixture
def chosen(fake: FakeStripe, database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stripe is the provider of this process."""
    with monkeypatch.context() as patch:
        for name, value in {
            "PAYMENT_PROVIDER": "stripe",
            "STRIPE_API_KEY": API_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_BASE": fake.url,
        }.items():
            patch.setitem(os.environ, name, value)
        get_settings.cache_clear()
        find_provider.cache_clear()
        yield
    get_settings.cache_clear()
    find_provider.cache_clear()


@pytest.fixture
def offer(fake: FakeStripe, chosen: None) -> Callable[..., str]:
    """Offers a payment that is so old, here and at the provider; returns the provider's id of it."""

    def make(*, age: timedelta, age_there: timedelta, unchanged_for: timedelta) -> str:
        now, slot = datetime.now(UTC), to_slot(1)
        columns: dict[str, Any] = {
            "payment_id": new_id(slot), "show_id": 1, "booking_id": new_id(slot), "provider": "stripe",
            "method": Method.CHECKOUT, "amount": 9000, "currency": "EUR", "description": "Hamlet",
            "return_url": "https://tickets.example.com", "expires_at": now + timedelta(minutes=15),
            "extended_to": now, "now": now, "client": None, "request_id": None,
        }  # fmt: skip
        with transaction() as connection:
            payment = queries.insert_payment(connection, columns, seconds=120)
            made = make_provider(fake).create(to_charge(payment))
            queries.update_offered(connection, payment, made)
            connection.execute(
                text("UPDATE payments SET created_at = :created, updated_at = :updated WHERE id = :id"),
                {"created": now - age, "updated": now - unchanged_for, "id": payment.id},
            )
        fake.ledger.get(made.provider_id)["created"] = int((now - age_there).timestamp())
        return made.provider_id

    return make


def read_differing() -> list[str]:
    with transaction() as connection:
        found = list_payments(connection, status=DIFFERS, after=None, limit=10)
    return [each["provider_id"] for each in found]


def test_what_changed_just_now_is_on_its_way(fake: FakeStripe, offer: Callable[..., str]) -> None:
    fresh = offer(age=2 * UNDER_WAY, age_there=2 * UNDER_WAY, unchanged_for=MOMENT)
    stale = offer(age=3 * UNDER_WAY, age_there=3 * UNDER_WAY, unchanged_for=2 * UNDER_WAY)
    for each in (fresh, stale):
        fake.ledger.pay(each)
    assert compare_payments() == 1
    assert read_differing() == [stale]


def test_the_providers_clock_may_be_another(offer: Callable[..., str]) -> None:
    first, last = LISTED + UNDER_WAY, UNDER_WAY
    for moment in (first - MOMENT, first + MOMENT):
        offer(age=moment, age_there=moment - 2 * MOMENT, unchanged_for=moment)
        offer(age=moment, age_there=moment + 2 * MOMENT, unchanged_for=moment)
    offer(age=last + MOMENT, age_there=last - MOMENT, unchanged_for=last + MOMENT)
    assert (compare_payments(), read_differing()) == (0, [])
