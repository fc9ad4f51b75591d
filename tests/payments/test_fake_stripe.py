"""The Stripe of the tests itself: it does as Stripe's documents say, and runs as a process too."""

import hmac
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
import stripe

from tests.payments.fake_stripe.events import sign
from tests.payments.fake_stripe.forms import parse_form
from tests.payments.fake_stripe.server import API_KEY, WEBHOOK_SECRET, FakeStripe
from tests.support import ROOT

INTENT = {"amount": "100", "currency": "eur"}
SESSION = {
    "mode": "payment", "success_url": "https://example.com", "line_items[0][quantity]": "1",
    "line_items[0][price_data][unit_amount]": "100", "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][product_data][name]": "Hamlet",
}  # fmt: skip


def ask(fake: FakeStripe, path: str, form: dict[str, str] | None = None, key: str = "", **more: Any) -> Any:
    """A POST with a form, else a GET."""
    headers = {"Authorization": f"Bearer {API_KEY}"} | ({"Idempotency-Key": key} if key else {})
    method = "GET" if form is None else "POST"
    return requests.request(
        method, f"{fake.url}/v1/{path}", data=form, **{"headers": headers, "timeout": 20, **more}
    )


def test_forms_are_read_as_the_library_writes_them(fake: FakeStripe) -> None:
    client = stripe.StripeClient(API_KEY, base_addresses={"api": fake.url})
    sent: Any = {"a": {"b": [{"c": "1", "d": "ü&="}, {"c": "2"}]}, "e": ["x", "y"], "f": {"0x": "z"}, "g": ""}
    with pytest.raises(stripe.InvalidRequestError):
        client.raw_request("post", "/v1/nothing", **sent)
    assert fake.asked[-1].params == sent
    assert parse_form("a[]=1&a[]=2") == {"a": ["1", "2"]}
    assert parse_form("") == {}


def test_events_are_signed_as_it_is_documented() -> None:
    body, at = '{"id": "evt_ü"}', 1_700_000_000
    mac = hmac.new(WEBHOOK_SECRET.encode(), f"{at}.{body}".encode(), sha256).hexdigest()
    assert sign(body, WEBHOOK_SECRET, at=at) == f"t={at},v1={mac}"
    assert re.fullmatch(r"t=\d+,v1=[0-9a-f]{64},v1=[0-9a-f]{64}", sign(body, "one", "two"))


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk_test_other"}])
def test_a_key_is_asked_for(fake: FakeStripe, headers: dict[str, str]) -> None:
    refused = ask(fake, "payment_intents", INTENT, headers=headers)
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "invalid_request_error")


@pytest.mark.parametrize(
    ("path", "form", "code"),
    [
        ("payment_intents", {"amount": "100"}, "parameter_missing"),
        ("payment_intents", {**INTENT, "colour": "red"}, "parameter_unknown"),
        ("payment_intents", {**INTENT, "amount": "1.5"}, "parameter_invalid_integer"),
        ("payment_intents", {**INTENT, "amount": "0"}, "parameter_invalid"),
        ("payment_intents", {"amount": "5", "currency": "ugx"}, "invalid_charge_amount"),
        ("payment_intents", {"amount": "5124", "currency": "kwd"}, "invalid_charge_amount"),
        ("payment_intents", {**INTENT, "currency": "EUR"}, "parameter_invalid"),
        ("payment_intents", {**INTENT, "metadata[long]": "x" * 501}, "parameter_invalid"),
        ("payment_intents", {**INTENT, "expand[]": "nothing"}, None),
        ("checkout/sessions", {**SESSION, "expires_at": str(int(time.time()) + 1700)}, "parameter_invalid"),
        ("checkout/sessions", {**SESSION, "expires_at": str(int(time.time()) + 90_000)}, "parameter_invalid"),
        ("refunds", {"payment_intent": "pi_none"}, "resource_missing"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_parameters_are_checked(fake: FakeStripe, path: str, form: dict[str, str], code: str | None) -> None:
    """Before anything is saved for the key, which may be taken again."""
    refused = ask(fake, path, form, key="one")
    assert refused.status_code in (400, 404)
    assert refused.json()["error"].get("code") == code
    assert ask(fake, "payment_intents", INTENT, key="one").status_code == 200


class TestIdempotencyKeys:
    def test_the_same_again(self, fake: FakeStripe) -> None:
        first, second = (ask(fake, "payment_intents", INTENT, key="one") for _ in range(2))
        assert first.json() == second.json()
        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"
        assert ask(fake, "payment_intents", INTENT, key="two").json()["id"] != first.json()["id"]

    def test_other_words(self, fake: FakeStripe) -> None:
        ask(fake, "payment_intents", INTENT, key="one")
        for path, form in (("payment_intents", {**INTENT, "amount": "101"}), ("checkout/sessions", SESSION)):
            refused = ask(fake, path, form, key="one")
            assert (refused.status_code, refused.json()["error"]["type"]) == (400, "idempotency_error")

    def test_failures_too(self, fake: FakeStripe) -> None:
        name = ask(fake, "payment_intents", INTENT).json()["id"]
        fake.ledger.pay(name, is_delayed=True)
        for _ in range(2):
            assert ask(fake, f"payment_intents/{name}/cancel", {}, key="one").status_code == 400
            fake.ledger.get(name)["status"] = "requires_payment_method"
        assert ask(fake, f"payment_intents/{name}/cancel", {}, key="two").json()["status"] == "canceled"

    def test_an_error_of_its_own_too(self, fake: FakeStripe) -> None:
        fake.fail("500_after")
        for _ in range(2):
            assert ask(fake, "payment_intents", INTENT, key="one").status_code == 500
        assert len(fake.ledger.things) == 1
        fake.forget_keys()
        assert ask(fake, "payment_intents", INTENT, key="one").status_code == 200


def test_pages_are_newest_first(fake: FakeStripe) -> None:
    names = [ask(fake, "payment_intents", INTENT).json()["id"] for _ in range(5)]
    first = ask(fake, "payment_intents?limit=3").json()
    assert ([each["id"] for each in first["data"]], first["has_more"]) == (names[:1:-1], True)
    rest = ask(fake, f"payment_intents?limit=3&starting_after={names[2]}").json()
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == ([names[1], names[0]], False)
    assert ask(fake, "payment_intents?limit=101").status_code == 400


def test_what_is_asked_for_is_expanded(fake: FakeStripe) -> None:
    name = ask(fake, "checkout/sessions", SESSION).json()["id"]
    assert ask(fake, f"checkout/sessions/{name}?expand[]=payment_intent").json()["payment_intent"] is None
    fake.ledger.pay(name)
    path = f"checkout/sessions/{name}"
    intent = ask(fake, path).json()["payment_intent"]
    assert ask(fake, f"{path}?expand[]=payment_intent").json()["payment_intent"]["id"] == intent
    deep = ask(fake, f"{path}?expand[]=payment_intent.latest_charge").json()["payment_intent"]
    assert deep["latest_charge"]["amount"] == 100
    listed = ask(fake, "checkout/sessions?expand[]=data.payment_intent.latest_charge").json()["data"]
    assert [each["payment_intent"] for each in listed] == [deep]


@contextmanager
def listen() -> Iterator[tuple[str, list[tuple[dict[str, str], str]]]]:
    """Where webhooks go, and what came there."""
    came: list[tuple[dict[str, str], str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", came
        finally:
            server.shutdown()
            thread.join()


def test_as_a_process_it_sends_what_it_signs() -> None:
    with listen() as (hook, came):
        command = [sys.executable, "-m", "tests.payments.fake_stripe", "--webhook", hook]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            url = process.stdout.readline().strip()
            try:
                headers = {"Authorization": f"Bearer {API_KEY}"}
                made = requests.post(f"{url}/v1/checkout/sessions", SESSION, headers=headers, timeout=20)
                pay = f"{url}/control/pay/{made.json()['id']}"
                paid = requests.post(pay, {"webhook": "twice"}, timeout=20)
                assert [sent["status"] for sent in paid.json()["webhooks"]] == [204] * 4
                assert requests.post(pay, timeout=20).status_code == 400
            finally:
                process.terminate()
        assert process.returncode == 0
    for headers, body in came:
        assert stripe.WebhookSignature.verify_header(body, headers["Stripe-Signature"], WEBHOOK_SECRET, 300)
    told = [json.loads(body)["type"] for _, body in came]
    assert told == ["payment_intent.succeeded"] * 2 + ["checkout.session.completed"] * 2
