"""Load shedding: how many bookings wait, as a process knows it, and what is refused while too many do."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest
from flask import Flask

from api.gate.shedding import Backlog
from api.metrics import SHED
from core.errors import UnavailableError
from core.infra.settings import get_settings
from core.shows.service import Show
from tests.api.asking import Asking, assert_problem
from tests.door import open_door
from tests.support import HANGS_SECONDS, wait_until

SHOW, OTHER, THIRD = 1, 2, 3


class Table:
    """What is counted of the bookings that wait, and how often; None: it cannot be."""

    def __init__(self) -> None:
        self.waiting: Mapping[int, int] | None = {}
        self.looks = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def count(self) -> Mapping[int, int]:
        found = self.waiting
        await self.answers.wait()
        self.looks += 1
        if found is None:
            raise UnavailableError("away")
        return found

    async def looked(self, times: int = 1) -> None:
        """Until it has been counted so often from now on."""
        until = self.looks + times
        await true(lambda: self.looks >= until)


async def true(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANGS_SECONDS):
        while not is_so():
            await asyncio.sleep(0.005)


Scene = Callable[[Backlog, Table], Awaitable[None]]


def play(scene: Scene, at_most: int = 10) -> None:
    async def begin() -> None:
        table = Table()
        backlog = Backlog(at_most, table.count, look_seconds=0.01)
        await scene(backlog, table)
        backlog.end()

    asyncio.run(begin())


def takes(backlog: Backlog, show_id: int = SHOW, bookings: int = 1) -> bool:
    """Whether so many are taken, and accepted."""
    try:
        with backlog.take(show_id, bookings):
            return True
    except UnavailableError:
        return False


def test_what_is_not_known_refuses_nobody_and_what_was_taken_here_counts() -> None:
    async def scene(backlog: Backlog, table: Table) -> None:
        table.answers.clear()
        assert [takes(backlog) for _ in range(6)] == [True] * 5 + [False]
        assert [takes(backlog, OTHER) for _ in range(6)] == [True] * 5 + [False]
        assert not takes(backlog, THIRD)

    play(scene)


def test_those_under_way_count_and_are_given_back_where_they_come_to_nothing() -> None:
    async def scene(backlog: Backlog, table: Table) -> None:
        table.answers.clear()
        with suppress(ValueError), backlog.take(SHOW, 5):
            assert not takes(backlog)
            raise ValueError
        with backlog.take(SHOW, 5) as taken:
            taken.is_replay = True
        with suppress(asyncio.CancelledError), backlog.take(SHOW, 5):
            # Its request has run out of time, and the commit goes on.
            raise asyncio.CancelledError
        assert not takes(backlog)
        table.answers.set()
        await table.looked(2)
        assert takes(backlog, SHOW, 5)

    play(scene)


def test_what_is_counted_takes_the_place_of_what_was_accepted_before() -> None:
    async def scene(backlog: Backlog, table: Table) -> None:
        assert takes(backlog, SHOW, 5)
        assert not takes(backlog)
        with backlog.take(OTHER, 5):
            # A worker has settled the five; the others are on their way, and in no count.
            await table.looked(2)
            assert takes(backlog, SHOW)
            assert not takes(backlog, OTHER)
        table.waiting = {OTHER: 4, THIRD: 4}
        await table.looked(2)
        assert takes(backlog, OTHER)
        assert not takes(backlog, OTHER)

    play(scene)


def test_what_is_accepted_during_a_look_counts_until_the_next() -> None:
    async def scene(backlog: Backlog, table: Table) -> None:
        table.answers.clear()
        backlog.refuse_excess(SHOW)
        await asyncio.sleep(0)
        assert takes(backlog, SHOW, 4)
        looks = table.looks
        table.answers.set()
        await true(lambda: table.looks == looks + 1)
        assert takes(backlog)
        assert not takes(backlog)
        await table.looked(2)
        assert takes(backlog)

    play(scene)


def test_it_recovers_by_itself_and_then_looks_no_more() -> None:
    async def scene(backlog: Backlog, table: Table) -> None:
        table.waiting = {SHOW: 5, OTHER: 5}
        backlog.refuse_excess(THIRD)
        await table.looked()
        assert not takes(backlog, THIRD)
        # It goes on looking, though nobody asks.
        await table.looked(5)
        table.waiting = {}
        await true(lambda: backlog._looking is None)
        looks = table.looks
        await asyncio.sleep(0.05)
        assert table.looks == looks
        assert takes(backlog, THIRD)

    play(scene)


def test_what_is_known_holds_while_it_cannot_be_counted() -> None:
    async def scene(backlog: Backlog, table: Table) -> None:
        table.waiting = {SHOW: 4}
        backlog.refuse_excess(SHOW)
        await table.looked()
        table.waiting = None
        assert takes(backlog)
        await table.looked(3)
        assert not takes(backlog)
        assert takes(backlog, OTHER)
        table.waiting = {}
        await table.looked(2)
        assert takes(backlog, SHOW, 5)

    play(scene)


def test_its_begin_and_its_end_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "api.gate.shedding")

    def list_told() -> list[tuple[str, object]]:
        return [(each.message, each.__dict__["show_id"]) for each in caplog.records]

    def count_shed() -> list[float]:
        return [SHED.labels(reason)._value.get() for reason in ("all", "show")]

    async def scene(backlog: Backlog, table: Table) -> None:
        before = count_shed()
        table.waiting = {SHOW: 5, OTHER: 4}
        backlog.refuse_excess(THIRD)
        await table.looked(2)
        assert [takes(backlog), takes(backlog), takes(backlog, OTHER)] == [False, False, True]
        assert [takes(backlog), takes(backlog, THIRD)] == [False, False]
        assert [after - at_first for after, at_first in zip(count_shed(), before, strict=True)] == [2, 2]
        table.waiting = {}
        await true(lambda: len(caplog.records) == 4)
        begins, ends = list_told()[:2], list_told()[2:]
        assert begins == [("shedding begins", SHOW), ("shedding begins", None)]
        assert Counter(ends) == Counter([("shedding ends", SHOW), ("shedding ends", None)])

    play(scene)


@contextmanager
def shedding_door(app: Flask, show: Show, at_most: int) -> Iterator[Asking]:
    """A door beyond which so many bookings may wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "MAX_WAITING_BOOKINGS", str(at_most))
        get_settings.cache_clear()
        try:
            with open_door(app) as client:
                yield Asking(client, show.id)
        finally:
            patch.undo()
            get_settings.cache_clear()


def test_beyond_it_bookings_are_refused_and_nothing_else(
    app: Flask, asking: Asking, show: Show, make_show: Callable[..., Show]
) -> None:
    other = make_show()
    held = asking.settled("9", hold=True)
    with shedding_door(app, show, 6) as full:
        ids = [full.book(seat, key=f"key {seat}") for seat in "123"]
        refused = full.post("4")
        assert_problem(refused, 503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert assert_problem(full.post("1", key="key 1"), 503, "unavailable")
        item = {"show_id": show.id, "seats": ["5"]}
        batch = full.client.post("/bookings/batch", json={"bookings": [item]})
        assert assert_problem(batch, 503, "unavailable")
        # The other show has its own half; the two of them all.
        Asking(full.client, other.id).book("1")
        assert full.act(held, "extend").status_code == 200
        assert full.act(held, "confirm").status_code == 202
        assert full.act(ids[2], "cancel").status_code == 202
        assert [full.read(booking_id)["wants"] for booking_id in ids] == ["acquire", "acquire", "cancel"]
        full.settle()
        wait_until(lambda: full.post("4").status_code == 202)
        assert full.post("1", key="key 1").headers["Idempotent-Replayed"] == "true"


def test_what_others_accepted_is_known_within_a_look(app: Flask, asking: Asking, show: Show) -> None:
    for seat in "1234":
        asking.book(seat)
    with shedding_door(app, show, 8) as other:
        wait_until(lambda: other.post("5", key="a key").status_code == 503)
        asking.settle()
        wait_until(lambda: other.post("6").status_code == 202)
