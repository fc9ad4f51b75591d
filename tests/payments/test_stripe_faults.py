"""What goes wrong on the way to Stripe: what may pass is told from its last word, nothing done twice."""

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.payments.errors import ProviderRefusedError, ProviderUnavailableError
from core.payments.providers.interface import Patience
from core.payments.providers.stripe import StripeProvider
from core.payments.states import Method
from tests.payments.conftest import PATIENCE, make_charge, make_provider
from tests.payments.fake_stripe.server import API_KEY, FakeStripe
from tests.payments.test_stripe import BOTH, LONG_AGO, SOON

ONCE = Patience(seconds=PATIENCE.seconds, retries=0)
PASSING = "429", "503", "lock_timeout", "conflict", "424", "forbidden", "page", "cut"
Call = Callable[[StripeProvider, str], Any]
CALLS: dict[str, Call] = {
    "create": lambda provider, _: provider.create(make_charge()),
    "fetch": lambda provider, name: provider.fetch(name),
    "close": lambda provider, name: provider.close(name),
    "refund": lambda provider, name: provider.refund(name, refund_id=uuid4(), amount=1, currency="EUR"),
    "list": lambda provider, _: list(provider.list(LONG_AGO, SOON)),
}


def count(fake: FakeStripe, kind: str) -> int:
    """Things of a kind that Stripe has."""
    return sum(thing["object"] == kind for thing in fake.ledger.things.values())


class TestUnavailable:
    @pytest.mark.parametrize("fault", PASSING)
    @pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
    def test_what_may_succeed_another_time(self, fake: FakeStripe, fault: str, call: Call) -> None:
        provider = make_provider(fake, ONCE)
        name = provider.create(make_charge(Method.ELEMENTS)).provider_id
        fake.ledger.pay(name)
        fake.fail(fault)
        with pytest.raises(ProviderUnavailableError) as raised:
            call(provider, name)
        assert raised.value.detail == "The payment provider is not available just now."

    @pytest.mark.parametrize("fault", ["500_after", "cut_after"])
    def test_an_offer_of_which_nobody_hears(self, fake: FakeStripe, fault: str) -> None:
        fake.fail(fault)
        with pytest.raises(ProviderUnavailableError):
            make_provider(fake, ONCE).create(make_charge())
        assert count(fake, "checkout.session") == 1

    @pytest.mark.parametrize("fault", ["500_after", "cut_after", "balance"])
    def test_a_refund_of_which_nobody_hears(self, fake: FakeStripe, fault: str) -> None:
        """Stripe repeats a 500 for its key, whatever was done: the refund is found all the same."""
        provider, refund_id = make_provider(fake, ONCE), uuid4()
        name = provider.create(make_charge(Method.ELEMENTS)).provider_id
        fake.ledger.pay(name)
        # The look for an earlier one is before it.
        fake.fail("", fault)
        with pytest.raises(ProviderUnavailableError):
            provider.refund(name, refund_id=refund_id, amount=9000, currency="EUR")
        provider.refund(name, refund_id=refund_id, amount=9000, currency="EUR")
        assert (count(fake, "refund"), provider.fetch(name).refunded_amount) == (1, 9000)

    def test_too_slow(self, fake: FakeStripe) -> None:
        provider = make_provider(fake, Patience(seconds=0.2, retries=0))
        fake.fail("hang")
        with pytest.raises(ProviderUnavailableError):
            provider.create(make_charge())

    def test_nobody_is_there(self, fake: FakeStripe) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            free = taken.getsockname()[1]
        provider = make_provider(fake, ONCE, stripe_api_base=f"http://127.0.0.1:{free}")
        with pytest.raises(ProviderUnavailableError):
            provider.fetch("pi_any")

    def test_a_wrong_key_says_nothing_of_the_payment(self, fake: FakeStripe) -> None:
        provider = make_provider(fake, ONCE, stripe_api_key=f"{API_KEY}-of-yesterday")
        with pytest.raises(ProviderUnavailableError):
            provider.fetch("pi_any")


class TestRetries:
    @pytest.mark.parametrize("fault", ["503", "cut_after"])
    @pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
    def test_by_the_same_key(self, fake: FakeStripe, fault: str, call: Call) -> None:
        provider = make_provider(fake)
        name = provider.create(make_charge(Method.ELEMENTS)).provider_id
        fake.ledger.pay(name)
        before = len(fake.asked)
        fake.fail(fault)
        if call is CALLS["close"]:
            assert call(provider, name).amount == 9000
        else:
            call(provider, name)
        first, second = fake.asked[before : before + 2]
        assert (first.path, first.key, first.params) == (second.path, second.key, second.params)
        assert count(fake, "checkout.session") == (call is CALLS["create"])

    def test_no_more_than_patience_allows(self, fake: FakeStripe) -> None:
        fake.fail("503", "503")
        with pytest.raises(ProviderUnavailableError):
            make_provider(fake).fetch("pi_any")
        assert len(fake.asked) == 2

    def test_what_is_lost_on_its_way_back_was_done_once(self, fake: FakeStripe) -> None:
        provider = make_provider(fake)
        name = provider.create(make_charge()).provider_id
        fake.ledger.pay(name)
        # Two GETs are before it.
        fake.fail("", "", "cut_after")
        provider.refund(name, refund_id=uuid4(), amount=2500, currency="EUR")
        assert fake.asked[-1].method == fake.asked[-2].method == "POST"
        assert provider.fetch(name).refunded_amount == 2500


class TestTheSameOffer:
    @BOTH
    def test_for_the_same_charge(self, provider: StripeProvider, fake: FakeStripe, method: Method) -> None:
        charge = make_charge(method)
        assert provider.create(charge) == provider.create(charge)
        assert len(fake.ledger.things) == 1

    @BOTH
    @pytest.mark.parametrize(
        "changes",
        [
            {"description": "Hamlet, renamed"},
            {"return_url": "https://tickets.example.com/elsewhere"},
            {"expires_at": make_charge().expires_at + timedelta(minutes=5)},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_whatever_else_has_changed(
        self, provider: StripeProvider, fake: FakeStripe, method: Method, changes: dict[str, Any]
    ) -> None:
        """Also where nobody heard of the first one, as its answer was lost."""
        charge = make_charge(method)
        fake.fail("cut_after")
        with pytest.raises(ProviderUnavailableError):
            make_provider(fake, ONCE).create(charge)
        provider.create(make_charge(method))
        again = provider.create(replace(charge, **changes))
        assert again == provider.create(charge)
        assert len(fake.ledger.things) == 2

    @BOTH
    @pytest.mark.parametrize("changes", [{"amount": 100}, {"currency": "USD"}], ids=str)
    def test_what_is_asked_cannot_change(
        self, provider: StripeProvider, method: Method, changes: dict[str, Any]
    ) -> None:
        charge = make_charge(method)
        provider.create(charge)
        with pytest.raises(ProviderRefusedError, match="idempotency_error"):
            provider.create(replace(charge, **changes))

    def test_each_payment_has_its_own(self, provider: StripeProvider, fake: FakeStripe) -> None:
        charge = make_charge()
        other = replace(charge, payment_id=uuid4())
        assert provider.create(charge) != provider.create(other)


class TestKeys:
    def test_every_post_has_one_of_its_own(self, provider: StripeProvider, fake: FakeStripe) -> None:
        charge, refund_id = make_charge(Method.ELEMENTS), uuid4()
        name = provider.create(charge).provider_id
        fake.ledger.pay(name)
        provider.refund(name, refund_id=refund_id, amount=1, currency="EUR")
        provider.close(name)
        create, refund, close = [asked.key for asked in fake.asked if asked.method == "POST"]
        assert (create, refund) == (f"create-{charge.payment_id}", f"refund-{refund_id}")
        assert close
        assert close.startswith(f"close-{name}-")
