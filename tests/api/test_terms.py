"""The terms that bookings go by: currencies, and how a show's are changed while nothing of it is sold."""

# ruff: noqa: RUF001 (letters that look like others are what this is about)

from collections.abc import Callable
from typing import Any

import pytest

from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, change_data, pointers
from tests.door import DoorClient
from tests.support import ADMIN


def change(client: DoorClient, show_id: object, **fields: Any) -> Any:
    return client.patch(f"/admin/shows/{show_id}", json=fields, headers=ADMIN)


@pytest.mark.parametrize("code", ["ABC", "XXX", "XTS", "XAU", "XDR", "DEM", "eur", "EURO", "", "ЕUR"])
def test_currencies_that_are_refused(
    client: DoorClient, show: Show, show_body: dict[str, Any], code: str
) -> None:
    body = {**show_body, "total_seats": 1, "currency": code}
    created = client.post("/admin/shows", json=body, headers=ADMIN)
    for answer in (created, change(client, show.id, currency=code)):
        assert pointers(assert_problem(answer, 422, "invalid_request")) == ["/currency"]


@pytest.mark.parametrize("code", ["EUR", "USD", "JPY", "KWD", "CLF", "VED", "XOF", "ZWG"])
def test_currencies_that_are_taken(client: DoorClient, show_body: dict[str, Any], code: str) -> None:
    body = {**show_body, "total_seats": 1, "currency": code}
    assert client.post("/admin/shows", json=body, headers=ADMIN).json["currency"] == code


def test_terms_are_mended_while_nothing_is_sold(asking: Asking) -> None:
    """Also where it was sold and given back; what was booked keeps its currency."""
    client, show_id = asking.client, asking.show_id
    failed, given_back = asking.settled("1", "2"), asking.settled("3", hold=True)
    asking.act(failed, "cancel"), asking.act(given_back, "cancel")
    asking.settle()
    answer = change(client, show_id, currency="CHF", payment_required=True, name="Mended")
    assert [answer.json[name] for name in ("currency", "payment_required", "name")] == ["CHF", True, "Mended"]
    assert client.get(f"/shows/{show_id}").json == answer.json
    assert asking.read(failed)["currency"] == "EUR"
    assert_problem(asking.post("1"), 422, "hold_required")
    sold = asking.settled("1", hold=True)
    assert asking.read(sold)["currency"] == "CHF"
    assert_problem(asking.act(sold, "confirm"), 402, "payment_required")


@pytest.mark.parametrize(
    "stage", ["waiting", "held", "confirmed", "confirmed and archived", "being cancelled"]
)
@pytest.mark.parametrize("terms", [{"currency": "USD"}, {"payment_required": True}])
def test_terms_stay_while_a_booking_is_live(asking: Asking, stage: str, terms: dict[str, Any]) -> None:
    booking_id = asking.book("1", hold=stage == "held")
    if stage != "waiting":
        asking.settle()
    if stage == "being cancelled":
        asking.act(booking_id, "cancel")
    if stage == "confirmed and archived":
        change_data("DELETE FROM events")
        change_data("DELETE FROM bookings")
    before = asking.client.get(f"/shows/{asking.show_id}").json
    assert_problem(change(asking.client, asking.show_id, **terms, name="x"), 409, "show_has_bookings")
    assert asking.client.get(f"/shows/{asking.show_id}").json == before
    # What they are already is no change.
    same = change(asking.client, asking.show_id, currency="EUR", payment_required=False, name="x")
    assert (same.status_code, same.json["name"]) == (200, "x")


def test_terms_of_a_cancelled_show(asking: Asking) -> None:
    asking.settled("1")
    asking.client.post(f"/admin/shows/{asking.show_id}/cancel", headers=ADMIN)
    assert_problem(change(asking.client, asking.show_id, currency="USD"), 409, "show_cancelled")


def test_every_process_sells_in_the_new_currency(asking: Asking, open_another: Callable[[], Asking]) -> None:
    """Also one that has sold the show in the old one."""
    other = open_another()
    assert other.read(other.settled("1"))["currency"] == "EUR"
    booking_id = asking.client.get("/admin/bookings", headers=ADMIN).json["items"][0]["id"]
    asking.act(booking_id, "cancel")
    asking.settle()
    assert change(asking.client, asking.show_id, currency="USD").status_code == 200
    assert other.post("1").json["currency"] == "USD"
