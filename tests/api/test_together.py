"""Bookings that go together: each of many has its own answer, and the same key is one booking."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api.request import SMALL_BYTES
from core.shows.service import Show
from tests.acting import ask, settle_all
from tests.api.test_waiting import insist
from tests.invariants import check_settled

MakeShow = Callable[..., Show]


def book(web: str, body: Any, key: str) -> tuple[int, Any, Any]:
    return insist("POST", f"{web}/bookings", body, {"Idempotency-Key": key})


def test_each_of_many_has_its_own_booking(web: str, make_show: MakeShow) -> None:
    """And its own refusal, where others that came with it are accepted."""
    show, closed = make_show(total_seats=200), make_show(sales_close_at="2020-01-01T00:00:00Z")
    bodies = [{"show_id": show.id, "seats": [str(n)]} for n in range(1, 101)]
    bodies += [{"show_id": closed.id, "seats": ["1"]}, {"show_id": show.id, "seats": ["999"]}] * 5
    keys = [f"key of number {number:03}" for number in range(len(bodies))]
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(lambda body, key: book(web, body, key), bodies, keys))
    assert {status for status, _, _ in answers[:100]} == {202}
    assert [document["seats"] for _, _, document in answers[:100]] == [body["seats"] for body in bodies[:100]]
    assert [document["code"] for _, _, document in answers[100:]] == ["sales_closed", "unknown_seats"] * 5
    told = {(document["id"], document["seats"][0]) for _, _, document in answers[:100]}
    assert {(str(id_), seats[0]) for id_, seats in ask("SELECT id, seats FROM bookings")} == told
    settle_all(show.id)
    check_settled()


def test_the_same_key_at_once_is_one_booking(web: str, make_show: MakeShow) -> None:
    """From many clients, of several processes, half of them parsed on the event loop and half in a thread."""
    show_id = make_show().id
    body = json.dumps({"show_id": show_id, "seats": ["1"]}).encode()
    bodies = body, body + b" " * SMALL_BYTES
    with ThreadPoolExecutor(30) as pool:
        for number in range(1, 6):
            key = f"at once and once: {number}"
            answers = list(pool.map(lambda n, key=key: book(web, bodies[n % 2], key), range(30)))
            assert {status for status, _, _ in answers} == {202}
            assert len({document["id"] for _, _, document in answers}) == 1
            assert [headers["Idempotent-Replayed"] for _, headers, _ in answers].count("true") >= 29
            assert ask("SELECT count(*) FROM bookings") == [(number,)]
    settle_all(show_id)
    check_settled()
