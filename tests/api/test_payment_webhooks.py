"""What the provider tells over HTTP: signed, once or again, counted against no limit."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from api.gate.limits import make_allowances
from core.infra.settings import get_settings
from tests.acting import ask
from tests.api.asking import assert_problem, expire
from tests.api.paying import WEBHOOKS, Paying, sign
from tests.door import DoorClient, open_door
from tests.payments.sandboxing import Sandbox

ANOTHER_SECRET = "whsec_" + "b" * 43 + "="
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "type": "payment.succeeded",
    "payment": {
        "provider_id": "sbx_1",
        "payment_id": None,
        "booking_id": None,
        "status": "succeeded",
        "amount": 100,
        "refunded_amount": 0,
        "currency": "EUR",
    },
}


def count_events() -> int:
    return int(ask("SELECT count(*) FROM payment_events")[0][0])


def test_a_success_confirms_however_often_it_comes(paying: Paying) -> None:
    booking_id = paying.hold("1")
    webhook = paying.pay(paying.offer(booking_id))
    for _ in range(2):
        answer = paying.deliver(webhook)
        assert (answer.status_code, answer.json) == (200, {"received": True})
    booking = paying.read(booking_id)
    assert (booking["wants"], booking["payment"]["status"]) == ("confirm", "succeeded")
    paying.settle()
    paying.deliver(webhook)
    booking = paying.read(booking_id)
    assert (booking["status"], booking["wants"], count_events()) == ("CONFIRMED", None, 1)
    assert booking["payment"]["refunded_amount"] == 0


def test_a_success_after_expiry(paying: Paying) -> None:
    booking_id = paying.hold("1")
    webhook = paying.pay(paying.offer(booking_id))
    expire(booking_id)
    paying.settle()
    assert paying.read(booking_id)["failure"] == {"code": "hold_expired", "seats": []}
    paying.deliver(webhook)
    booking = paying.read(booking_id)
    assert (booking["status"], booking["wants"]) == ("FAILED", "confirm")
    assert paying.act(booking_id, "confirm").status_code == 202
    assert_problem(paying.act(booking_id, "cancel"), 409, "already_settled")
    paying.settle()
    booking = paying.read(booking_id)
    assert (booking["status"], booking["failure"], paying.seat_states()["1"]) == ("CONFIRMED", None, "booked")


def test_what_is_charged_on_top_goes_back(paying: Paying) -> None:
    booking_id = paying.hold("1")
    offer = paying.offer(booking_id)
    with paying.sandbox.faulty(webhook_amount=101):
        webhook = paying.pay(offer)
    assert paying.deliver(webhook).status_code == 200
    paying.settle_refunds()
    assert paying.read(booking_id)["held"]
    assert paying.list_payments(booking_id)[0]["status"] == "refunded"
    assert paying.sandbox.show(paying.at_sandbox(offer))["refunded_amount"] == 101


@pytest.mark.usefixtures("sandbox")
def test_what_is_of_no_payment_of_ours_is_taken(client: DoorClient) -> None:
    answer = client.post(WEBHOOKS, **sign(EVENT))
    assert (answer.status_code, answer.json, count_events()) == (200, {"received": True}, 1)


def change_header(name: str, value: str) -> dict[str, Any]:
    """What is signed, but for a header."""
    signed = sign(EVENT)
    return {**signed, "headers": {**signed["headers"], name: value}}


# Made once it is sent: a signature holds for five minutes.
NOT_SIGNED: dict[str, Callable[[], dict[str, Any]]] = {
    "unsigned": lambda: {"data": "{}"},
    "empty": lambda: {"data": ""},
    "forged": lambda: sign(EVENT, secret=ANOTHER_SECRET),
    "old": lambda: sign(EVENT, age_seconds=310),
    "of the future": lambda: sign(EVENT, age_seconds=-310),
    "another body": lambda: {**sign(EVENT), "data": sign({**EVENT, "id": "evt_2"})["data"]},
    "another id": lambda: change_header("webhook-id", "msg_2"),
    "no signature": lambda: change_header("webhook-signature", "v1,\xff"),
    "no time": lambda: change_header("webhook-timestamp", "soon"),
}


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("make", NOT_SIGNED.values(), ids=NOT_SIGNED)
def test_what_is_not_signed_is_refused(client: DoorClient, make: Callable[[], dict[str, Any]]) -> None:
    assert_problem(client.post(WEBHOOKS, **make()), 400, "invalid_signature")
    assert count_events() == 0


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '"\\ud800"', {}, {**EVENT, "id": None}, {**EVENT, "payment": {"amount": 1}}],
    ids=str,
)
def test_what_is_signed_and_junk_is_refused(client: DoorClient, body: Any) -> None:
    assert_problem(client.post(WEBHOOKS, **sign(body)), 400, "malformed_json")
    assert count_events() == 0


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "\0"),
        ("id", "x" * 256),
        ("type", "a\0"),
        ("provider_id", "\0"),
        ("provider_id", "x\ny"),
        ("currency", ""),
        ("amount", 2**63),
        ("refunded_amount", -(2**63) - 1),
    ],
)
def test_what_is_signed_and_cannot_be_kept_is_refused(client: DoorClient, name: str, value: Any) -> None:
    changed = {name: value}
    payment = {**EVENT["payment"], "payment_id": str(uuid.uuid4()), **changed}
    event = {**EVENT, **changed} if name in EVENT else {**EVENT, "payment": payment}
    assert_problem(client.post(WEBHOOKS, **sign(json.dumps(event))), 400, "malformed_json")
    assert count_events() == 0


@pytest.mark.usefixtures("sandbox")
def test_bodies_are_bounded(client: DoorClient) -> None:
    most = 256 * 1024
    assert_problem(client.post(WEBHOOKS, data=b"x" * (most + 1)), 413, "payload_too_large")
    assert_problem(client.post(WEBHOOKS, data=b"x" * most), 400, "invalid_signature")


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("provider", ["stripe", "nobody", "..", "Sandbox"])
def test_another_provider_is_not_there(client: DoorClient, provider: str) -> None:
    """One that is not that of the settings, too, however well it is known."""
    answer = client.post(f"/payments/webhooks/{provider}", **sign(EVENT))
    assert_problem(answer, 404, "not_found")


@pytest.fixture
def limited(
    app: Flask, database: dict[str, str], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DoorClient]:
    """A door with two requests a minute."""
    monkeypatch.setitem(os.environ, "RATE_LIMIT_ENABLED", "true")
    monkeypatch.setitem(os.environ, "RATE_LIMIT", "2/minute")
    get_settings.cache_clear()
    with open_door(app, make_allowances(get_settings())) as door:
        yield door
    monkeypatch.undo()
    get_settings.cache_clear()


def test_what_is_verified_counts_against_no_limit(limited: DoorClient) -> None:
    for number in range(6):
        assert limited.post(WEBHOOKS, **sign({**EVENT, "id": f"evt_{number}"})).status_code == 200
    assert limited.get("/shows").status_code == 200


def test_what_is_forged_is_counted(limited: DoorClient) -> None:
    forged = sign(EVENT, secret=ANOTHER_SECRET)
    assert [limited.post(WEBHOOKS, **forged).status_code for _ in range(3)] == [400, 400, 429]
    assert limited.get("/shows").status_code == 429


def test_what_is_verified_is_taken_beside_what_is_forged(limited: DoorClient) -> None:
    forged = sign(EVENT, secret=ANOTHER_SECRET)
    assert [limited.post(WEBHOOKS, **forged).status_code for _ in range(3)] == [400, 400, 429]
    assert [limited.post(WEBHOOKS, **sign(EVENT)).status_code for _ in range(3)] == [200, 200, 200]
    # Nor is anything given back that it had not taken.
    assert limited.post(WEBHOOKS, **forged).status_code == 429


@pytest.mark.usefixtures("sandbox")
def test_pages_may_not_send_any(client: DoorClient) -> None:
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    answer = client.options(WEBHOOKS, headers=headers)
    assert_problem(answer, 403, "forbidden")
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer = client.post(WEBHOOKS, **change_header("Origin", "https://a.example"))
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_may_offer_payments(paying: Paying) -> None:
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    answer = paying.client.options(f"/bookings/{paying.hold('1')}/payments", headers=headers)
    assert answer.status_code == 204
    assert {"GET", "POST"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
