"""Payments by Stripe: offered, read, closed, given back and listed, over HTTP."""

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.payments.errors import ProviderRefusedError
from core.payments.providers.interface import Charge, Offer, ReportStatus
from core.payments.providers.stripe import StripeProvider
from core.payments.states import Method
from tests.canary import CANARY
from tests.payments.conftest import make_charge, make_provider
from tests.payments.fake_stripe.server import FakeStripe

BOTH = pytest.mark.parametrize("method", list(Method))
NOW = datetime.now(UTC)
LONG_AGO, SOON = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


def offer(provider: StripeProvider, method: Method, **changes: Any) -> tuple[Charge, str]:
    """A charge, and what it is to Stripe."""
    charge = make_charge(method, **changes)
    return charge, provider.create(charge).provider_id


class TestOffers:
    def test_checkout(self, provider: StripeProvider, fake: FakeStripe) -> None:
        charge = make_charge(Method.CHECKOUT)
        offered = provider.create(charge)
        session = fake.ledger.get(offered.provider_id, "checkout.session")
        assert offered == Offer(provider_id=session["id"], checkout_url=session["url"])
        label = {
            "payment_id": str(charge.payment_id),
            "booking_id": str(charge.booking_id),
            "method": "checkout",
        }
        asked = session["asked"]
        assert asked["metadata"] == asked["payment_intent_data"]["metadata"] == label
        assert asked["adaptive_pricing"] == {"enabled": "false"}
        assert asked["client_reference_id"] == str(charge.payment_id)
        assert asked["success_url"] == asked["cancel_url"] == charge.return_url
        assert asked["line_items"][0]["price_data"]["product_data"]["name"] == charge.description
        assert (session["amount_total"], session["currency"]) == (9000, "eur")

    def test_elements(self, provider: StripeProvider, fake: FakeStripe) -> None:
        charge = make_charge(Method.ELEMENTS)
        offered = provider.create(charge)
        intent = fake.ledger.get(offered.provider_id, "payment_intent")
        assert offered == Offer(provider_id=intent["id"], client_secret=intent["client_secret"])
        assert intent["metadata"]["payment_id"] == str(charge.payment_id)
        assert fake.asked[-1].params["automatic_payment_methods"] == {"enabled": "true"}

    @pytest.mark.parametrize("left", [timedelta(0), timedelta(minutes=15)])
    def test_a_session_ends_as_soon_as_stripe_lets_it(
        self, provider: StripeProvider, fake: FakeStripe, left: timedelta
    ) -> None:
        charge, name = offer(provider, Method.CHECKOUT, expires_at=datetime.now(UTC) + left)
        late = charge.expires_at + timedelta(minutes=31)
        assert fake.ledger.get(name)["expires_at"] == int(late.timestamp())

    @BOTH
    @pytest.mark.parametrize(
        "money", [(500, "JPY", 500), (5, "ISK", 500), (5, "UGX", 500), (500, "MGA", 5), (5120, "KWD", 5120)]
    )
    def test_every_currency(
        self, provider: StripeProvider, fake: FakeStripe, method: Method, money: tuple[int, str, int]
    ) -> None:
        amount, currency, counted = money
        _, name = offer(provider, method, amount=amount, currency=currency)
        thing = fake.ledger.get(name)
        assert thing.get("amount_total", thing.get("amount")) == counted
        report = provider.fetch(name)
        assert (report.amount, report.currency) == (amount, currency)

    @BOTH
    def test_what_stripe_cannot_charge_is_not_asked(
        self, provider: StripeProvider, fake: FakeStripe, method: Method
    ) -> None:
        with pytest.raises(ProviderRefusedError, match="multiples of 10"):
            offer(provider, method, amount=5124, currency="KWD")
        assert fake.asked == []

    @BOTH
    def test_a_currency_that_stripe_lacks(self, provider: StripeProvider, method: Method) -> None:
        with pytest.raises(ProviderRefusedError, match="Invalid currency: kpw"):
            offer(provider, method, currency="KPW")


class TestReports:
    @BOTH
    def test_from_the_offer_to_the_money_and_back(
        self, provider: StripeProvider, fake: FakeStripe, method: Method
    ) -> None:
        charge, name = offer(provider, method)
        offered = provider.fetch(name)
        assert (offered.payment_id, offered.booking_id) == (charge.payment_id, charge.booking_id)
        assert (offered.status, offered.amount, offered.currency) == (ReportStatus.PENDING, 9000, "EUR")
        fake.ledger.decline(name)
        assert provider.fetch(name).status is ReportStatus.PENDING
        fake.ledger.pay(name)
        paid = provider.fetch(name)
        assert (paid.provider_id, paid.status) == (name, ReportStatus.SUCCEEDED)
        assert (paid.amount, paid.refunded_amount) == (9000, 0)
        provider.refund(name, refund_id=uuid4(), amount=2500, currency="EUR")
        back = provider.fetch(name)
        assert (back.status, back.amount, back.refunded_amount) == (ReportStatus.SUCCEEDED, 9000, 2500)

    @BOTH
    @pytest.mark.parametrize("is_paid", [True, False])
    def test_a_slow_method(
        self, provider: StripeProvider, fake: FakeStripe, method: Method, is_paid: bool
    ) -> None:
        _, name = offer(provider, method)
        fake.ledger.pay(name, is_delayed=True)
        assert provider.fetch(name).status is ReportStatus.PENDING
        assert provider.close(name).status is ReportStatus.PENDING
        fake.ledger.settle(name, is_paid=is_paid)
        # An intent by itself may be tried again, a session not.
        failed = ReportStatus.FAILED if method is Method.CHECKOUT else ReportStatus.PENDING
        assert provider.fetch(name).status is (ReportStatus.SUCCEEDED if is_paid else failed)

    def test_what_is_not_ours(self, provider: StripeProvider, fake: FakeStripe) -> None:
        intent = fake.ledger.create_intent(
            {"amount": "100", "currency": "eur", "metadata": {"payment_id": "7"}}
        )
        report = provider.fetch(intent["id"])
        assert (report.payment_id, report.booking_id, report.amount) == (None, None, 100)

    @pytest.mark.parametrize("name", ["cs_nowhere", "pi_nowhere"])
    def test_what_is_not_there(self, provider: StripeProvider, name: str) -> None:
        for ask in (provider.fetch, provider.close):
            with pytest.raises(ProviderRefusedError, match="resource_missing"):
                ask(name)
        with pytest.raises(ProviderRefusedError, match="resource_missing"):
            provider.refund(name, refund_id=uuid4(), amount=1, currency="EUR")


class TestClosing:
    @BOTH
    def test_nobody_can_pay_it_any_more(
        self, provider: StripeProvider, fake: FakeStripe, method: Method
    ) -> None:
        _, name = offer(provider, method)
        assert provider.close(name).status is ReportStatus.FAILED
        assert fake.ledger.get(name)["status"] in ("expired", "canceled")
        assert provider.close(name).status is provider.fetch(name).status is ReportStatus.FAILED

    @BOTH
    def test_what_was_paid_just_before_is_told(
        self, provider: StripeProvider, fake: FakeStripe, method: Method
    ) -> None:
        _, name = offer(provider, method)
        fake.ledger.pay(name)
        closed = provider.close(name)
        assert (closed.status, closed.amount) == (ReportStatus.SUCCEEDED, 9000)

    def test_what_could_not_be_closed_is_closed_later(
        self, provider: StripeProvider, fake: FakeStripe
    ) -> None:
        """Stripe repeats its first answer to an idempotency key, so each close has one of its own."""
        _, name = offer(provider, Method.ELEMENTS)
        fake.ledger.pay(name, is_delayed=True)
        assert provider.close(name).status is ReportStatus.PENDING
        fake.ledger.settle(name, is_paid=False)
        assert provider.close(name).status is ReportStatus.FAILED


class TestRefunds:
    @BOTH
    @pytest.mark.parametrize("is_late", [False, True])
    def test_once_for_its_id(
        self, provider: StripeProvider, fake: FakeStripe, method: Method, is_late: bool
    ) -> None:
        """A day later too, when Stripe has forgotten the key."""
        _, name = offer(provider, method)
        fake.ledger.pay(name)
        first, second = uuid4(), uuid4()
        for refund_id in (first, first, second, first):
            provider.refund(name, refund_id=refund_id, amount=2500, currency="EUR")
            if is_late:
                fake.forget_keys()
        assert provider.fetch(name).refunded_amount == 5000

    def test_all_of_it_twice(self, provider: StripeProvider, fake: FakeStripe) -> None:
        _, name = offer(provider, Method.ELEMENTS, amount=500, currency="UGX")
        fake.ledger.pay(name)
        refund_id = uuid4()
        provider.refund(name, refund_id=refund_id, amount=500, currency="UGX")
        fake.forget_keys()
        provider.refund(name, refund_id=refund_id, amount=500, currency="UGX")
        assert provider.fetch(name).refunded_amount == 500
        with pytest.raises(ProviderRefusedError, match="charge_already_refunded"):
            provider.refund(name, refund_id=uuid4(), amount=500, currency="UGX")

    def test_more_than_is_left(self, provider: StripeProvider, fake: FakeStripe) -> None:
        _, name = offer(provider, Method.CHECKOUT)
        fake.ledger.pay(name)
        with pytest.raises(ProviderRefusedError, match="greater than unrefunded amount"):
            provider.refund(name, refund_id=uuid4(), amount=9001, currency="EUR")
        assert provider.fetch(name).refunded_amount == 0

    @BOTH
    def test_of_what_nobody_has_paid(self, provider: StripeProvider, method: Method) -> None:
        _, name = offer(provider, method)
        told = "nobody has paid it" if method is Method.CHECKOUT else "successful charge"
        with pytest.raises(ProviderRefusedError, match=told):
            provider.refund(name, refund_id=uuid4(), amount=1, currency="EUR")

    def test_one_that_came_to_nothing_is_refused(self, provider: StripeProvider, fake: FakeStripe) -> None:
        _, name = offer(provider, Method.ELEMENTS)
        fake.ledger.pay(name)
        refund_id = uuid4()
        provider.refund(name, refund_id=refund_id, amount=9000, currency="EUR")
        made = next(thing for thing in fake.ledger.things.values() if thing["object"] == "refund")
        fake.ledger.fail_refund(made["id"])
        assert provider.fetch(name).refunded_amount == 0
        with pytest.raises(ProviderRefusedError, match="failed: lost_or_stolen_card"):
            provider.refund(name, refund_id=refund_id, amount=9000, currency="EUR")


class TestLists:
    def test_each_once_whatever_its_method(self, provider: StripeProvider, fake: FakeStripe) -> None:
        names = [offer(provider, method)[1] for method in (*Method, *Method)]
        for name in names[:2]:
            fake.ledger.pay(name)
        fake.ledger.decline(names[2])
        asked = fake.ledger.get(names[0], "checkout.session")["asked"]
        fake.ledger.create_session(asked | {"metadata": {}})
        for label in ({}, {"method": "elements"}):
            fake.ledger.create_intent({"amount": "100", "currency": "eur", "metadata": label})
        listed = {report.provider_id: report for report in provider.list(LONG_AGO, SOON)}
        assert Counter(report.provider_id for report in provider.list(LONG_AGO, SOON)) == Counter(names)
        assert [listed[name].status for name in names] == [
            *[ReportStatus.SUCCEEDED] * 2,
            *[ReportStatus.PENDING] * 2,
        ]

    def test_what_was_given_back(self, provider: StripeProvider, fake: FakeStripe) -> None:
        for method in Method:
            _, name = offer(provider, method)
            fake.ledger.pay(name)
            provider.refund(name, refund_id=uuid4(), amount=1000, currency="EUR")
        assert [report.refunded_amount for report in provider.list(LONG_AGO, SOON)] == [1000, 1000]

    def test_all_pages(self, provider: StripeProvider, fake: FakeStripe) -> None:
        _, name = offer(provider, Method.CHECKOUT)
        for _ in range(220):
            fake.ledger.create_session(fake.ledger.get(name)["asked"])
        assert len({report.provider_id for report in provider.list(LONG_AGO, SOON)}) == 221

    def test_only_of_this_time(self, provider: StripeProvider, fake: FakeStripe) -> None:
        names = [offer(provider, method)[1] for method in Method]
        for name in names:
            fake.ledger.get(name)["created"] = int(LONG_AGO.timestamp())
        assert {report.provider_id for report in provider.list(LONG_AGO, LONG_AGO)} == set(names)
        assert list(provider.list(LONG_AGO + timedelta(seconds=1), SOON)) == []


def test_nothing_of_it_is_logged(fake: FakeStripe, caplog: pytest.LogCaptureFixture) -> None:
    """The library logs whole answers, and the client secret opens a payment."""
    with caplog.at_level(logging.DEBUG):
        offered = make_provider(fake).create(make_charge(Method.ELEMENTS))
    assert offered.client_secret
    assert offered.client_secret not in caplog.text
    assert CANARY not in caplog.text


def test_the_library_tells_stripe_nothing_of_our_calls(provider: StripeProvider, fake: FakeStripe) -> None:
    for _ in range(2):
        offer(provider, Method.CHECKOUT)
    assert "x-stripe-client-telemetry" not in fake.asked[-1].headers


def test_without_a_key_there_is_none(fake: FakeStripe) -> None:
    with pytest.raises(ValueError, match="STRIPE_API_KEY"):
        make_provider(fake, payment_provider="sandbox", stripe_api_key=None)
