"""Giving back what was paid, and what operators see of payments."""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.access.principals import Role
from core.access.pseudonyms import hide
from core.infra.settings import get_settings
from core.payments.comparing import compare_payments
from core.shows.service import Show
from tests.acting import ask, run
from tests.api.asking import assert_problem, pointers
from tests.api.paying import WEBHOOKS, Paying, sign
from tests.api.test_examples import list_examples
from tests.door import DoorClient
from tests.keys import make_key
from tests.payments.sandboxing import Sandbox
from tests.support import ADMIN

UNKNOWN = "0199c0de-0000-7000-8000-000000000000"


def test_all_of_it_goes_back_and_the_booking_stays(paying: Paying) -> None:
    booking_id = paying.bought("1", "2")
    answer = paying.refund(booking_id)
    assert answer.status_code == 202
    assert (answer.json["status"], answer.json["payment"]["status"]) == ("CONFIRMED", "refund_pending")
    assert answer.json == paying.read(booking_id)
    assert_problem(paying.refund(booking_id), 409, "not_payable")
    paying.settle_refunds()
    booking = paying.read(booking_id)
    assert (booking["status"], paying.seat_states()["1"]) == ("CONFIRMED", "booked")
    assert booking["payment"] | {"id": ...} == {
        "id": ...,
        "provider": "sandbox",
        "status": "refunded",
        "amount": 200,
        "refunded_amount": 200,
        "currency": "EUR",
    }
    assert_problem(paying.refund(booking_id), 409, "not_payable")
    ((provider_id,),) = ask("SELECT provider_id FROM payments")
    assert paying.sandbox.provider.fetch(provider_id).refunded_amount == 200


def test_some_of_it_goes_back_and_it_stays_succeeded(paying: Paying) -> None:
    booking_id = paying.bought("1", "2")
    assert paying.refund(booking_id, json={"amount": 50}).json["payment"]["status"] == "succeeded"
    problem = assert_problem(paying.refund(booking_id, json={"amount": 151}), 409, "not_payable")
    assert "150" in problem["detail"]
    paying.settle_refunds()
    payment = paying.read(booking_id)["payment"]
    assert (payment["status"], payment["refunded_amount"]) == ("succeeded", 50)
    again = paying.start(booking_id)
    assert (again.status_code, again.json["id"]) == (200, payment["id"])
    assert paying.refund(booking_id, json={"amount": 150}).json["payment"]["status"] == "refund_pending"
    paying.settle_refunds()
    assert paying.read(booking_id)["payment"]["status"] == "refunded"
    found = paying.client.get("/admin/payments", headers=ADMIN).json["items"][0]
    assert [(each["amount"], each["reason"], each["tries"]) for each in found["refunds"]] == [
        (50, "operator", 1),
        (150, "operator", 1),
    ]
    assert all(each["taken_at"] and each["error"] is None for each in found["refunds"])


def test_a_cancel_gives_the_rest_back(paying: Paying) -> None:
    booking_id = paying.bought("1", "2")
    paying.refund(booking_id, json={"amount": 50})
    assert paying.act(booking_id, "cancel").status_code == 202
    paying.settle()
    paying.settle_refunds()
    booking = paying.read(booking_id)
    assert (booking["status"], booking["payment"]["status"]) == ("CANCELLED", "refunded")
    assert booking["payment"]["refunded_amount"] == 200


def test_of_two_that_were_paid_the_one_that_stands_is_given_back(paying: Paying) -> None:
    booking_id = paying.hold("1")
    first = paying.offer(booking_id)
    # It had failed here, and was paid all the same.
    run("UPDATE payments SET status = 'failed'")
    second = paying.offer(booking_id)
    for offer in (first, second):
        assert paying.deliver(paying.pay(offer)).status_code == 200
    paying.settle()
    paying.settle_refunds()
    statuses = {each["id"]: each["status"] for each in paying.list_payments(booking_id)}
    assert statuses == {first["id"]: "succeeded", second["id"]: "refunded"}
    assert paying.read(booking_id)["payment"]["id"] == first["id"]
    answer = paying.refund(booking_id)
    assert answer.status_code == 202
    assert answer.json["payment"] == {**answer.json["payment"], "id": first["id"], "status": "refund_pending"}


def test_what_was_not_paid_is_not_given_back(paying: Paying) -> None:
    booking_id = paying.hold("1")
    assert_problem(paying.refund(booking_id), 409, "not_payable")
    paying.offer(booking_id)
    assert_problem(paying.refund(booking_id), 409, "not_payable")
    assert_problem(paying.refund(UNKNOWN), 404, "booking_not_found")


@pytest.mark.parametrize("amount", [0, -1, 1.5, "50", 10**18])
def test_amounts_that_are_refused(paying: Paying, amount: Any) -> None:
    problem = assert_problem(
        paying.refund(paying.bought("1"), json={"amount": amount}), 422, "invalid_request"
    )
    assert pointers(problem) == ["/amount"]
    problem = assert_problem(paying.refund(UNKNOWN, json={"sum": 1}), 422, "invalid_request")
    assert pointers(problem) == ["/sum"]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ADMIN, 202), (Role.OPERATOR, 202), (Role.BOX_OFFICE, 403), (Role.PARTNER, 403), (None, 401)],
)
def test_who_may_give_back(paying: Paying, role: Role | None, status: int) -> None:
    booking_id = paying.bought("1")
    headers = make_key(role).headers if role else {}
    assert paying.client.post(f"/admin/bookings/{booking_id}/refund", headers=headers).status_code == status


def list_all(client: DoorClient, **query: Any) -> Any:
    answer = client.get("/admin/payments", query_string=query, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_operators_see_all_payments_by_pages(paying: Paying) -> None:
    bought, held = paying.bought("1"), paying.hold("2")
    offer = paying.offer(held)
    page = list_all(paying.client, limit=1)
    (newest,) = page["items"]
    assert newest == {
        **{name: offer[name] for name in ("id", "provider", "status", "amount", "currency")},
        "refunded_amount": 0,
        "booking_id": held,
        "show_id": paying.show_id,
        "provider_id": paying.at_sandbox(offer).provider_id,
        "paid_amount": 0,
        "refunds": [],
        "difference": None,
        "created_at": newest["created_at"],
        "updated_at": newest["updated_at"],
    }
    last = list_all(paying.client, limit=1, cursor=page["next"])
    assert [each["booking_id"] for each in last["items"]] == [bought]
    assert (last["items"][0]["paid_amount"], last["next"]) == (100, None)
    for status, ids in (("pending", [held]), ("succeeded", [bought]), ("failed", []), ("differs", [])):
        found = list_all(paying.client, status=status)
        assert [each["booking_id"] for each in found["items"]] == ids, status


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("query", ["status=lost", "limit=0", "limit=201", "cursor=x", "unknown=1"])
def test_lists_that_are_refused(client: DoorClient, query: str) -> None:
    answer = client.get(f"/admin/payments?{query}", headers=ADMIN)
    assert "PaymentStatus" not in answer.text
    problem = assert_problem(answer, 422, "invalid_request")
    assert pointers(problem) == [f"/{query.partition('=')[0]}"]


def test_what_differs_is_listed(paying: Paying) -> None:
    offer = paying.offer(paying.hold("1"))
    paying.pay(offer)
    run("UPDATE payments SET created_at = now() - interval '1 h', updated_at = now() - interval '1 h'")
    assert compare_payments() == 1
    (found,) = list_all(paying.client, status="differs")["items"]
    assert (found["id"], found["difference"]) == (offer["id"], "succeeded at the provider, pending here")
    assert [each["difference"] for each in list_all(paying.client)["items"]] == [None]


def test_what_is_paid_is_told_in_figures(paying: Paying) -> None:
    bought = paying.bought("1", "2")
    paying.refund(bought, json={"amount": 50})
    paying.settle_refunds()
    paying.refund(bought, json={"amount": 10})
    paying.offer(paying.hold("3"))
    stats = paying.client.get("/admin/stats", headers=ADMIN).json
    revenue = {"show_id": paying.show_id, "currency": "EUR", "revenue": 200, "refunds": 50}
    assert stats["payments"] == [revenue]
    text = paying.client.get("/metrics").text
    found = dict(re.findall(r"^seatline_(\w*(?:payments|refunds|payment_events)\w*) (\S+)$", text, re.M))
    oldest = float(found.pop("refunds_oldest_seconds"))
    assert oldest > 0
    assert found == {
        "payments_pending": "1.0",
        "refunds_pending": "1.0",
        "payment_events_waiting": "0.0",
        "payments_differing": "0.0",
    }


def test_history_tells_of_payments(paying: Paying) -> None:
    booking_id = paying.bought("1")
    paying.refund(booking_id)
    paying.settle_refunds()
    answer = paying.client.get(f"/admin/bookings/{booking_id}/history", headers=ADMIN)
    changes = [each for each in answer.json["items"] if each["change"].startswith(("PAYMENT", "REFUND"))]
    assert [(each["change"], each["client"]) for each in changes] == [
        ("PAYMENT_PENDING", hide("127.0.0.1")),
        ("PAYMENT_SUCCEEDED", None),
        ("REFUND_REQUESTED", "admin"),
        ("PAYMENT_REFUND_PENDING", None),
        ("PAYMENT_REFUNDED", None),
    ]
    assert [bool(each["request_id"]) for each in changes] == [True, False, True, False, False]


@pytest.fixture
def without_provider(client: DoorClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoorClient]:
    """The client, where no provider is set, as in production it may be."""
    monkeypatch.setitem(os.environ, "SEATLINE_ENV", "production")
    get_settings.cache_clear()
    assert get_settings().payment_provider is None
    yield client
    monkeypatch.undo()
    get_settings.cache_clear()


def test_without_a_provider_no_show_requires_payment(
    without_provider: DoorClient, show_body: dict[str, Any]
) -> None:
    body = {**show_body, "total_seats": 1}
    made = without_provider.post("/admin/shows", json=body, headers=ADMIN)
    asked = {"payment_required": True}
    answers = [
        without_provider.post("/admin/shows", json={**body, **asked}, headers=ADMIN),
        without_provider.patch(f"/admin/shows/{made.json['id']}", json=asked, headers=ADMIN),
    ]
    for answer in answers:
        problem = assert_problem(answer, 422, "invalid_request")
        assert pointers(problem) == ["/payment_required"]
    assert (
        without_provider.patch(
            f"/admin/shows/{made.json['id']}", json={"payment_required": False}, headers=ADMIN
        ).status_code
        == 200
    )


def test_the_documents_examples_are_good_as_they_stand(
    client: DoorClient, make_show: Callable[..., Show], sandbox: Sandbox
) -> None:
    """Those of the three routes that take what test_examples.py has not."""
    paying = Paying(client, make_show(payment_required=True, price=6000).id, sandbox)
    paths = client.get("/openapi.json").json["paths"]
    for path, bring in (
        ("/bookings/{booking_id}/payments", paying.hold),
        ("/admin/bookings/{booking_id}/refund", paying.bought),
    ):
        examples = list_examples(paths[path]["post"]["requestBody"]["content"]["application/json"])
        assert examples
        for example in examples:
            seat = next(seat for seat, status in paying.seat_states().items() if status == "available")
            answer = client.post(path.format(booking_id=bring(seat)), json=example, headers=ADMIN)
            assert answer.status_code in (201, 202), answer.text
    (notice,) = list_examples(
        paths["/payments/webhooks/{provider}"]["post"]["requestBody"]["content"]["application/json"]
    )
    assert client.post(WEBHOOKS, **sign(notice)).json == {"received": True}
