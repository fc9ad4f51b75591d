"""More bookings than workers settle, and clients who would have all streams and long polls for themselves."""

import asyncio
import json
import select
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from core.shows.service import Show
from local.embedded import find_free_port
from tests.abuse.conftest import PRODUCTION, Web
from tests.abuse.flooding import Ask, flood
from tests.abuse.others import BOUND_SECONDS, say
from tests.abuse.raw import Connection, choose_sources, connected, open_sockets, to_request
from tests.acting import ask
from tests.measuring import measured
from tests.support import WORKER, run_process, wait_for_http, wait_until

pytestmark = pytest.mark.processes

MakeShow = Callable[..., Show]
MOST_WAITING = 400
PROCESSES = 2
FLOOD_SECONDS = 3
CROWD = choose_sources(200, net=100)
STREAMS, POLLS = 4, 6
# However long this machine takes, what was accepted is to be settled and not to time out.
PATIENT = {"ACCEPT_DEADLINE_SECONDS": "86400"}
LIMITS = {
    "MAX_WAITING_BOOKINGS": str(MOST_WAITING),
    "STREAMS_PER_CLIENT": str(STREAMS),
    "POLLS_PER_CLIENT": str(POLLS),
    "BOOKING_RATE_LIMIT": "1000/second",
    "RATE_LIMIT": "1000/second",
}


@contextmanager
def run_web(servers: dict[str, str], log: Path, *, processes: int) -> Iterator[Web]:
    """A web beyond which few may wait, and of which a client has few streams and long polls."""
    port = find_free_port()
    variables = {**servers, **PRODUCTION, **LIMITS, "PORT": str(port), "WEB_CONCURRENCY": str(processes)}
    with run_process("web", variables, log=log) as process:
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        yield Web(port, process.pid)


def wish(*shows: Show) -> Callable[[int], Ask]:
    bodies = [json.dumps({"show_id": show.id, "quantity": 1}).encode() for show in shows]
    return lambda number: ("POST", "/bookings", {}, bodies[number % len(bodies)])


def post(web: Web, show: Show, path: str = "/bookings") -> tuple[int, dict[str, str]]:
    """The status and the headers of a booking's answer."""

    async def act() -> tuple[int, dict[str, str]]:
        async with connected(web.port, CROWD[0]) as connection:
            body = b"" if path != "/bookings" else wish(show)(0)[3]
            answer = await connection.ask("POST", path, body=body)
            return answer.status, answer.headers

    return asyncio.run(act())


def list_bookings(show: Show) -> list[tuple[str, str]]:
    """The ids and statuses of the show's bookings."""
    return [
        (str(id_), status)
        for id_, status in ask("SELECT id, status FROM bookings WHERE show_id = :id", id=show.id)
    ]


@asynccontextmanager
async def read_meanwhile(web: Web, show: Show) -> AsyncIterator[None]:
    """Somebody reads the show and its map for as long as the block runs; each time they must be answered."""
    is_over, took = asyncio.Event(), list[float]()

    async def read() -> None:
        async with connected(web.port, "127.0.99.1") as connection:
            while not is_over.is_set():
                for path in (f"/shows/{show.id}", f"/shows/{show.id}/availability"):
                    began = time.monotonic()
                    assert (await connection.ask("GET", path)).status == 200
                    took.append(time.monotonic() - began)
                await asyncio.sleep(0.05)

    reading = asyncio.create_task(read())
    try:
        yield
    finally:
        is_over.set()
        await reading
    say(f"reads meanwhile: {len(took)}, the longest {max(took) * 1000:.0f} ms")
    assert max(took) < BOUND_SECONDS


def flood_until(web: Web, shows: list[Show], is_so: Callable[[], bool]) -> Counter[int]:
    """Flood with bookings of these shows, from many addresses, until that is so."""
    statuses = Counter[int]()

    async def act() -> None:
        async with read_meanwhile(web, shows[0]):
            while not is_so():
                statuses.update(await flood(web.port, CROWD, wish(*shows), seconds=FLOOD_SECONDS))

    asyncio.run(act())
    assert set(statuses) <= {0, 202, 503}, statuses
    return statuses


def test_a_flood_of_one_show(servers: dict[str, str], make_show: MakeShow, tmp_path: Path) -> None:
    """It is refused beyond half of what may wait, harms nobody else, and is over once workers settle."""
    flooded, quiet = make_show(total_seats=5000), make_show(total_seats=5000)
    half = MOST_WAITING // 2
    with run_web(servers, tmp_path / "web", processes=1) as web:
        statuses = flood_until(web, [flooded], lambda: len(list_bookings(flooded)) >= half)
        assert statuses[202] <= len(list_bookings(flooded)) == half
        assert statuses[503]
        status, headers = post(web, flooded)
        assert (status, int(headers["retry-after"]) > 0) == (503, True)
        assert post(web, quiet)[0] == 202
        cancelled, _ = list_bookings(flooded)[0]
        assert post(web, flooded, f"/bookings/{cancelled}/cancel")[0] == 202
        with run_process("worker", {**servers, **WORKER, **PATIENT}):
            wait_until(lambda: {s for _, s in list_bookings(flooded)} == {"CONFIRMED", "CANCELLED"})
            wait_until(lambda: post(web, flooded)[0] == 202)
        settled = Counter(status for _, status in list_bookings(flooded))
        assert (settled["CANCELLED"], settled["CONFIRMED"] >= half - 1) == (1, True)
    told = (tmp_path / "web").read_text()
    assert told.count("shedding begins") <= 2, told
    assert "shedding ends" in told


def test_a_flood_of_all_shows_at_two_processes(
    servers: dict[str, str], make_show: MakeShow, tmp_path: Path
) -> None:
    shows = [make_show(total_seats=5000) for _ in range(4)]

    def count() -> int:
        return sum(len(list_bookings(show)) for show in shows)

    with run_web(servers, tmp_path / "web", processes=PROCESSES) as web:
        statuses = flood_until(web, shows, lambda: count() >= MOST_WAITING)
        # What one process takes until it looks the other does not know.
        assert statuses[202] <= count() <= PROCESSES * MOST_WAITING
        for show in shows * 4:
            wait_until(lambda show=show: post(web, show)[0] == 503)
        with run_process("worker", {**servers, **WORKER, **PATIENT}):
            for show in shows:
                wait_until(lambda show=show: post(web, show)[0] == 202)
                wait_until(lambda show=show: {s for _, s in list_bookings(show)} == {"CONFIRMED"})


def test_streams_of_one_client(servers: dict[str, str], make_show: MakeShow, tmp_path: Path) -> None:
    """Over both processes; whoever leaves makes room at once, and others have their own."""
    show = make_show()
    request = ("GET", f"/shows/{show.id}/stream")

    async def follow(web: Web, source: str, opened: list[Connection]) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", web.port, local_addr=(source, 0))
        connection = Connection(reader, writer)
        writer.write(to_request(*request))
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        if status == 200:
            opened.append(connection)
        else:
            assert b"retry-after: " in head.lower(), head
            writer.transport.abort()
        return status

    async def act(web: Web) -> None:
        opened = list[Connection]()
        rush = await asyncio.gather(*(follow(web, CROWD[0], opened) for _ in range(10 * STREAMS)))
        while len(opened) < STREAMS:
            # Of a rush some may be refused that there was room for.
            await follow(web, CROWD[0], opened)
        assert set(rush) <= {200, 429}
        assert [await follow(web, CROWD[0], opened) for _ in range(8)] == [429] * 8
        assert await follow(web, CROWD[1], opened) == 200
        opened[0].writer.transport.abort()
        began = time.monotonic()
        while await follow(web, CROWD[0], opened) != 200:
            await asyncio.sleep(0.05)
        say(f"a place was free again after {1000 * (time.monotonic() - began):.0f} ms")
        assert time.monotonic() - began < BOUND_SECONDS
        assert len(opened) == STREAMS + 2
        for connection in opened:
            connection.writer.transport.abort()

    with run_web(servers, tmp_path / "web", processes=PROCESSES) as web:
        asyncio.run(act(web))


def test_long_polls_of_one_client(servers: dict[str, str], make_show: MakeShow, tmp_path: Path) -> None:
    """Those beyond its own are answered at once; those that leave make room."""
    show = make_show()
    with run_web(servers, tmp_path / "web", processes=PROCESSES) as web:
        assert post(web, show)[0] == 202
        ((booking_id, _),) = list_bookings(show)

        def open_polls(source: str, count: int, *, wait: int) -> list[socket.socket]:
            path = f"/bookings/{booking_id}?wait={wait}"
            return open_sockets(web.port, [source], count, to_request("GET", path))

        def waits(source: str) -> bool:
            """Whether another one is not answered at once."""
            began = time.monotonic()
            (poll,) = open_polls(source, 1, wait=2)
            with poll:
                assert poll.recv(12) == b"HTTP/1.1 200"
            return time.monotonic() - began >= 2

        polls = open_polls(CROWD[0], 3 * POLLS, wait=25)
        try:
            wait_until(lambda: len(select.select(polls, [], [], 0)[0]) >= 2 * POLLS)
            assert not waits(CROWD[0])
            assert waits(CROWD[1])
            assert len(select.select(polls, [], [], 0)[0]) <= 2 * POLLS + PROCESSES - 1
        finally:
            for each in polls:
                each.close()
        with measured() as took:
            wait_until(lambda: waits(CROWD[0]))
        # By themselves they would have gone on for longer.
        assert took.quiet < 15
