"""Events of Stripe's: whose they are, how they are signed, and what each reports."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from core.payments.errors import InvalidSignatureError
from core.payments.providers.interface import Charge, Notice, ReportStatus
from core.payments.providers.stripe import StripeProvider
from core.payments.states import Method
from tests.canary import CANARY
from tests.payments.conftest import make_charge
from tests.payments.fake_stripe.events import make_event, sign, write
from tests.payments.fake_stripe.server import WEBHOOK_SECRET, FakeStripe

OTHER = f"whsec_{CANARY}-another"
BODY = '{"id": "evt_1", "object": "event", "type": "charge.refunded", "data": {"object": {"id": "ch_1"}}}'

WRONG: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "no values": lambda: "t=,v1=",
    "no time": lambda: "v1=00",
    "no signature": lambda: f"t={int(time.time())}",
    "none of ours": lambda: f"t={int(time.time())},v1={'0' * 64}",
    "another scheme": lambda: sign(BODY, WEBHOOK_SECRET).replace("v1=", "v0="),
    "beyond ASCII": lambda: sign(BODY, WEBHOOK_SECRET).replace("v1=", "v1=ü"),
    "another secret": lambda: sign(BODY, OTHER),
    "another body": lambda: sign(f"{BODY} ", WEBHOOK_SECRET),
    "too old": lambda: sign(BODY, WEBHOOK_SECRET, at=int(time.time()) - 301),
    "another time": lambda: sign(BODY, WEBHOOK_SECRET, at=1).replace("t=1,", f"t={int(time.time())},"),
}


def parse(provider: StripeProvider, event: dict[str, Any]) -> Notice:
    """What this one says, on its way like Stripe's."""
    body = write(event)
    return provider.parse_webhook({"stripe-signature": sign(body, WEBHOOK_SECRET)}, body.encode())


def take(provider: StripeProvider, fake: FakeStripe) -> dict[str, ReportStatus | None]:
    """The events since the last time, and what each reports; they name whom they concern, and how much."""
    told = {}
    asked = len(fake.asked)
    for event in fake.events:
        notice = parse(provider, event)
        assert (notice.id, notice.type) == (event["id"], event["type"])
        told[notice.type] = notice.report and notice.report.status
        assert notice.report is None or notice.report.amount == 9000
    fake.events.clear()
    assert len(fake.asked) == asked, "a webhook asks the network"
    return told


class TestSignatures:
    def test_right(self, provider: StripeProvider) -> None:
        """Also of a body that has more than ASCII, and any blanks."""
        for body in (BODY, BODY.replace("ch_1", "Große Bühne"), f" {BODY}\r\n"):
            notice = provider.parse_webhook({"stripe-signature": sign(body, WEBHOOK_SECRET)}, body.encode())
            assert notice == Notice(id="evt_1", type="charge.refunded", report=None)

    def test_of_two_secrets_while_one_is_rolled(self, provider: StripeProvider) -> None:
        for secrets in ((OTHER, WEBHOOK_SECRET), (WEBHOOK_SECRET, OTHER)):
            assert provider.parse_webhook({"stripe-signature": sign(BODY, *secrets)}, BODY.encode())

    def test_other_schemes_are_passed_over(self, provider: StripeProvider) -> None:
        header = f"{sign(BODY, WEBHOOK_SECRET)},v0=5257a869,v2=1"
        assert provider.parse_webhook({"stripe-signature": header}, BODY.encode())

    def test_as_old_as_five_minutes(self, provider: StripeProvider) -> None:
        header = sign(BODY, WEBHOOK_SECRET, at=int(time.time()) - 240)
        assert provider.parse_webhook({"stripe-signature": header}, BODY.encode())

    def test_missing(self, provider: StripeProvider) -> None:
        with pytest.raises(InvalidSignatureError):
            provider.parse_webhook({"standard-webhooks": sign(BODY, WEBHOOK_SECRET)}, BODY.encode())

    @pytest.mark.parametrize("write_header", WRONG.values(), ids=WRONG)
    def test_wrong(self, provider: StripeProvider, write_header: Callable[[], str]) -> None:
        with pytest.raises(InvalidSignatureError):
            provider.parse_webhook({"stripe-signature": write_header()}, BODY.encode())

    def test_a_body_that_is_no_text(self, provider: StripeProvider) -> None:
        with pytest.raises(InvalidSignatureError):
            provider.parse_webhook({"stripe-signature": sign("\xff", WEBHOOK_SECRET)}, b"\xff")

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "[]",
            "{",
            "null",
            '{"id": "evt_1"}',
            '{"id": "evt_1", "type": "payment_intent.succeeded"}',
            '{"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_1"}}}',
        ],
    )
    def test_a_signed_body_that_cannot_be_read(self, provider: StripeProvider, body: str) -> None:
        with pytest.raises(ValueError, match=r"validation error"):
            provider.parse_webhook({"stripe-signature": sign(body, WEBHOOK_SECRET)}, body.encode())


class TestWhatTheySay:
    @pytest.fixture(params=list(Method))
    def charge(self, request: pytest.FixtureRequest) -> Charge:
        return make_charge(request.param)

    @pytest.fixture
    def name(self, provider: StripeProvider, charge: Charge) -> str:
        return provider.create(charge).provider_id

    def test_paid_and_given_back(
        self, provider: StripeProvider, fake: FakeStripe, charge: Charge, name: str
    ) -> None:
        is_session = charge.method is Method.CHECKOUT
        fake.ledger.decline(name)
        # Another card may be tried.
        assert take(provider, fake) == {"payment_intent.payment_failed": None}
        fake.ledger.pay(name)
        (event,) = [event for event in fake.events if event["data"]["object"]["id"] == name]
        report = parse(provider, event).report
        assert report == provider.fetch(name)
        assert (report.payment_id, report.booking_id) == (charge.payment_id, charge.booking_id)
        told: dict[str, ReportStatus | None] = {
            "payment_intent.succeeded": None if is_session else ReportStatus.SUCCEEDED
        }
        if is_session:
            told["checkout.session.completed"] = ReportStatus.SUCCEEDED
        assert take(provider, fake) == told
        provider.refund(name, refund_id=charge.payment_id, amount=9000, currency="EUR")
        assert take(provider, fake) == {"charge.refunded": None}

    def test_closed(self, provider: StripeProvider, fake: FakeStripe, name: str) -> None:
        provider.close(name)
        assert list(take(provider, fake).values()) == [ReportStatus.FAILED]

    def test_the_intent_of_a_session_is_told_of_as_the_session(
        self, provider: StripeProvider, fake: FakeStripe
    ) -> None:
        name = provider.create(make_charge()).provider_id
        fake.ledger.decline(name)
        fake.ledger.cancel_intent(fake.ledger.get(name)["payment_intent"], {})
        assert set(take(provider, fake).values()) == {None}


@pytest.mark.parametrize("is_paid", [True, False])
def test_a_slow_method(provider: StripeProvider, fake: FakeStripe, is_paid: bool) -> None:
    name = provider.create(make_charge()).provider_id
    fake.ledger.pay(name, is_delayed=True)
    assert take(provider, fake) == {"checkout.session.completed": ReportStatus.PENDING}
    fake.ledger.settle(name, is_paid=is_paid)
    told = take(provider, fake)
    kind, status = ("succeeded", ReportStatus.SUCCEEDED) if is_paid else ("failed", ReportStatus.FAILED)
    assert told[f"checkout.session.async_payment_{kind}"] is status
    assert provider.fetch(name).status is status


@pytest.mark.parametrize("metadata", [None, {}, {"payment_id": "order-7"}, {"method": "elements"}])
@pytest.mark.parametrize("kind", ["checkout.session.completed", "payment_intent.succeeded"])
def test_what_else_the_account_sells(
    provider: StripeProvider, kind: str, metadata: dict[str, str] | None
) -> None:
    thing = {"id": "cs_1", "status": "complete", "payment_status": "paid", "metadata": metadata}
    thing |= {"currency": None, "amount": 1, "amount_total": None}
    assert parse(provider, make_event(kind, thing)).report is None


@pytest.mark.parametrize(
    "kind", ["customer.created", "v1.billing.meter.no_meter_found", "checkout.session.x"]
)
def test_what_is_of_no_concern(provider: StripeProvider, kind: str) -> None:
    event = json.loads(BODY) | {"type": kind, "data": {}}
    assert parse(provider, event) == Notice(id="evt_1", type=kind, report=None)


@pytest.mark.parametrize(("amount", "currency", "counted"), [(5, "ISK", 500), (500, "MGA", 5)])
def test_amounts_are_in_minor_units(
    provider: StripeProvider, fake: FakeStripe, amount: int, currency: str, counted: int
) -> None:
    for method in Method:
        name = provider.create(make_charge(method, amount=amount, currency=currency)).provider_id
        fake.ledger.pay(name)
        event = next(event for event in fake.events if event["data"]["object"]["id"] == name)
        assert counted in event["data"]["object"].values()
        report = parse(provider, event).report
        assert report
        assert (report.amount, report.currency) == (amount, currency)
