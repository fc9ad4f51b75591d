"""Idempotency-Key: the same key gives the same booking, whatever happens in between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from core.housekeeping import purge_idempotency_keys
from core.infra.db import primary
from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, change_data, count_bookings, with_key
from tests.door import DoorClient
from tests.support import ADMIN, ADMIN_KEY


def is_replay(answer: TestResponse) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


def test_same_key_same_booking(asking: Asking) -> None:
    first = asking.post("1", key="k")
    assert not is_replay(first)
    again = asking.post("1", key="k")
    assert (again.status_code, is_replay(again)) == (202, True)
    assert again.json == first.json
    assert again.headers["Location"] == first.headers["Location"]
    assert count_bookings() == 1


def test_without_key_each_is_its_own(asking: Asking) -> None:
    assert asking.book("1") != asking.book("1")


def test_other_keys_are_other_bookings(asking: Asking) -> None:
    assert asking.post("1", key="a").json["id"] != asking.post("1", key="b").json["id"]


def test_answer_shows_the_booking_as_it_is_now(asking: Asking) -> None:
    asking.post("1", key="k")
    asking.settle()
    again = asking.post("1", key="k")
    assert (again.status_code, is_replay(again), again.json["status"]) == (202, True, "CONFIRMED")


def test_other_body(asking: Asking) -> None:
    asking.post("1", key="k")
    assert_problem(asking.post("2", key="k"), 422, "idempotency_key_reused")
    assert_problem(asking.post("1", key="k", hold=True), 422, "idempotency_key_reused")
    assert_problem(asking.post("77", key="k"), 422, "idempotency_key_reused")
    assert count_bookings() == 1


def test_body_is_compared_after_parsing(asking: Asking) -> None:
    first = asking.post("1", key="k", hold=True)
    spelt = f' {{"seats": ["\\u0031"], "hold":\ttrue, "show_id": {asking.show_id}}}\n'
    again = asking.client.post(
        "/bookings", data=spelt, headers=with_key("k"), content_type="application/json; charset=utf-8"
    )
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])


def test_refusals_are_not_recorded(asking: Asking) -> None:
    assert_problem(asking.post("77", key="k"), 422, "unknown_seats")
    assert_problem(asking.post("1", "1", key="k"), 422, "duplicate_seats")
    answer = asking.post("1", key="k")
    assert (answer.status_code, is_replay(answer)) == (202, False)


def test_scoped_by_principal(asking: Asking) -> None:
    """From wherever it comes: without a credential that somebody was given it is nobody's in particular."""
    body = {"show_id": asking.show_id, "seats": ["1"]}

    def post(credential: str | None, address: str = "192.0.2.1") -> str:
        headers = {**with_key("k"), **({"Authorization": credential} if credential else {})}
        environ = {"REMOTE_ADDR": address}
        answer = asking.client.post("/bookings", json=body, headers=headers, environ_overrides=environ)
        assert answer.status_code == 202
        return str(answer.json["id"])

    nobodys = {post(None), post(None, "2001:db8::1"), post("Basic YTpi"), post("")}
    admins = {post(f"{scheme} {ADMIN_KEY}", "192.0.2.9") for scheme in ("Bearer", "bearer", "BEARER ")}
    assert (len(nobodys), len(admins), len(nobodys | admins)) == (1, 1, 2)
    assert count_bookings() == 2


def test_scoped_by_show(client: DoorClient, make_show: Callable[..., Show]) -> None:
    """For bookings, for batches, and for what is asked of a booking."""
    for asking in [Asking(client, make_show().id) for _ in range(2)]:
        first, again = asking.post("1", hold=True, key="k"), asking.post("1", hold=True, key="k")
        assert (is_replay(first), is_replay(again), again.json["id"]) == (False, True, first.json["id"])
        bookings = {"bookings": [{"show_id": asking.show_id, "seats": ["2"]}]}
        batches = [client.post("/bookings/batch", json=bookings, headers=with_key("b")) for _ in range(2)]
        assert [is_replay(answer) for answer in batches] == [False, True]
        asking.settle()
        acted = [asking.act(first.json["id"], "confirm", "a") for _ in range(2)]
        assert [is_replay(answer) for answer in acted] == [False, True]
    assert count_bookings() == 4


def test_short_keys_are_for_those_with_a_credential(asking: Asking) -> None:
    def post(path: str, key: str, headers: dict[str, str]) -> TestResponse:
        item = {"show_id": asking.show_id, "seats": ["1"]}
        body = item if path == "/bookings" else {"bookings": [item]} if path == "/bookings/batch" else {}
        return asking.client.post(path, json=body, headers={"Idempotency-Key": key, **headers})

    booking_id = asking.settled("2", hold=True)
    for path in ("/bookings", "/bookings/batch", f"/bookings/{booking_id}/confirm"):
        for headers in ({}, {"Authorization": "Basic YTpi"}):
            problem = assert_problem(post(path, "k" * 15, headers), 422, "invalid_request")
            assert "16 to 255" in problem["detail"]
        assert is_replay(post(path, "k", ADMIN)) is False
        assert is_replay(post(path, "k", ADMIN)) is (path == "/bookings")
        assert post(path, f"{path[-4:]}{'k' * 12}", {}).status_code in (200, 202)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sales_close_at": "2001-01-01T00:00:00Z"}, "sales_closed"),
        ({"sales_open_at": "2090-01-01T00:00:00Z", "start_time": "2091-01-01T00:00:00Z"}, "sales_not_open"),
        ({"max_seats_per_booking": 1}, "too_many_seats"),
        ({"max_seats_per_customer": 1}, "invalid_request"),
    ],
)
def test_looked_up_before_sales_and_limits(asking: Asking, change: dict[str, Any], code: str) -> None:
    first = asking.post("1", "2", key="k")
    path = f"/admin/shows/{asking.show_id}"
    assert asking.client.patch(path, json=change, headers=ADMIN).status_code == 200
    again = asking.post("1", "2", key="k")
    assert (again.status_code, again.json["id"], is_replay(again)) == (202, first.json["id"], True)
    assert asking.post("1", "2", key="new").json["code"] == code


def test_looked_up_before_the_show_was_cancelled(asking: Asking) -> None:
    first = asking.post("1", key="k")
    asking.client.post(f"/admin/shows/{asking.show_id}/cancel", headers=ADMIN)
    asking.settle()
    again = asking.post("1", key="k")
    assert (again.json["id"], again.json["status"]) == (first.json["id"], "CANCELLED")


def test_concurrently(asking: Asking) -> None:
    body = {"show_id": asking.show_id, "seats": ["1"]}

    def post(key: str) -> tuple[int, str, bool]:
        answer = asking.client.post("/bookings", json=body, headers=with_key(key))
        return answer.status_code, answer.json["id"], is_replay(answer)

    with ThreadPoolExecutor(8) as pool:
        for round_ in range(5):
            found = list(pool.map(post, [f"round {round_}"] * 8))
            assert {status for status, _, _ in found} == {202}
            assert len({id_ for _, id_, _ in found}) == 1
            assert [replayed for _, _, replayed in found].count(False) == 1
    assert count_bookings() == 5


def test_concurrently_with_different_bodies(asking: Asking) -> None:

    def post(seat: int) -> tuple[int, str | None]:
        body = {"show_id": asking.show_id, "seats": [str(seat)]}
        answer = asking.client.post("/bookings", json=body, headers=with_key("k"))
        return answer.status_code, answer.json.get("code")

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(post, range(1, 9)), key=str)
    assert found == [(202, None)] + [(422, "idempotency_key_reused")] * 7
    assert count_bookings() == 1


@pytest.mark.parametrize("key", ["x" * 255, "a sixteenth part", "~!{}~!{}~!{}~!{}"])
def test_keys_that_are_taken(asking: Asking, key: str) -> None:
    assert asking.post("1", key=key).json["id"] == asking.post("1", key=key).json["id"]


@pytest.mark.parametrize("key", ["", "x" * 15, "x" * 256, "a\tb" * 6, "a\x7fb" * 6, "a\x00b" * 6, "é" * 16])
def test_keys_that_are_refused(asking: Asking, key: str) -> None:
    answer = asking.client.post(
        "/bookings",
        json={"show_id": asking.show_id, "seats": ["1"]},
        environ_overrides={"HTTP_IDEMPOTENCY_KEY": key},
    )
    assert_problem(answer, 422, "invalid_request")
    assert count_bookings() == 0


def test_batch(asking: Asking) -> None:
    def post(*seats: str) -> TestResponse:
        bookings = [{"show_id": asking.show_id, "seats": [seat]} for seat in seats]
        return asking.client.post("/bookings/batch", json={"bookings": bookings}, headers=with_key("k"))

    first = post("3", "1", "2")
    asking.settle()
    again = post("3", "1", "2")
    assert (again.status_code, is_replay(again), is_replay(first)) == (202, True, False)
    ids = [booking["id"] for booking in first.json["bookings"]]
    assert [booking["id"] for booking in again.json["bookings"]] == ids
    assert {booking["status"] for booking in again.json["bookings"]} == {"CONFIRMED"}
    assert_problem(post("1", "2", "3"), 422, "idempotency_key_reused")
    assert_problem(asking.post("1", key="k"), 422, "idempotency_key_reused")
    assert count_bookings() == 3


@pytest.mark.parametrize(("action", "status"), [("confirm", 202), ("extend", 200), ("cancel", 202)])
def test_actions(asking: Asking, action: str, status: int) -> None:
    booking_id, other = asking.settled("1", hold=True), asking.settled("2", hold=True)
    first, again = asking.act(booking_id, action, "k"), asking.act(booking_id, action, "k")
    assert (first.status_code, is_replay(first)) == (status, False)
    assert (again.status_code, is_replay(again)) == (status, True)
    assert again.json == first.json
    assert_problem(asking.act(other, action, "k"), 422, "idempotency_key_reused")
    another = "confirm" if action == "cancel" else "cancel"
    assert_problem(asking.act(booking_id, another, "k"), 422, "idempotency_key_reused")


def test_extend_with_a_key_extends_once(client: DoorClient, make_show: Callable[..., Show]) -> None:
    asking = Asking(client, make_show(hold_seconds=60).id)
    booking_id = asking.settled("1", hold=True)
    expires_at = {asking.act(booking_id, "extend", "k").json["hold_expires_at"] for _ in range(3)}
    assert len(expires_at) == 1


def test_action_replayed_after_it_could_no_longer_be_done(asking: Asking) -> None:
    booking_id = asking.settled("1", hold=True)
    asking.act(booking_id, "confirm", "c")
    asking.act(booking_id, "cancel")
    asking.settle()
    again = asking.act(booking_id, "confirm", "c")
    assert (is_replay(again), again.json["status"]) == (True, "CANCELLED")


def test_refused_actions_are_not_recorded(asking: Asking) -> None:
    booking_id = asking.book("1", hold=True)
    assert_problem(asking.act(booking_id, "confirm", "k"), 409, "not_held")
    asking.settle()
    answer = asking.act(booking_id, "confirm", "k")
    assert (answer.status_code, is_replay(answer)) == (202, False)


def test_kept_for_a_day(asking: Asking) -> None:
    first = asking.post("1", key="k").json["id"]
    change_data("UPDATE used_keys SET created_at = created_at - interval '24 h'")
    purge_idempotency_keys()
    assert asking.post("1", key="k").json["id"] == first


def test_recorded_with_the_booking_or_not_at_all(asking: Asking) -> None:
    for seat, key in (("1", "a"), ("77", "b"), ("1", "a"), ("2", "a")):
        asking.post(seat, key=key)
    with primary() as connection:
        keys = connection.execute(text("SELECT key, booking_ids FROM used_keys")).all()
        ids = connection.execute(text("SELECT id FROM bookings")).scalars().all()
    assert [(row.key, row.booking_ids) for row in keys] == [(with_key("a")["Idempotency-Key"], ids)]
