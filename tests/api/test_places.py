"""Places that a client takes at one time, counted over all processes of a web."""

import asyncio
import os
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask

from api.errors import RateLimitedError
from api.gate.places import Places, Tally
from api.server import stream
from api.server.long_poll import LongPolls
from api.server.poll import Poll, Seen
from api.server.stream import Live
from core.bookings.views import Booking
from core.errors import UnavailableError
from core.infra.settings import get_settings
from core.shows.service import Show
from tests.api.test_long_poll import ID, PENDING, is_settled
from tests.door import DoorClient, open_door
from tests.support import wait_until


@pytest.fixture
def tally() -> Tally:
    """Counters of two processes, of which this one is the first."""
    found = Tally()
    found.spread(2)
    return found


def run_beside(tally: Tally, run: Callable[[], bool]) -> bool:
    """What `run` tells in a process that is forked as the second one."""
    own, tally._own = tally._own, tally._columns[1]
    pid = os.fork()
    if not pid:
        os._exit(0 if run() else 1)
    tally._own = own
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_each_client_has_its_own(tally: Tally) -> None:
    places = Places(tally, 2)
    assert [places.take("a") for _ in range(3)] == [True, True, False]
    assert places.take("b")
    places.leave("a")
    assert [places.take("a") for _ in range(2)] == [True, False]


def test_without_a_cap_there_is_no_end(tally: Tally) -> None:
    places = Places(tally, None)
    assert all(places.take("a") for _ in range(1000))
    assert not places.is_half_taken("a")
    places.leave("a")


def test_processes_count_together_and_what_one_had_ends_with_it(tally: Tally) -> None:
    places = Places(tally, 3)
    assert places.take("a")
    assert run_beside(tally, lambda: places.take("a") and places.take("a") and not places.take("a"))
    assert not places.take("a")
    own = tally._own
    tally.begin(1)
    tally._own = own
    assert [places.take("a") for _ in range(3)] == [True, True, False]


def test_viewers_have_their_place_before_anything_is_done_for_them(tally: Tally) -> None:
    live = Live(Places(tally, 2))
    live.enter("a")
    leave = live.enter("a")
    with pytest.raises(RateLimitedError) as refused:
        live.enter("a")
    assert refused.value.retry_after > 0
    leave()
    live.enter("a")
    for number in range(stream.MAX_VIEWERS - 2):
        live.enter(f"client {number}")
    with pytest.raises(UnavailableError):
        live.enter("b")


@pytest.fixture
def capped(app: Flask, database: dict[str, str]) -> Iterator[DoorClient]:
    """A client of a door at which it follows two streams at one time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "STREAMS_PER_CLIENT", "2")
        get_settings.cache_clear()
        with open_door(app) as client:
            yield client
    get_settings.cache_clear()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whatever_becomes_of_a_stream_its_place_is_given_back(
    capped: DoorClient, show: Show, method: str
) -> None:
    """Its client is gone after the first event; or asked for no stream, or for one that is not there."""
    for path, status in ((f"/shows/{show.id}", 200), ("/shows/999999", 404)):
        for _ in range(5):
            wait_until(lambda path=path, status=status: ask(capped, method, path) == status)


def ask(client: DoorClient, method: str, path: str) -> int:
    return int(client.open(f"{path}/stream", method=method).status_code)


def test_beyond_its_own_nobody_waits_and_who_is_gone_waits_no_longer(tally: Tally) -> None:
    async def read(booking_id: UUID) -> Booking | None:
        await asyncio.sleep(0)
        return PENDING

    async def scene() -> None:
        polls = LongPolls(read, places=Places(tally, 2))
        gone = asyncio.Event()

        async def is_gone() -> None:
            await gone.wait()

        def begin(poll: Poll) -> asyncio.Task[Seen]:
            return asyncio.create_task(poll.wait(is_settled, Seen.of(PENDING)))

        with (
            polls.enter("a", [ID] * 100, seconds=20, gone=is_gone) as (first, *_),
            polls.enter("a", [ID], seconds=20, gone=is_gone) as (second,),
            polls.enter("a", [ID], seconds=20) as (third,),
            polls.enter("b", [ID], seconds=20) as (other,),
        ):
            waiting = list(map(begin, (first, second, other)))
            assert (await third.wait(is_settled)).wants == "acquire"
            gone.set()
            # It had more than half of its places by then, and its connection was watched.
            assert (await waiting[1]).wants == "acquire"
            assert [each.done() for each in waiting] == [False, True, False]
        for each in waiting:
            each.cancel()
        assert [polls._places.take("a") for _ in range(3)] == [True, True, False]

    asyncio.run(scene())
