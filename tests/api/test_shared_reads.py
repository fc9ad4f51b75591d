"""Reads that go together: none is answered by what was read before it came, nor as somebody else was."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from api.request import Answer
from api.server.group_commit import SharedReads, find_read
from core.shows.service import Show
from tests.api.test_waiting import call
from tests.api.together import count_requests, make_environ

MakeShow = Callable[..., Show]
OWN = {
    "Authorization": "Bearer mine",
    "Range": "bytes=0-1",
    "If_Match": '"x"',
    "If_Range": '"x"',
    "If_Modified_Since": "Wed, 21 Oct 2015 07:28:00 GMT",
    "If_Unmodified_Since": "Wed, 21 Oct 2015 07:28:00 GMT",
}


@pytest.mark.parametrize(("name", "value"), OWN.items())
def test_a_read_with_conditions_of_its_own_is_not_shared(name: str, value: str) -> None:
    assert find_read(make_environ("GET", "/shows/1/seats"))
    assert find_read(make_environ("GET", "/shows/1/seats", **{name: value})) is None


@pytest.mark.parametrize(
    "path", ["/shows/1/stream", "/shows/1/%73tream", "/shows//1", "/shows/1/", "/bookings"]
)
def test_what_is_no_plain_read_of_a_show_is_not_shared(path: str) -> None:
    assert find_read(make_environ("GET", path)) is None
    assert find_read(make_environ("POST", "/shows")) is None


@pytest.mark.parametrize("name", ["Accept_Encoding", "If_None_Match", "Host"])
def test_reads_that_differ_are_not_shared(name: str) -> None:
    found = {
        find_read(make_environ("GET", "/shows/1", **headers)) for headers in ({}, {name: "a"}, {name: "b"})
    }
    found |= {find_read(make_environ("GET", f"/shows/1{query}")) for query in ("?a", "?b", "/seats")}
    assert len(found) == 6


def test_a_header_with_underscores_is_none(web: str, make_show: MakeShow) -> None:
    """It would be read as the one with hyphens, by Flask alone."""
    connection = HTTPConnection(web.removeprefix("http://"), timeout=10)
    connection.request("GET", f"/shows/{make_show().id}/seats", headers={"If_None_Match": "*"})
    answer = connection.getresponse()
    assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()


def test_reads_that_come_together_have_each_its_own_answer(web: str, make_show: MakeShow) -> None:
    url = f"{web}/shows/{make_show().id}/seats"
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda n: call("GET", url, None, {"X-Request-ID": f"r{n}"}), range(60)))
    assert {(status, headers["ETag"]) for status, headers, _ in answers} == {(200, answers[0][1]["ETag"])}
    assert [headers.get_all("X-Request-ID") for _, headers, _ in answers] == [[f"r{n}"] for n in range(60)]


Begun = list[asyncio.Future[Answer]]


class TestSharedReads:
    """By themselves, in steps: a read ends when its future in `begun` is given an answer."""

    @staticmethod
    def play(scene: Callable[[SharedReads, Begun], Awaitable[None]]) -> None:
        async def begin() -> None:
            await scene(SharedReads(), [])

        asyncio.run(begin())

    @staticmethod
    def read(reads: SharedReads, begun: Begun, what: str = "a map") -> asyncio.Task[Answer]:
        async def run() -> Answer:
            begun.append(asyncio.get_running_loop().create_future())
            return await begun[-1]

        return asyncio.create_task(reads.read({"PATH_INFO": "/shows/7"}, what, run))

    def test_who_comes_while_one_is_under_way_is_answered_by_the_next(self) -> None:
        async def scene(reads: SharedReads, begun: Begun) -> None:
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
            assert count_requests("GET", "/a/map", 200) == 2
            again = self.read(reads, begun)
            await settle_down()
            begun[2].set_result(Answer(200, [], b"newest"))
            assert (await again).body == b"newest"

        self.play(scene)

    def test_what_differs_is_read_apart(self) -> None:
        async def scene(reads: SharedReads, begun: Begun) -> None:
            tasks = [self.read(reads, begun, what) for what in ("a map", "another")]
            await settle_down()
            assert len(begun) == 2
            for each in begun:
                each.set_result(Answer(200, [], b""))
            await asyncio.gather(*tasks)

        self.play(scene)

    def test_who_gives_up_gives_up_for_itself(self) -> None:
        async def scene(reads: SharedReads, begun: Begun) -> None:
            counted = count_requests("GET", "/shows/<show_id>", 503)
            first = self.read(reads, begun)
            await settle_down()
            patient, impatient = self.read(reads, begun), self.read(reads, begun)
            await settle_down()
            first.cancel()
            impatient.cancel()
            await settle_down()
            begun[0].set_result(Answer(200, [], b"old"))
            await settle_down()
            begun[1].set_result(Answer(200, [], b"new"))
            assert (await patient).body == b"new"
            assert count_requests("GET", "/shows/<show_id>", 503) == counted + 1

        self.play(scene)

    def test_one_that_takes_too_long_is_over_for_all_and_the_next_begins(self) -> None:
        async def scene(reads: SharedReads, begun: Begun) -> None:
            stuck = [self.read(reads, begun) for _ in range(2)]
            await settle_down()
            following = self.read(reads, begun)
            await settle_down()
            begun[0].set_exception(TimeoutError())
            assert [type(each) for each in await asyncio.gather(*stuck, return_exceptions=True)] == [
                TimeoutError
            ] * 2
            await settle_down()
            begun[1].set_result(Answer(200, [], b"new"))
            assert (await following).body == b"new"

        self.play(scene)


async def settle_down() -> None:
    """Let everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)
