"""The sandbox's webhooks: how each comes, that none is lost, and whose are believed."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from core.payments.errors import InvalidSignatureError
from core.payments.providers.interface import Offer, ReportStatus
from core.payments.providers.sandbox import WEBHOOK_PATH, SandboxProvider, derive_keys
from sandbox.sender import ANSWER_SECONDS
from tests.measuring import measured
from tests.payments.sandboxing import KEYS, PATIENT, Sandbox, run_sandbox
from tests.support import SECRET, wait_until

PROVIDER = SandboxProvider(port=1, keys=KEYS, patience=PATIENT)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with run_sandbox() as found:
        yield found


def list_times(sandbox: Sandbox, offer: Offer) -> list[int]:
    return [int(each.headers["webhook-timestamp"]) for each in sandbox.received(offer)]


def test_it_says_what_became_of_the_payment(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    sandbox.pay(offer)
    (received,) = sandbox.await_received(offer, 1)
    received.verify(KEYS.webhook)
    assert received.event.keys() == {"id", "type", "payment"}
    notice = PROVIDER.parse_webhook(received.headers, received.body)
    assert (notice.id, notice.type) == (received.headers["webhook-id"], "payment.succeeded")
    assert notice.report == sandbox.provider.fetch(offer.provider_id)
    assert notice.report.status is ReportStatus.SUCCEEDED


def test_twice_is_the_same_event(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    sandbox.pay(offer, webhook="twice")
    first, second = sandbox.await_received(offer, 2)
    second.verify(KEYS.webhook)
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_never_is_none(sandbox: Sandbox) -> None:
    offer, after = sandbox.offer(), sandbox.offer()
    sandbox.pay(offer, webhook="never")
    assert sandbox.provider.fetch(offer.provider_id).status is ReportStatus.SUCCEEDED
    sandbox.pay(after)
    sandbox.await_received(after, 1)
    assert sandbox.received(offer) == []


def test_a_late_one_is_overtaken_and_tells_of_its_time(sandbox: Sandbox) -> None:
    offer, paid_at = sandbox.offer(), datetime.now(UTC).timestamp()
    sandbox.pay(offer, delay_seconds=1.5)
    sandbox.provider.refund(offer.provider_id, refund_id=uuid.uuid4(), amount=12_345, currency="EUR")
    late = sandbox.await_received(offer, 2)
    assert [each.event["type"] for each in late] == ["payment.refunded", "payment.succeeded"]
    assert [each.event["payment"]["refunded_amount"] for each in late] == [12_345, 0]
    assert int(late[1].headers["webhook-timestamp"]) >= int(paid_at + 1.5)


def test_closing_is_told_once(sandbox: Sandbox) -> None:
    offer, after = sandbox.offer(), sandbox.offer()
    for _ in range(2):
        sandbox.provider.close(offer.provider_id)
    sandbox.pay(after)
    sandbox.await_received(after, 1)
    sandbox.await_received(offer, 1)
    assert sandbox.list_types(offer) == ["payment.failed"]


def test_what_is_not_taken_comes_again_later_and_later(sandbox: Sandbox) -> None:
    offer, after = sandbox.offer(), sandbox.offer()
    sandbox.sink.answers[WEBHOOK_PATH] = 503
    sandbox.pay(offer)
    sandbox.await_received(offer, 2)
    sandbox.sink.answers[WEBHOOK_PATH] = 204
    sandbox.await_received(offer, 3)
    first, second, third = list_times(sandbox, offer)
    assert (second - first >= 1, third - second >= 2) == (True, True)
    assert len({each.headers["webhook-id"] for each in sandbox.received(offer)}) == 1
    # One that was taken is not sent again: what is due next would be beside it.
    sandbox.pay(after, delay_seconds=1)
    sandbox.await_received(after, 1)
    assert len(sandbox.received(offer)) == 3


def test_one_that_hangs_holds_no_other_up(sandbox: Sandbox) -> None:
    hung, after = sandbox.offer(), sandbox.offer()
    sandbox.sink.answers[WEBHOOK_PATH] = sandbox.sink.hang
    sandbox.pay(hung)
    sandbox.await_received(hung, 1)
    sandbox.sink.answers[WEBHOOK_PATH] = 204
    with measured() as took:
        sandbox.pay(after)
        sandbox.await_received(after, 1)
    assert took.quiet < ANSWER_SECONDS / 2
    sandbox.sink.let_go.set()


def test_a_kill_loses_nothing_that_was_answered() -> None:
    with run_sandbox() as sandbox:
        offers = [sandbox.offer() for _ in range(3)]
        sandbox.sink.answers[WEBHOOK_PATH] = 503
        sandbox.pay(offers[0])
        sandbox.await_received(offers[0], 1)
        sandbox.pay(offers[1], delay_seconds=0.5)
        sandbox.kill()
        sandbox.sink.answers[WEBHOOK_PATH] = 204
        assert sandbox.received(offers[1]) == []
        sandbox.start()
        for offer in offers[:2]:
            wait_until(lambda offer=offer: sandbox.list_types(offer)[-1:] == ["payment.succeeded"])
            assert sandbox.show(offer)["status"] == "succeeded"
        assert sandbox.show(offers[2])["status"] == "pending"
        before, again = sandbox.received(offers[0])[0], sandbox.received(offers[0])[-1]
        assert before.body == again.body


BODY = json.dumps(
    {
        "id": "evt_1",
        "type": "payment.succeeded",
        "payment": {
            "provider_id": "sbx_1",
            "payment_id": str(uuid.UUID(int=1)),
            "booking_id": str(uuid.UUID(int=2)),
            "status": "succeeded",
            "amount": 1,
            "refunded_amount": 0,
            "currency": "EUR",
        },
    }
).encode()


def sign(body: bytes, *, secret: str = KEYS.webhook, age: timedelta = timedelta()) -> dict[str, str]:
    at = datetime.now(UTC) - age
    signature = Webhook(secret).sign("evt_1", at, body.decode())
    stamp = str(int(at.timestamp()))
    return {"webhook-id": "evt_1", "webhook-timestamp": stamp, "webhook-signature": signature}


def test_a_signed_one_is_believed_for_five_minutes() -> None:
    for age in (timedelta(seconds=240), timedelta(seconds=-290)):
        notice = PROVIDER.parse_webhook(sign(BODY, age=age), BODY)
        assert notice.report is not None
        assert notice.report.payment_id == uuid.UUID(int=1)


OTHER_SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()
# What is made of a good one's headers and body.
FORGED: dict[str, Callable[[dict[str, str]], tuple[dict[str, str], bytes]]] = {
    "another body": lambda good: (good, BODY.replace(b"EUR", b"USD")),
    "no text": lambda good: (good, b"\xff"),
    "another id": lambda good: ({**good, "webhook-id": "evt_2"}, BODY),
    "another time": lambda good: (
        {**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)},
        BODY,
    ),
    "no time": lambda good: ({**good, "webhook-timestamp": "nan"}, BODY),
    "no pair": lambda good: ({**good, "webhook-signature": "v1"}, BODY),
    "no Base64": lambda good: ({**good, "webhook-signature": "v1,\xff"}, BODY),
    "another version": lambda good: (
        {**good, "webhook-signature": good["webhook-signature"].replace("v1", "v0")},
        BODY,
    ),
    "another's secret": lambda _: (sign(BODY, secret=OTHER_SECRET), BODY),
    "another installation's": lambda _: (sign(BODY, secret=derive_keys(f"{SECRET}-other").webhook), BODY),
    "the key of the calls": lambda _: (sign(BODY, secret="whsec_" + KEYS.api), BODY),
    "too old": lambda _: (sign(BODY, age=timedelta(seconds=301)), BODY),
    "too new": lambda _: (sign(BODY, age=timedelta(seconds=-330)), BODY),
    "without id": lambda good: (leave_out(good, "webhook-id"), BODY),
    "without time": lambda good: (leave_out(good, "webhook-timestamp"), BODY),
    "without signature": lambda good: (leave_out(good, "webhook-signature"), BODY),
}


def leave_out(headers: dict[str, str], name: str) -> dict[str, str]:
    return {each: value for each, value in headers.items() if each != name}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_one_is_refused(name: str) -> None:
    good = sign(BODY)
    headers, body = FORGED[name](good)
    assert PROVIDER.parse_webhook(good, BODY)
    with pytest.raises(InvalidSignatureError):
        PROVIDER.parse_webhook(headers, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        BODY.replace(b'"succeeded"', b'"paid"'),
        BODY.replace(b"sbx_1", b"\\ud800"),
    ],
)
def test_what_is_signed_and_cannot_be_read_is_no_value(body: bytes) -> None:
    signed: dict[str, Any] = sign(body)
    with pytest.raises(ValueError):
        PROVIDER.parse_webhook(signed, body)
