"""What a buyer sees and does at the sandbox, in a browser or by a program; what anybody may send there."""

import json
import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.payments.sandboxing import Sandbox, run_sandbox
from tests.support import HANGS_SECONDS

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with run_sandbox() as found:
        yield found


def test_a_program_is_told_what_became_of_it(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    known = {"amount": 12_345, "refunded_amount": 0, "currency": "EUR"}
    assert sandbox.show(offer) == {"status": "pending", **known}
    answer = sandbox.visit(offer, "pay")
    assert (answer.status, answer.json) == (200, {"status": "succeeded", **known})
    for amount, total, status in ((345, 345, "succeeded"), (12_000, 12_345, "refunded")):
        refund_id = uuid.uuid4()
        sandbox.provider.refund(offer.provider_id, refund_id=refund_id, amount=amount, currency="EUR")
        assert sandbox.show(offer) == {**known, "status": status, "refunded_amount": total}


def test_a_declined_one_has_failed(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    for _ in range(2):
        answer = sandbox.visit(offer, "decline")
        assert (answer.status, answer.json["status"]) == (200, "failed")
    assert sandbox.visit(offer, "pay").status == 409
    assert sandbox.await_received(offer, 1)[0].event["type"] == "payment.failed"


def test_paying_again_charges_nothing_more(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    answers = [sandbox.visit(offer, "pay") for _ in range(3)]
    assert {(answer.status, answer.body) for answer in answers} == {(200, answers[0].body)}
    assert sandbox.visit(offer, "decline").status == 409
    # The same event comes to the other payment after whatever there was of this one.
    after = sandbox.offer()
    sandbox.pay(after)
    sandbox.await_received(after, 1)
    assert sandbox.list_types(offer) == ["payment.succeeded"]


@pytest.mark.parametrize(
    ("amount", "currency", "price"),
    [
        (12_345, "EUR", "123.45 EUR"),
        (5, "EUR", "0.05 EUR"),
        (1_234_567, "JPY", "1,234,567 JPY"),
        (1_234, "KWD", "1.234 KWD"),
        (10**15, "EUR", "10,000,000,000,000.00 EUR"),
    ],
)
def test_the_page_has_the_amount_as_people_write_it(
    sandbox: Sandbox, amount: int, currency: str, price: str
) -> None:
    page = sandbox.visit(sandbox.offer(amount=amount, currency=currency), Accept=BROWSER)
    assert f'<p class="amount">{price}</p>' in page.text


def test_the_page_runs_nothing_and_is_kept_by_nobody(sandbox: Sandbox) -> None:
    offer = sandbox.offer(description="<script>alert(1)</script>", return_url='https://x.example/"><b>')
    for page in (sandbox.visit(offer, Accept=BROWSER), sandbox.visit(offer), sandbox.ask("GET", "/")):
        assert page.status == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script" not in page.text
        assert "><b>" not in page.text


@pytest.mark.parametrize(
    ("button", "told"), [("pay", "Paid. Thank you!"), ("decline", "Declined: nothing was charged.")]
)
def test_a_button_leads_back_to_the_page(sandbox: Sandbox, button: str, told: str) -> None:
    offer = sandbox.offer()
    before = sandbox.visit(offer, Accept=BROWSER).text
    path = urlsplit(offer.checkout_url or "").path
    assert f'formaction="{path}/{button}"' in before
    form = urlencode({"webhook": "now", "delay_seconds": "0"})
    answer = sandbox.visit(offer, button, form, Accept=BROWSER, Content_Type=FORM)
    assert (answer.status, answer.headers["Location"]) == (303, path)
    page = sandbox.visit(offer, Accept=BROWSER).text
    assert told in page
    assert "<button" not in page
    assert 'href="https://tickets.example/bookings?id=1&amp;from=sandbox"' in page


def test_a_form_says_how_the_webhook_comes(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    form = urlencode({"webhook": "twice", "delay_seconds": "0.1"})
    sandbox.visit(offer, "pay", form, Accept=BROWSER, Content_Type=FORM)
    assert len(sandbox.await_received(offer, 2)) == 2


def test_the_page_tells_what_was_given_back(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    sandbox.pay(offer)
    for amount, told in ((345, "Paid; 3.45 EUR of it was given back."), (12_000, "all of it was given back")):
        refund_id = uuid.uuid4()
        sandbox.provider.refund(offer.provider_id, refund_id=refund_id, amount=amount, currency="EUR")
        assert told in sandbox.visit(offer, Accept=BROWSER).text


def test_who_comes_too_late_is_told_so(sandbox: Sandbox) -> None:
    offer = sandbox.offer(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert "too late" in sandbox.visit(offer, Accept=BROWSER).text
    answer = sandbox.visit(offer, "pay", Accept=BROWSER)
    assert (answer.status, "expired already" in answer.text) == (409, True)
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("action", ["", "/pay", "/decline"])
def test_what_is_not_there_is_404(sandbox: Sandbox, action: str) -> None:
    method = "POST" if action else "GET"
    for name in ("sbx_0", "%00", "%ff", "%C3%BC", "x" * 2000):
        for accept in (BROWSER, "application/json"):
            assert sandbox.ask(method, f"/checkout/{name}{action}", Accept=accept).status == 404


WRONG: list[Any] = [
    [],
    None,
    1,
    "{",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"\xff",
    "[" * 10_000,
    '{"webhook": "\\ud800"}',
    '{"delay_seconds": NaN}',
    '{"delay_seconds": 1e999}',
    {"webhook": "later"},
    {"webhook": None},
    {"delay_seconds": -1},
    {"delay_seconds": 601},
    {"delay_seconds": "1"},
    {"delay_seconds": True},
    {"delay": 1},
]


@pytest.mark.parametrize("body", WRONG, ids=lambda body: repr(body)[:30])
def test_a_wrong_body_is_422_and_does_nothing(sandbox: Sandbox, body: Any) -> None:
    offer = sandbox.offer()
    for action in ("pay", "decline"):
        assert sandbox.visit(offer, action, json.dumps(body) if body is None else body).status == 422
    for form in ("webhook=later", "delay_seconds=x", "%00=%ff", "a=b"):
        assert sandbox.visit(offer, "pay", form, Content_Type=FORM).status == 422
    assert sandbox.show(offer)["status"] == "pending"


RAW = {
    "no address": (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    "no request": (b"garbage\r\n\r\n", b"400"),
    "no host": (b"GET PATH HTTP/1.1\r\nHost: \xff[\r\n\r\n", b"200"),
    "no method": (b"FOO PATH HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
    "no preference": (b"GET PATH HTTP/1.1\r\nHost: x\r\nAccept: \xff;;q=zz,,\r\n\r\n", b"200"),
    "no chunk": (b"POST PATH/pay HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
    "no chunk of a form": (
        b"POST PATH/pay HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nzz\r\n",
        b"400",
    ),
    "too much": (b"POST PATH/pay HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", b"413"),
    "a long head": (b"GET PATH HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
}


@pytest.mark.parametrize("name", RAW)
def test_whatever_comes_is_answered_and_no_fault_of_ours(sandbox: Sandbox, name: str) -> None:
    offer = sandbox.offer()
    sent, status = RAW[name]
    with socket.create_connection(("127.0.0.1", sandbox.port), HANGS_SECONDS) as connection:
        connection.sendall(sent.replace(b"PATH", urlsplit(offer.checkout_url or "").path.encode()))
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    # To what is no request at all the answer is of a kind without a status line.
    assert status in answer.splitlines()[0] or b"Error code: 400" in answer
    assert sandbox.show(offer)["status"] == "pending"
    assert "Traceback" not in sandbox.log.read_text()
