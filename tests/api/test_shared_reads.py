"""Shared reads: none is answered by what was read before it came, and each as its own headers ask."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from api.responses import REVALIDATE, Representation
from api.server.shared import SharedReads
from core.infra.redis import get_redis
from core.maps.cache import mark_changing, publish_version
from core.shows.service import Show
from tests.api.test_waiting import call
from tests.support import ADMIN, HANGS_SECONDS

MakeShow = Callable[..., Show]


def test_a_header_with_underscores_is_none(web: str, make_show: MakeShow) -> None:
    connection = HTTPConnection(web.removeprefix("http://"), timeout=HANGS_SECONDS)
    connection.request("GET", f"/shows/{make_show().id}/seats", headers={"If_None_Match": "*"})
    answer = connection.getresponse()
    assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()


def test_reads_that_come_together_have_each_its_own_answer(web: str, make_show: MakeShow) -> None:
    """Whatever credential, condition or encoding each came with."""
    url = f"{web}/shows/{make_show().id}/seats"
    tag = call("GET", url)[1]["ETag"]
    kinds: list[tuple[dict[str, str], int, str | None]] = [
        ({}, 200, None),
        ({"If-None-Match": tag}, 304, None),
        (ADMIN, 200, None),
        ({"Authorization": "Basic eDp5", "Range": "bytes=0-1"}, 200, None),
    ]
    with ThreadPoolExecutor(30) as pool:
        asked = [{**kinds[n % 4][0], "X-Request-ID": f"r{n}"} for n in range(60)]
        answers = list(pool.map(lambda headers: call("GET", url, None, headers), asked))
    assert [status for status, _, _ in answers] == [kinds[n % 4][1] for n in range(60)]
    assert {headers["ETag"] for _, headers, _ in answers} == {tag}
    assert [headers.get_all("X-Request-ID") for _, headers, _ in answers] == [[f"r{n}"] for n in range(60)]


Begun = list[asyncio.Future[Representation]]


def represent(body: bytes, *, map_version: tuple[int, int] | None = None) -> Representation:
    return Representation("tag", REVALIDATE, body, map_version=map_version)


class TestSharedReads:
    """By themselves, in steps: a read ends when its future in `begun` is given an answer."""

    @staticmethod
    def play(scene: Callable[[SharedReads, Begun], Awaitable[None]]) -> None:
        async def begin() -> None:
            await scene(SharedReads(), [])

        asyncio.run(begin())

    @staticmethod
    def read(reads: SharedReads, begun: Begun, what: str = "a map") -> asyncio.Task[Representation]:
        async def run() -> Representation:
            begun.append(asyncio.get_running_loop().create_future())
            return await begun[-1]

        return asyncio.create_task(reads.read(what, run))

    def test_who_comes_while_one_is_under_way_is_answered_by_the_next(self) -> None:
        async def scene(reads: SharedReads, begun: Begun) -> None:
            first = self.read(reads, begun)
            await until(lambda: len(begun) == 1)
            later = [self.read(reads, begun) for _ in range(3)]
            await settle_down()
            assert len(begun) == 1
            begun[0].set_result(represent(b"old"))
            await until(lambda: len(begun) == 2)
            assert (await first).body == b"old"
            begun[1].set_result(represent(b"new"))
            assert [(await each).body for each in later] == [b"new"] * 3
            again = self.read(reads, begun)
            await until(lambda: len(begun) == 3)
            begun[2].set_result(represent(b"newest"))
            assert (await again).body == b"newest"

        self.play(scene)

    def test_what_differs_is_read_apart(self) -> None:
        async def scene(reads: SharedReads, begun: Begun) -> None:
            tasks = [self.read(reads, begun, what) for what in ("a map", "another")]
            await until(lambda: len(begun) == 2)
            for each in begun:
                each.set_result(represent(b""))
            await asyncio.gather(*tasks)

        self.play(scene)

    def test_who_gives_up_gives_up_for_itself(self) -> None:
        async def scene(reads: SharedReads, begun: Begun) -> None:
            first = self.read(reads, begun)
            await until(lambda: len(begun) == 1)
            patient, impatient = self.read(reads, begun), self.read(reads, begun)
            await settle_down()
            first.cancel()
            impatient.cancel()
            await asyncio.wait([first, impatient])
            begun[0].set_result(represent(b"old"))
            await until(lambda: len(begun) == 2)
            begun[1].set_result(represent(b"new"))
            assert (await patient).body == b"new"

        self.play(scene)

    @pytest.mark.parametrize("error", [TimeoutError(), ValueError()])
    def test_one_that_fails_is_over_for_all_and_the_next_begins(self, error: Exception) -> None:
        async def scene(reads: SharedReads, begun: Begun) -> None:
            stuck = self.read(reads, begun)
            await until(lambda: len(begun) == 1)
            following = self.read(reads, begun)
            await settle_down()
            begun[0].set_exception(error)
            assert await asyncio.gather(stuck, return_exceptions=True) == [error]
            await until(lambda: len(begun) == 2)
            begun[1].set_result(represent(b"new"))
            assert (await following).body == b"new"

        self.play(scene)

    def test_a_map_is_kept_while_its_version_is_current(self, database: dict[str, str]) -> None:
        """Not under the mark of a change that is about to be committed, nor once there is another."""

        async def scene(reads: SharedReads, begun: Begun) -> None:
            async def find_body(body: bytes, version: int) -> bytes:
                task, expected = self.read(reads, begun), len(begun) + 1
                while not task.done() and len(begun) < expected:
                    await asyncio.sleep(0.001)
                if not task.done():
                    begun[-1].set_result(represent(body, map_version=(7, version)))
                return (await task).body

            await asyncio.to_thread(publish_version, get_redis(), 7, 1)
            assert [await find_body(body, 1) for body in (b"first", b"unread")] == [b"first"] * 2
            await asyncio.to_thread(mark_changing, 7, 2)
            assert await find_body(b"asked", 1) == b"asked"
            await asyncio.to_thread(publish_version, get_redis(), 7, 2)
            assert [await find_body(body, 2) for body in (b"second", b"unread")] == [b"second"] * 2

        self.play(scene)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANGS_SECONDS):
        while not is_so():
            await asyncio.sleep(0)


async def settle_down() -> None:
    """Let everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)
