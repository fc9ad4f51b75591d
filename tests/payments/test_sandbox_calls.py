"""Seatline's calls to the sandbox: each of them, repeated, refused, at once, and while things go wrong."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.payments.errors import ProviderRefusedError, ProviderUnavailableError
from core.payments.providers.interface import Offer, Patience, Report, ReportStatus
from core.payments.providers.sandbox import SandboxProvider
from proof.sink import run_sink
from tests.measuring import measured
from tests.payments.sandboxing import KEYS, PATIENT, Sandbox, make_charge, run_sandbox
from tests.support import run_silent_port


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with run_sandbox() as found:
        yield found


def refund(sandbox: Sandbox, offer: Offer, amount: int, refund_id: uuid.UUID | None = None) -> None:
    refund_id = refund_id or uuid.uuid4()
    sandbox.provider.refund(offer.provider_id, refund_id=refund_id, amount=amount, currency="EUR")


def test_what_is_offered_is_told_whole(sandbox: Sandbox) -> None:
    charge = make_charge()
    offer = sandbox.provider.create(charge)
    assert offer.checkout_url == f"http://127.0.0.1:{sandbox.port}/checkout/{offer.provider_id}"
    assert sandbox.provider.fetch(offer.provider_id) == Report(
        provider_id=offer.provider_id,
        payment_id=charge.payment_id,
        booking_id=charge.booking_id,
        status=ReportStatus.PENDING,
        amount=12_345,
        refunded_amount=0,
        currency="EUR",
    )


def test_an_offer_is_made_once(sandbox: Sandbox) -> None:
    """Also where it is asked for many times at once, and with another end."""
    charge = make_charge()
    later = replace(charge, expires_at=charge.expires_at + timedelta(seconds=1), return_url="http://other/")
    with ThreadPoolExecutor(8) as pool:
        offers = set(pool.map(sandbox.provider.create, [charge, later] * 8))
    assert len(offers) == 1


def test_a_payment_id_is_of_one_amount(sandbox: Sandbox) -> None:
    charge = make_charge()
    sandbox.provider.create(charge)
    with pytest.raises(ProviderRefusedError, match="another payment"):
        sandbox.provider.create(replace(charge, amount=1))


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 0},
        {"amount": 2**63},
        {"currency": "XXX"},
        {"currency": "EURO"},
        {"return_url": "javascript:alert(1)"},
    ],
)
def test_what_cannot_be_offered_is_refused(sandbox: Sandbox, change: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefusedError, match="422"):
        sandbox.offer(**change)


def test_closing_ends_it_for_good(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    for _ in range(2):
        assert sandbox.provider.close(offer.provider_id).status is ReportStatus.FAILED
    assert sandbox.visit(offer, "pay").status == 409
    assert sandbox.provider.fetch(offer.provider_id).status is ReportStatus.FAILED


def test_closing_tells_that_it_was_paid_just_before(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    sandbox.pay(offer)
    assert sandbox.provider.close(offer.provider_id).status is ReportStatus.SUCCEEDED


def test_what_has_expired_has_failed(sandbox: Sandbox) -> None:
    offer = sandbox.offer(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert sandbox.provider.fetch(offer.provider_id).status is ReportStatus.FAILED
    assert sandbox.visit(offer, "pay").status == 409
    assert sandbox.provider.close(offer.provider_id).status is ReportStatus.FAILED


def test_paid_and_closed_at_once_is_one_of_both(sandbox: Sandbox) -> None:
    for _ in range(10):
        offer, start = sandbox.offer(), threading.Barrier(2)

        def pay(offer: Offer = offer, start: threading.Barrier = start) -> bool:
            start.wait()
            return sandbox.visit(offer, "pay").status == 200

        with ThreadPoolExecutor(1) as pool:
            paid = pool.submit(pay)
            start.wait()
            closed = sandbox.provider.close(offer.provider_id)
        assert (closed.status is ReportStatus.SUCCEEDED) == paid.result()
        assert sandbox.provider.fetch(offer.provider_id) == closed


def test_a_refund_is_done_once(sandbox: Sandbox) -> None:
    offer, refund_id = sandbox.offer(), uuid.uuid4()
    sandbox.pay(offer)
    for _ in range(3):
        refund(sandbox, offer, 345, refund_id)
    assert sandbox.provider.fetch(offer.provider_id).refunded_amount == 345
    with pytest.raises(ProviderRefusedError, match="another refund"):
        refund(sandbox, offer, 346, refund_id)


def test_no_more_is_given_back_than_was_paid(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    with pytest.raises(ProviderRefusedError, match="0 can be given back"):
        refund(sandbox, offer, 1)
    sandbox.pay(offer)
    refund(sandbox, offer, 12_000)
    with pytest.raises(ProviderRefusedError, match="345 can be given back, and not 346"):
        refund(sandbox, offer, 346)
    refund(sandbox, offer, 345)
    report = sandbox.provider.fetch(offer.provider_id)
    assert (report.status, report.refunded_amount) == (ReportStatus.SUCCEEDED, 12_345)


def test_refunds_at_once_are_counted_together(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    sandbox.pay(offer)

    def try_refund(_: int) -> bool:
        try:
            refund(sandbox, offer, 5_000)
        except ProviderRefusedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_refund, range(8))) == 2


def test_a_refund_is_in_the_payment_s_currency(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    sandbox.pay(offer)
    with pytest.raises(ProviderRefusedError, match="paid in EUR"):
        sandbox.provider.refund(offer.provider_id, refund_id=uuid.uuid4(), amount=1, currency="USD")


def test_all_of_a_time_are_listed_page_by_page(sandbox: Sandbox) -> None:
    sandbox.offer()
    since = datetime.now(UTC)
    offered = {sandbox.offer().provider_id for _ in range(103)}
    until = datetime.now(UTC)
    sandbox.offer()
    reports = list(sandbox.provider.list(since, until))
    assert len(reports) == 103
    assert {report.provider_id for report in reports} == offered
    assert reports[0] == sandbox.provider.fetch(reports[0].provider_id)
    assert list(sandbox.provider.list(until, until)) == []


@pytest.mark.parametrize(
    "query", ["", "?since=now&until=now", "?since=2026-01-01&until=2026-01-02", "?page=1"]
)
def test_a_list_without_times_is_refused(sandbox: Sandbox, query: str) -> None:
    assert sandbox.ask("GET", f"/payments{query}", Authorization=f"Bearer {KEYS.api}").status == 422


@pytest.mark.parametrize("provider_id", ["sbx_0", "..", "a/b", "%00", "ü", ""])
def test_what_is_not_there_is_refused(sandbox: Sandbox, provider_id: str) -> None:
    for ask in (sandbox.provider.fetch, sandbox.provider.close):
        with pytest.raises(ProviderRefusedError, match=r"answers 4(04|05|22)"):
            ask(provider_id)


@pytest.mark.parametrize("credential", ["", "Bearer ", f"Bearer {KEYS.api}0", "Basic a", "Bearer \xff"])
def test_nobody_else_is_let_in(sandbox: Sandbox, credential: str) -> None:
    offer = sandbox.offer()
    for method, path in (
        ("GET", "/payments/" + offer.provider_id),
        ("PUT", "/faults"),
        ("POST", "/payments"),
    ):
        assert sandbox.ask(method, path, {}, Authorization=credential).status == 401


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (503, ProviderUnavailableError),
        (500, ProviderUnavailableError),
        (429, ProviderUnavailableError),
        (402, ProviderRefusedError),
        (404, ProviderRefusedError),
    ],
)
def test_a_fault_s_status_is_what_every_call_gets(
    sandbox: Sandbox, status: int, error: type[Exception]
) -> None:
    charge, offer = make_charge(), sandbox.offer()
    with sandbox.faulty(status=status):
        calls: list[Callable[[], object]] = [
            lambda: sandbox.provider.create(charge),
            lambda: sandbox.provider.fetch(offer.provider_id),
            lambda: sandbox.provider.close(offer.provider_id),
            lambda: refund(sandbox, offer, 1),
            lambda: list(sandbox.provider.list(datetime.now(UTC), datetime.now(UTC))),
        ]
        for call in calls:
            with pytest.raises(error, match=str(status)):
                call()
        # A buyer's page is none of Seatline's calls.
        sandbox.pay(offer)
    assert sandbox.provider.fetch(offer.provider_id).status is ReportStatus.SUCCEEDED


def test_a_call_is_repeated_until_a_fault_is_over(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    with sandbox.faulty(status=503, seconds=0.5):
        patient = sandbox.make_provider(Patience(seconds=5, retries=100))
        assert patient.fetch(offer.provider_id).status is ReportStatus.PENDING


def test_a_slow_call_is_given_up_and_done_all_the_same(sandbox: Sandbox) -> None:
    charge = make_charge()
    impatient = sandbox.make_provider(Patience(seconds=0.2, retries=1))
    with sandbox.faulty(slow_seconds=1), measured() as took:
        with pytest.raises(ProviderUnavailableError, match="no answer"):
            impatient.create(charge)
        assert took.quiet < 1
        began = time.monotonic()
        # By now the given-up ones are through: it is their offer.
        offer = sandbox.provider.create(charge)
        assert time.monotonic() - began >= 1
    listed = sandbox.provider.list(datetime.now(UTC) - timedelta(minutes=1), datetime.now(UTC))
    of_charge = [report.provider_id for report in listed if report.payment_id == charge.payment_id]
    assert of_charge == [offer.provider_id]


def test_refunds_are_refused_while_they_are_to_be(sandbox: Sandbox) -> None:
    offer = sandbox.offer()
    sandbox.pay(offer)
    with sandbox.faulty(seconds=0, refuse_refunds_seconds=60):
        with pytest.raises(ProviderRefusedError, match="422"):
            refund(sandbox, offer, 1)
        assert sandbox.provider.fetch(offer.provider_id).refunded_amount == 0
    refund(sandbox, offer, 1)


def test_a_wrong_amount_is_what_is_charged_and_given_back(sandbox: Sandbox) -> None:
    charge = make_charge()
    offer = sandbox.provider.create(charge)
    with sandbox.faulty(webhook_amount=99):
        sandbox.pay(offer)
    assert sandbox.provider.fetch(offer.provider_id).amount == 99
    assert sandbox.await_received(offer, 1)[0].event["payment"]["amount"] == 99
    refund(sandbox, offer, 99)
    assert sandbox.show(offer)["status"] == "refunded"
    assert sandbox.provider.create(charge) == offer


@pytest.mark.parametrize("faults", [{"status": 200}, {"status": "503"}, {"seconds": -1}, {"speed": 1}, []])
def test_a_fault_that_is_none_is_refused(sandbox: Sandbox, faults: object) -> None:
    assert sandbox.ask("PUT", "/faults", faults, Authorization=f"Bearer {KEYS.api}").status == 422


def test_what_is_not_the_sandbox_is_no_answer() -> None:
    def check(port: int, seconds: float, words: str) -> None:
        provider = SandboxProvider(port=port, keys=KEYS, patience=Patience(seconds=seconds, retries=0))
        for call in (lambda: provider.create(make_charge()), lambda: provider.close("sbx_1")):
            with pytest.raises(ProviderUnavailableError, match=words):
                call()

    check(1, PATIENT.seconds, "no answer")
    with run_silent_port() as port:
        check(port, 0.1, "no answer")
    with run_sink() as sink:
        check(int(sink.url.rpartition(":")[2]), PATIENT.seconds, "not as the sandbox")
