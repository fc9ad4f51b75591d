"""Paying a booking: what is offered, when, and again."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from core.infra.db import transaction
from core.shows.service import Show, cancel_show
from tests.acting import ask, run
from tests.api.asking import Asking, assert_problem, expire, pointers
from tests.api.paying import Paying
from tests.door import DoorClient

PUBLIC = {"id", "provider", "status", "amount", "refunded_amount", "currency"}
UNKNOWN = "0199c0de-0000-7000-8000-000000000000"


def strip(offer: dict[str, Any]) -> dict[str, Any]:
    """What everybody may see of an offer."""
    return {name: offer[name] for name in PUBLIC}


def test_a_payment_is_offered_once(paying: Paying) -> None:
    booking_id = paying.hold("1", "2")
    first = paying.start(booking_id)
    paying.assert_new(first)
    assert first.json.keys() == PUBLIC | {"checkout_url", "client_secret"}
    assert first.json | {"id": ..., "checkout_url": ...} == {
        "id": ...,
        "provider": "sandbox",
        "status": "pending",
        "amount": 200,
        "refunded_amount": 0,
        "currency": "EUR",
        "checkout_url": ...,
        "client_secret": None,
    }
    again = paying.start(booking_id)
    assert (again.status_code, again.json) == (200, first.json)
    assert paying.read(booking_id)["payment"] == strip(first.json)
    assert paying.list_payments(booking_id) == [strip(first.json)]
    assert paying.sandbox.show(paying.at_sandbox(first.json))["amount"] == 200


def test_once_it_is_paid_it_is_the_same(paying: Paying) -> None:
    booking_id = paying.hold("1")
    offer = paying.offer(booking_id)
    assert paying.deliver(paying.pay(offer)).json == {"received": True}
    assert paying.read(booking_id)["wants"] == "confirm"
    for _ in range(2):
        again = paying.start(booking_id)
        assert (again.status_code, again.json) == (200, {**offer, "status": "succeeded"})
        paying.settle()
    assert paying.read(booking_id)["status"] == "CONFIRMED"
    assert paying.read(booking_id)["payment"] == {**strip(offer), "status": "succeeded"}


def test_after_one_failed_there_is_a_new_one(paying: Paying) -> None:
    booking_id = paying.hold("1")
    first = paying.offer(booking_id)
    paying.decline(first)
    assert paying.read(booking_id)["payment"]["status"] == "failed"
    second = paying.offer(booking_id)
    assert second["id"] != first["id"]
    failed = {**strip(first), "status": "failed"}
    assert paying.list_payments(booking_id) == [failed, strip(second)]
    assert paying.read(booking_id)["payment"] == strip(second)


def test_unpaid_it_cannot_be_confirmed(paying: Paying) -> None:
    booking_id = paying.hold("1")
    assert_problem(paying.act(booking_id, "confirm"), 402, "payment_required")
    paying.offer(booking_id)
    assert_problem(paying.act(booking_id, "confirm"), 402, "payment_required")


def call_off(paying: Paying) -> str:
    booking_id = paying.hold("1")
    with transaction() as connection:
        cancel_show(connection, paying.show_id)
    return booking_id


def cancel(paying: Paying, *, settles: bool) -> str:
    booking_id = paying.hold("1")
    assert paying.act(booking_id, "cancel").status_code == 202
    if settles:
        paying.settle()
    return booking_id


def let_expire(paying: Paying, *, settles: bool) -> str:
    booking_id = paying.hold("1")
    expire(booking_id)
    if settles:
        paying.settle()
    return booking_id


def fail_to_get(paying: Paying) -> str:
    paying.hold("1")
    return paying.settled("1", hold=True)


def confirm_by_hand(paying: Paying) -> str:
    booking_id = paying.hold("1")
    run("UPDATE shows SET payment_required = false")
    assert paying.act(booking_id, "confirm").status_code == 202
    return booking_id


@pytest.mark.parametrize(
    "bring",
    [
        lambda paying: paying.book("1", hold=True),
        call_off,
        partial(cancel, settles=False),
        partial(cancel, settles=True),
        partial(let_expire, settles=False),
        partial(let_expire, settles=True),
        fail_to_get,
        confirm_by_hand,
    ],
    ids=[
        "not held yet",
        "called off",
        "cancelling",
        "cancelled",
        "overdue",
        "expired",
        "failed",
        "confirming",
    ],
)
def test_what_is_not_held_in_time_cannot_be_paid(paying: Paying, bring: Callable[[Paying], str]) -> None:
    booking_id = bring(paying)
    assert_problem(paying.start(booking_id), 409, "not_payable")
    assert (paying.list_payments(booking_id), paying.read(booking_id)["payment"]) == ([], None)


def test_an_offer_ends_with_the_hold(paying: Paying) -> None:
    booking_id = paying.hold("1")
    paying.offer(booking_id)
    expire(booking_id)
    assert_problem(paying.start(booking_id), 409, "not_payable")


def test_what_costs_nothing_is_confirmed_without_a_payment(
    client: DoorClient, make_show: Callable[..., Show]
) -> None:
    asking = Asking(client, make_show(payment_required=True, price=0).id)
    booking_id = asking.settled("1", hold=True)
    assert_problem(client.post(f"/bookings/{booking_id}/payments"), 409, "not_payable")
    assert asking.act(booking_id, "confirm").status_code == 202
    asking.settle()
    assert (asking.read(booking_id)["status"], asking.read(booking_id)["payment"]) == ("CONFIRMED", None)


def test_what_needs_no_payment_cannot_be_paid(asking: Asking) -> None:
    booking_id = asking.settled("1", hold=True)
    assert_problem(asking.client.post(f"/bookings/{booking_id}/payments"), 409, "not_payable")


@pytest.mark.parametrize(("booking_id", "code"), [(UNKNOWN, "booking_not_found"), ("1", "booking_not_found")])
def test_a_booking_that_is_not_there(client: DoorClient, booking_id: str, code: str) -> None:
    assert_problem(client.post(f"/bookings/{booking_id}/payments"), 404, code)
    assert_problem(client.get(f"/bookings/{booking_id}/payments"), 404, code)


def read_end(paying: Paying, booking_id: str) -> datetime:
    return datetime.fromisoformat(paying.read(booking_id)["hold_expires_at"])


def test_starting_to_pay_extends_the_hold_within_its_cap(paying: Paying) -> None:
    booking_id = paying.hold("1", "2")
    before = read_end(paying, booking_id)
    offer = paying.offer(booking_id)
    after = read_end(paying, booking_id)
    assert after == before + timedelta(seconds=120)
    paying.start(booking_id)
    assert read_end(paying, booking_id) == after
    assert {row.hold_expires_at for row in ask("SELECT * FROM seats WHERE status = 'held'")} == {after}
    paying.decline(offer)
    run("UPDATE bookings SET held_at = hold_expires_at - interval '850 s'")
    paying.offer(booking_id)
    assert read_end(paying, booking_id) == after + timedelta(seconds=50)


def test_the_same_key_gives_the_same_payment(paying: Paying) -> None:
    booking_id, body = paying.hold("1"), {"return_url": "https://a.example/done"}
    first = paying.start(booking_id, key="a-key", json=body)
    paying.assert_new(first)
    assert ("Idempotent-Replayed" in first.headers) == paying.was_unanswered
    again = paying.start(booking_id, key="a-key", json=body)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert again.status_code in (200, 201)
    paying.decline(first.json)
    again = paying.start(booking_id, key="a-key", json=body)
    assert (again.json["id"], again.json["status"]) == (first.json["id"], "failed")
    assert_problem(
        paying.start(booking_id, key="a-key", json={"return_url": "https://b.example"}),
        422,
        "idempotency_key_reused",
    )
    assert_problem(paying.start(paying.hold("2"), key="a-key", json=body), 422, "idempotency_key_reused")
    assert len(paying.list_payments(booking_id)) == 1


def test_a_short_key_is_for_those_with_a_credential(paying: Paying) -> None:
    booking_id = paying.hold("1")
    answer = paying.client.post(f"/bookings/{booking_id}/payments", headers={"Idempotency-Key": "short"})
    assert_problem(answer, 422, "invalid_request")


RETURNS = [
    "https://a.example",
    "http://a.example/b?c=d#e",
    "https://a.example:8443/b",
    "http://[::1]/b",
    None,
]


@pytest.mark.parametrize(
    "body", [{}, {"method": "checkout"}, *({"return_url": url} for url in RETURNS)], ids=str
)
def test_bodies_that_are_good(paying: Paying, body: dict[str, Any]) -> None:
    booking_id = paying.hold("1")
    paying.assert_new(paying.start(booking_id, json=body))
    ((url,),) = ask("SELECT return_url FROM payments")
    assert url == (body.get("return_url") or f"http://localhost/b/{booking_id}")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"unknown": 1}, "/unknown"),
        ({"method": "cash"}, "/method"),
        ({"method": None}, "/method"),
        ({"return_url": "javascript:alert(1)"}, "/return_url"),
        ({"return_url": "/bookings"}, "/return_url"),
        ({"return_url": "https://"}, "/return_url"),
        ({"return_url": "https://a b"}, "/return_url"),
        ({"return_url": "https://a.example/\n"}, "/return_url"),
        ({"return_url": f"https://a.example/{'x' * 2000}"}, "/return_url"),
        ({"return_url": 1}, "/return_url"),
        ([], ""),
    ],
    ids=str,
)
def test_bodies_that_are_refused(paying: Paying, body: Any, pointer: str) -> None:
    booking_id = paying.hold("1")
    problem = assert_problem(paying.start(booking_id, json=body), 422, "invalid_request")
    assert pointers(problem) == [pointer]
    assert paying.list_payments(booking_id) == []


def test_a_host_that_is_none_ends_no_payment(paying: Paying) -> None:
    booking_id = paying.hold("1")
    for host in ("a b", "somebody@a.example", "a.example/b?c", "a" * 300):
        answer = paying.client.post(f"/bookings/{booking_id}/payments", headers={"Host": host})
        assert pointers(assert_problem(answer, 422, "invalid_request")) == ["/return_url"]
    assert paying.list_payments(booking_id) == []


@pytest.mark.parametrize("faults", [{"status": 500}, {"slow_seconds": 3}], ids=str)
def test_where_the_provider_is_down_it_is_503_soon_and_the_same_later(
    paying: Paying, faults: dict[str, Any]
) -> None:
    booking_id = paying.hold("1")
    began = time.monotonic()
    with paying.sandbox.faulty(**faults):
        answer = paying.start_once(booking_id)
        took = time.monotonic() - began
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]
    assert took < 2
    (pending,) = paying.list_payments(booking_id)
    again = paying.start(booking_id)
    assert (again.status_code, strip(again.json)) == (200, pending)
    assert again.json["checkout_url"]


def test_what_the_provider_does_not_take_is_a_failure(paying: Paying) -> None:
    booking_id = paying.hold("1")
    with paying.sandbox.faulty(status=422):
        assert_problem(paying.start(booking_id), 409, "not_payable")
    (failed,) = paying.list_payments(booking_id)
    assert failed["status"] == "failed"
    assert paying.offer(booking_id)["id"] != failed["id"]
