"""Connections that send nothing, or too slowly, or never read: they go, and harm nobody meanwhile."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from api.server.main import HEAD_SECONDS
from api.server.sending import UNREAD_SECONDS
from core.shows.service import Show
from tests.abuse.conftest import Web
from tests.abuse.others import others_served, say
from tests.abuse.raw import LOOPBACK, choose_sources, connected, open_sockets, to_request
from tests.measuring import measured
from tests.support import HANGS_SECONDS, wait_until

pytestmark = pytest.mark.processes

# 10,000 is what the service is meant for; ABUSE_CONNECTIONS=10000 where this machine has the time.
CONNECTIONS = int(os.environ.get("ABUSE_CONNECTIONS", "3000"))
SOURCES = {"one address": [LOOPBACK], "a hundred": choose_sources(100)}
FROM = pytest.mark.parametrize("sources", SOURCES.values(), ids=SOURCES.keys())
HALF_A_HEAD = b"GET /shows HTTP/1.1\r\nHost: service\r\nX-"
HARM_SECONDS = 8
# What may be added to a time-out: those that are over are looked for now and then.
LATE_SECONDS = 12
MEGABYTE = 1024 * 1024
LOADS = 8

MakeShow = Callable[..., Show]


async def load_layout(port: int, path: str, headers: dict[str, str]) -> None:
    """Take it often enough for each process to have it, so that what they keep of it is no growth."""
    taken = 0
    async with asyncio.timeout(HANGS_SECONDS):
        while taken < LOADS:
            async with connected(port) as connection:
                answer = await connection.ask("GET", path, headers)
            # To make it takes longer than a request may; the next finds it made.
            assert answer.status in (200, 503)
            taken += answer.status == 200
    say(f"a layout of {len(answer.body) / MEGABYTE:.1f} MB, {headers}")


@contextlib.contextmanager
def held(connections: list[socket.socket]) -> Iterator[None]:
    try:
        yield
    finally:
        for connection in connections:
            connection.close()


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed it, having answered or not."""
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while connection.recv(MEGABYTE):
            pass
        return True
    return False


@FROM
@pytest.mark.parametrize("send", [b"", HALF_A_HEAD], ids=["silent", "half a head"])
def test_thousands_that_send_nothing(
    web: Web, show: Show, room: int, sources: list[str], send: bytes
) -> None:
    async def act() -> None:
        async with others_served(web.port, show.id, f"{len(connections)} connections that send {send!r}"):
            await asyncio.sleep(HARM_SECONDS)

    before, began = web.measure_bytes(), time.monotonic()
    connections = open_sockets(web.port, sources, min(CONNECTIONS, room), send)
    with held(connections):
        asyncio.run(act())
        each = (web.measure_bytes() - before) / len(connections)
        say(f"{each:.0f} bytes each")
        closed = [is_closed(connection) for connection in connections]
        # A machine that took so long to open them may have seen the first ones closed, for being silent.
        assert not any(closed) or time.monotonic() - began > HEAD_SECONDS
    wait_until(lambda: web.count_connections() < len(connections))


def test_what_sends_no_request_for_30_seconds_is_closed(web: Web, show: Show) -> None:
    one = to_request("GET", f"/shows/{show.id}")
    sent = b"", b"G", HALF_A_HEAD, one, one + HALF_A_HEAD
    connections = [open_sockets(web.port, [LOOPBACK], 1, send)[0] for send in sent]
    with held(connections):
        with measured() as took:
            wait_until(lambda: all(map(is_closed, connections)))
        assert took.wall > HEAD_SECONDS - 1
        assert took.quiet < HEAD_SECONDS + LATE_SECONDS


def test_bodies_that_never_end(web: Web, show: Show) -> None:
    head = b"POST /bookings HTTP/1.1\r\nHost: service\r\nContent-Type: application/json\r\n"
    connections = open_sockets(web.port, SOURCES["a hundred"], 500, head + b"Content-Length: 1000\r\n\r\n{")

    async def act() -> None:
        async with others_served(web.port, show.id, "500 bodies that come a byte a second"):
            for _ in range(HARM_SECONDS):
                for connection in connections:
                    connection.sendall(b" ")
                await asyncio.sleep(1)

    with held(connections):
        asyncio.run(act())
        for connection in connections:
            connection.settimeout(HANGS_SECONDS)
            assert connection.recv(12) == b"HTTP/1.1 400"


@FROM
def test_two_hundred_that_never_read(web: Web, show: Show, make_show: MakeShow, sources: list[str]) -> None:
    path = f"/shows/{make_show(total_seats=100_000).id}/layout"
    both: list[dict[str, str]] = [{"Accept-Encoding": "gzip"}, {}]
    for headers in both:
        asyncio.run(load_layout(web.port, path, headers))
    before = web.measure_bytes()
    connections = [
        connection
        for headers in both
        for connection in open_sockets(web.port, sources, 100, to_request("GET", path, headers), window=4096)
    ]
    most = 0

    async def act() -> None:
        nonlocal most
        async with others_served(web.port, show.id, "200 who never read"):
            for _ in range(HARM_SECONDS):
                await asyncio.sleep(1)
                most = max(most, web.measure_bytes() - before)

    with held(connections):
        asyncio.run(act())
        say(f"web grew by {most / MEGABYTE:.0f} MB")
        assert most < 100 * MEGABYTE
        with measured() as took:
            wait_until(lambda: web.count_connections() == 0)
        assert took.quiet < UNREAD_SECONDS + LATE_SECONDS
