"""Bookings that go together: each is answered as by Flask, and none is lost or made twice."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from api.request import Answer
from api.server.group_commit import PLAIN_BYTES, GroupCommit, commit, find_booking
from core.bookings.requests import Request
from core.bookings.views import Booking
from core.errors import UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.db import transaction
from core.shows.catalogue import get_entry
from core.shows.service import Show
from tests.acting import ask, make_ready, settle_all
from tests.apart import enter
from tests.api.test_waiting import call
from tests.api.together import count_requests, make_environ
from tests.invariants import check_settled
from tests.support import ADMIN

MakeShow = Callable[..., Show]
JSON = {"Content-Type": "application/json"}
# What is another one's each time.
OWN_HEADERS, OWN_FIELDS = {"Location", "X-Request-ID"}, {"id", "created_at", "updated_at"}
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}


def post(client: FlaskClient, body: bytes, headers: dict[str, str]) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/bookings", data=body, headers=sent)


@pytest.mark.parametrize(
    ("wish", "headers"),
    [
        ({"seats": ["1", "2"], "hold": True, "customer": "ann"}, {}),
        ({"quantity": 2}, {"Content_Type": "Application/JSON; charset=utf-8"}),
        ({"seats": ["1"]}, {"Idempotency_Key": "a key of 16 or more"}),
        ({"seats": ["1"]}, {"Idempotency_Key": "a key of 16 or more", **ADMIN}),
        ({"seats": ["1"]}, {"X_Request_ID": "mine"}),
    ],
)
def test_plain_bookings_are_answered_as_by_flask(
    client: FlaskClient, make_show: MakeShow, wish: dict[str, Any], headers: dict[str, str]
) -> None:
    body = json.dumps({"show_id": make_show().id, **wish}).encode()
    sent = {"Content_Type": "application/json", **headers}
    expected = post(client, body, sent)
    another = {
        name: "another of 16 or more" if name == "Idempotency_Key" else value for name, value in sent.items()
    }
    environ = make_environ("POST", "/bookings", body, **another)
    request, counted = find_booking(environ, body), count_requests("POST", "/bookings", 202)
    assert request
    answer = asyncio.run(GroupCommit().accept(environ, request))
    assert answer
    found, document = dict(answer.headers), json.loads(answer.body)
    assert answer.status == expected.status_code == 202
    assert strip(document, OWN_FIELDS) == strip(expected.get_json(), OWN_FIELDS)
    assert strip(found, OWN_HEADERS) == strip(dict(expected.headers), {*OWN_HEADERS, "Content-Length"})
    assert found["Location"] == f"/bookings/{document['id']}"
    assert found["X-Request-ID"] == headers.get("X_Request_ID", found["X-Request-ID"])
    assert count_requests("POST", "/bookings", 202) == counted + 1
    # The same key, the other way in.
    if "Idempotency_Key" in headers:
        again = client.post(
            "/bookings", data=body, headers={k.replace("_", "-"): v for k, v in another.items()}
        )
        assert (again.get_json()["id"], again.headers["Idempotent-Replayed"]) == (document["id"], "true")


def strip(document: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


@pytest.mark.parametrize(
    ("method", "path", "changes", "headers"),
    [
        ("PUT", "/bookings", {}, JSON),
        ("POST", "/bookings/batch", {}, JSON),
        ("POST", "/bookings", {"seats": ["99"]}, JSON),
        ("POST", "/bookings", {"colour": "red"}, JSON),
        ("POST", "/bookings", {"show_id": 999_999}, JSON),
        ("POST", "/bookings", {"customer": "x" * PLAIN_BYTES}, JSON),
        ("POST", "/bookings", {}, {"Content-Type": "text/plain"}),
        ("POST", "/bookings", {}, {**JSON, "Idempotency-Key": "k" * 256}),
        ("POST", "/bookings", {}, {**JSON, "Idempotency-Key": "k" * 15}),
    ],
)
def test_all_else_is_for_flask(
    make_show: MakeShow, method: str, path: str, changes: dict[str, Any], headers: dict[str, str]
) -> None:
    show = make_show()
    get_entry(show.id)
    body = json.dumps({"show_id": show.id, "seats": ["1"], **changes}).encode()
    assert find_booking(make_environ(method, path, body, **headers), body) is None


def insist(web: str, body: Any, key: str) -> tuple[int, Any, Any]:
    """Ask until a machine that may be busy has answered in time, as a client would."""
    while (found := call("POST", f"{web}/bookings", body, {"Idempotency-Key": key}))[0] == 503:
        continue
    return found


def test_each_of_many_has_its_own_booking(web: str, make_show: MakeShow) -> None:
    """And its own refusal, where others that came with it are accepted."""
    show, closed = make_show(total_seats=200), make_show(sales_close_at="2020-01-01T00:00:00Z")
    bodies = [{"show_id": show.id, "seats": [str(n)]} for n in range(1, 101)]
    bodies += [{"show_id": closed.id, "seats": ["1"]}, {"show_id": show.id, "seats": ["999"]}] * 5
    keys = [f"key of number {number:03}" for number in range(len(bodies))]
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(lambda body, key: insist(web, body, key), bodies, keys))
    assert {status for status, _, _ in answers[:100]} == {202}
    assert [document["seats"] for _, _, document in answers[:100]] == [body["seats"] for body in bodies[:100]]
    assert [document["code"] for _, _, document in answers[100:]] == ["sales_closed", "unknown_seats"] * 5
    told = {(document["id"], document["seats"][0]) for _, _, document in answers[:100]}
    assert {(str(id_), seats[0]) for id_, seats in ask("SELECT id, seats FROM bookings")} == told
    settle_all(show.id)
    check_settled()


def test_the_same_key_at_once_is_one_booking(web: str, make_show: MakeShow) -> None:
    """From many clients, of several processes, half of them past Flask and half in its own way."""
    show_id = make_show().id
    body = json.dumps({"show_id": show_id, "seats": ["1"]}).encode()
    bodies = body, body + b" " * PLAIN_BYTES
    with ThreadPoolExecutor(30) as pool:
        for number in range(1, 6):
            key = f"at once and once: {number}"
            answers = list(pool.map(lambda n, key=key: insist(web, bodies[n % 2], key), range(30)))
            assert {status for status, _, _ in answers} == {202}
            assert len({document["id"] for _, _, document in answers}) == 1
            assert [headers["Idempotent-Replayed"] for _, headers, _ in answers].count("true") >= 29
            assert ask("SELECT count(*) FROM bookings") == [(number,)]
    settle_all(show_id)
    check_settled()


def run_commit(requests: list[Request]) -> list[list[Booking] | UnavailableError]:
    return list(asyncio.run(commit(LoopConnection(), requests)))


class TestCommit:
    """What comes of those who go together where it fails."""

    @pytest.mark.parametrize("count", [1, 2, 7])
    def test_those_that_spoil_it_are_found_and_all_others_accepted(
        self, make_show: MakeShow, count: int
    ) -> None:
        """In few commits more: of 40, each that is refused is found by halves."""
        show = make_show(total_seats=40)
        requests = [make_ready(show.id, str(n)) for n in range(1, 41)]
        spoilt = [number * 5 for number in range(count)]
        for number in spoilt:
            requests[number] = [{**item, "hold": "perhaps"} for item in requests[number]]
        outcome = run_commit(requests)
        assert [number for number, bookings in enumerate(outcome) if not bookings] == spoilt
        accepted = [n + 1 for n in range(40) if n not in spoilt]
        told = [bookings[0] for bookings in outcome if isinstance(bookings, list) and bookings]
        assert [booking.seats for booking in told] == [[str(n)] for n in accepted]
        assert {id_ for (id_,) in ask("SELECT id FROM bookings")} == {booking.id for booking in told}
        assert len({xmin for (xmin,) in ask("SELECT xmin::text FROM bookings")}) <= 6 * count

    @pytest.mark.parametrize(
        "spoil",
        [
            # No row of an index takes so much (54000), nor a number so large (22003).
            {"principal": "".join(f"{n:x}" for n in range(10_000)), "key": "k", "fingerprint": "f"},
            {"quantity": 2**40},
            {"customer": "\x00"},
        ],
    )
    def test_what_is_too_much_for_the_database_is_so_for_one(
        self, make_show: MakeShow, spoil: dict[str, Any]
    ) -> None:
        show = make_show()
        requests = [make_ready(show.id, str(n)) for n in range(1, 6)]
        requests[2] = [{**item, **spoil} for item in requests[2]]
        assert [len(bookings) for bookings in run_commit(requests) if isinstance(bookings, list)] == [
            1, 1, 0, 1, 1,
        ]  # fmt: skip
        assert ask("SELECT count(*) FROM bookings") == [(4,)]
        assert ask("SELECT count(*) FROM used_keys") == [(0,)]

    def test_one_that_would_have_to_wait_keeps_nobody_waiting(self, make_show: MakeShow) -> None:
        show = make_show()
        with transaction() as holder:
            holder.execute(text("LOCK TABLE bookings IN EXCLUSIVE MODE"))
            assert run_commit([make_ready(show.id, "1")]) == [[]]
        assert ask("SELECT count(*) FROM bookings") == [(0,)]

    def test_where_nobody_knows_nobody_tries_again(self, make_show: MakeShow) -> None:
        request = make_ready(make_show().id, "1")
        with enter(NOWHERE):
            outcome = run_commit([request, request])
        assert [type(each) for each in outcome] == [UnavailableError] * 2

    def test_who_asked_is_told_503_and_counted(self, make_show: MakeShow) -> None:
        request, counted = make_ready(make_show().id, "1"), count_requests("POST", "/bookings", 503)
        with (
            enter({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}),
            pytest.raises(UnavailableError),
        ):
            asyncio.run(GroupCommit().accept({}, request))
        assert count_requests("POST", "/bookings", 503) == counted + 1

    def test_who_gave_up_before_its_turn_has_no_booking_after_all(self, make_show: MakeShow) -> None:
        show = make_show()

        async def play() -> list[Answer | None]:
            group = GroupCommit()
            with transaction() as holder:
                # So short that the group's own patience does not end before.
                holder.execute(text("LOCK TABLE shows IN ACCESS EXCLUSIVE MODE"))
                first = asyncio.create_task(group.accept({}, make_ready(show.id, "1")))
                await asyncio.sleep(0.01)
                later = asyncio.create_task(group.accept({}, make_ready(show.id, "3")))
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(group.accept({}, make_ready(show.id, "2")), 0.01)
            return [await first, await later]

        get_entry(show.id)
        asyncio.run(play())
        assert "2" not in {seats[0] for (seats,) in ask("SELECT seats FROM bookings")}
