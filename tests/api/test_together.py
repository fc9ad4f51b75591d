"""Requests that go together, to a real web process: each has its own answer, none is lost or done twice."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient
from prometheus_client.registry import REGISTRY
from sqlalchemy import text

from api.answer import Answer
from api.together import GroupCommit, SharedReads
from core.bookings.accepting import NewBooking, Request
from core.db import transaction
from core.shows.service import Show
from tests.acting import ask, settle_all
from tests.api.test_waiting import call
from tests.invariants import check_settled
from tests.support import ADMIN, wait_until

MakeShow = Callable[..., Show]
# What is another one's each time.
OWN_HEADERS = {"Location", "X-Request-Id"}
# What the connection is about.
TRANSPORT = {"Connection", "Content-Length", "Date", "Server"}
OWN_FIELDS = {"id", "created_at", "updated_at"}


def send(web: str, bodies: list[dict[str, Any]], **headers: str) -> list[tuple[int, Any, Any]]:
    """All at once, one of them before: the web process has then seen the show."""
    call("GET", f"{web}/shows")
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: call("POST", f"{web}/bookings", body, headers), bodies))


@pytest.mark.parametrize(
    ("wish", "headers"),
    [
        ({"seats": ["1", "2"], "hold": True, "customer": "ann"}, {}),
        ({"quantity": 2}, {}),
        ({"seats": ["1"]}, {"Idempotency-Key": "a key"}),
        ({"seats": ["1"]}, {"Idempotency-Key": "a key", **ADMIN}),
        ({"seats": ["1"]}, {"X-Request-ID": "mine"}),
        ({"seats": ["99"]}, {}),
        ({"seats": ["1"], "colour": "red"}, {}),
        ({"seats": ["1"]}, {"Content-Type": "text/plain"}),
        ({"seats": ["1"]}, {"Idempotency-Key": "k" * 256}),
    ],
)
def test_answered_as_flask_would(
    web: str, client: FlaskClient, make_show: MakeShow, wish: dict[str, Any], headers: dict[str, str]
) -> None:
    show = make_show()
    body = {"show_id": show.id, **wish}
    expected = client.post(
        "/bookings", data=json.dumps(body), headers={"Content-Type": "application/json", **headers}
    )
    send(web, [{"show_id": show.id, "seats": ["10"]}])
    status, found, document = call("POST", f"{web}/bookings", body, {**headers, **_another_key(headers)})
    assert status == expected.status_code
    assert _strip(document, OWN_FIELDS) == _strip(expected.get_json(), OWN_FIELDS)
    names = {name.title() for name in found}
    assert names - TRANSPORT == {name.title() for name, _ in expected.headers} - TRANSPORT
    for name in names - TRANSPORT - OWN_HEADERS:
        assert found[name] == expected.headers[name]
    if status == 202:
        assert found["Location"] == f"/bookings/{document['id']}"
    if "X-Request-ID" in headers:
        assert found["X-Request-ID"] == "mine"


def _another_key(headers: dict[str, str]) -> dict[str, str]:
    key = headers.get("Idempotency-Key", "")
    return {"Idempotency-Key": key.replace("a key", "another")} if key else {}


def _strip(document: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def test_each_of_many_has_its_own_booking(web: str, make_show: MakeShow) -> None:
    """And its own refusal, where others that came with it are accepted."""
    show, closed = make_show(total_seats=200), make_show(sales_close_at="2020-01-01T00:00:00Z")
    bodies = [{"show_id": show.id, "seats": [str(n)]} for n in range(1, 101)]
    spoilt = [{"show_id": closed.id, "seats": ["1"]}, {"show_id": show.id, "seats": ["999"]}]
    send(web, spoilt)
    answers = send(web, bodies + spoilt * 5)
    assert [(status, document["seats"]) for status, _, document in answers[:100]] == [
        (202, body["seats"]) for body in bodies
    ]
    assert [document["code"] for _, _, document in answers[100:]] == ["sales_closed", "unknown_seats"] * 5
    told = {(document["id"], document["seats"][0]) for _, _, document in answers[:100]}
    assert {(str(id_), seats[0]) for id_, seats in ask("SELECT id, seats FROM bookings")} == told
    settle_all(show.id)
    check_settled()


def test_the_same_key_at_once_is_one_booking(web: str, make_show: MakeShow) -> None:
    show = make_show()
    send(web, [{"show_id": show.id, "seats": ["10"]}])
    answers = send(web, [{"show_id": show.id, "seats": ["1"]}] * 30, **{"Idempotency-Key": "once"})
    assert {status for status, _, _ in answers} == {202}
    assert len({document["id"] for _, _, document in answers}) == 1
    assert [headers["Idempotent-Replayed"] for _, headers, _ in answers].count("true") == 29
    assert ask("SELECT count(*) FROM bookings WHERE seats = '{1}'") == [(1,)]


def test_who_gave_up_waiting_for_its_turn_has_no_booking_after_all(make_show: MakeShow) -> None:
    show = make_show()
    blocked = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%WITH item%'"

    async def play() -> Answer | None:
        commit, scope = GroupCommit(), Scope()
        first, impatient, patient = (
            Request([NewBooking(show_id=show.id, seats=(seat,))], None) for seat in ("1", "2", "3")
        )
        with transaction() as connection:
            connection.execute(text("LOCK TABLE bookings IN EXCLUSIVE MODE"))
            begun = asyncio.create_task(commit.accept(scope, first))
            await asyncio.to_thread(wait_until, lambda: ask(blocked))
            later = asyncio.create_task(commit.accept(scope, patient))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(commit.accept(scope, impatient), 0.05)
        assert await begun
        return await later

    assert asyncio.run(play())
    assert sorted(seats[0] for (seats,) in ask("SELECT seats FROM bookings")) == ["1", "3"]


def test_reads_that_come_together_have_each_its_own_answer(web: str, make_show: MakeShow) -> None:
    url = f"{web}/shows/{make_show().id}/seats"
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda n: call("GET", url, None, {"X-Request-ID": f"r{n}"}), range(60)))
    assert {(status, headers["ETag"]) for status, headers, _ in answers} == {(200, answers[0][1]["ETag"])}
    assert [headers.get_all("X-Request-ID") for _, headers, _ in answers] == [[f"r{n}"] for n in range(60)]


class TestSharedReads:
    """By themselves, in steps."""

    def run(self, play: Callable[[SharedReads, list[asyncio.Future[Answer]]], Any]) -> Any:
        """Let it be played with reads that end when their future in the list is given an answer."""

        async def begin() -> Any:
            return await play(SharedReads(), [])

        return asyncio.run(begin())

    @staticmethod
    def read(
        reads: SharedReads, begun: list[asyncio.Future[Answer]], what: str = "a map"
    ) -> asyncio.Task[Answer]:
        async def run() -> Answer:
            begun.append(asyncio.get_running_loop().create_future())
            return await begun[-1]

        return asyncio.create_task(reads.read(Scope(), what, run))

    def test_who_comes_while_one_is_under_way_is_answered_by_the_next(self) -> None:
        async def play(reads: SharedReads, begun: list[asyncio.Future[Answer]]) -> None:
            first = self.read(reads, begun)
            await settle_down()
            later = [self.read(reads, begun) for _ in range(3)]
            await settle_down()
            assert len(begun) == 1
            begun[0].set_result(Answer(200, [], b"old"))
            await settle_down()
            assert ((await first).body, len(begun)) == (b"old", 2)
            begun[1].set_result(Answer(200, [], b"new", route="/a/map"))
            assert [(await each).body for each in later] == [b"new"] * 3
            # The first is counted where it is answered.
            labels = {"method": "GET", "route": "/a/map", "status": "200"}
            assert REGISTRY.get_sample_value("seatline_http_requests_total", labels) == 2
            again = self.read(reads, begun)
            await settle_down()
            begun[2].set_result(Answer(200, [], b"newest"))
            assert (await again).body == b"newest"

        self.run(play)

    def test_what_differs_is_read_apart(self) -> None:
        async def play(reads: SharedReads, begun: list[asyncio.Future[Answer]]) -> None:
            tasks = [self.read(reads, begun, what) for what in ("a map", "another")]
            await settle_down()
            assert len(begun) == 2
            for each in begun:
                each.set_result(Answer(200, [], b""))
            await asyncio.gather(*tasks)

        self.run(play)

    def test_who_gives_up_gives_up_for_itself(self) -> None:
        async def play(reads: SharedReads, begun: list[asyncio.Future[Answer]]) -> None:
            first = self.read(reads, begun)
            await settle_down()
            impatient, patient = self.read(reads, begun), self.read(reads, begun)
            await settle_down()
            first.cancel()
            impatient.cancel()
            await settle_down()
            begun[0].set_result(Answer(200, [], b"old"))
            await settle_down()
            begun[1].set_result(Answer(200, [], b"new"))
            assert (await patient).body == b"new"

        self.run(play)


class Scope:
    """A request without headers."""

    headers: ClassVar[dict[str, str]] = {}


async def settle_down() -> None:
    """Let everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)
