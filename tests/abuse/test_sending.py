"""Bodies as granian sends them, small and large, to clients that read them and to one that does not."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest
from granian.constants import HTTPModes
from granian.server.embed import Server

from api.server.sending import KEPT_FILES, UNREAD_SECONDS, WHOLE_BYTES, close_unread_connections, send
from local.embedded import find_free_port
from tests.abuse.raw import ANSWER_SECONDS, LOOPBACK, connected, open_sockets, to_request

LARGE = WHOLE_BYTES * 4
BODIES = {str(size): os.urandom(size) for size in (0, 1, WHOLE_BYTES, WHOLE_BYTES + 1, LARGE)}
SIZES = pytest.mark.parametrize("size", BODIES)


async def serve_bodies(scope: Any, protocol: Any) -> None:
    """An application that knows nothing but these."""
    send(protocol, 200, [("X-Which", "this")], BODIES[scope.path.removeprefix("/")])


@asynccontextmanager
async def served(unread_seconds: float = UNREAD_SECONDS) -> AsyncIterator[int]:
    """granian on our own loop; its port."""
    port = find_free_port()
    server = Server(serve_bodies, address=LOOPBACK, port=port, http=HTTPModes.http1, log_enabled=False)
    task = asyncio.create_task(server.serve())
    # It listens once its worker has run.
    async with asyncio.timeout(ANSWER_SECONDS):
        while not await answers(port):
            await asyncio.sleep(0.02)
    close_unread_connections(unread_seconds)
    try:
        yield port
    finally:
        server.stop()
        await task


async def answers(port: int) -> bool:
    try:
        async with connected(port) as connection:
            return (await connection.ask("GET", "/0")).status == 200
    except ConnectionError:
        return False


@SIZES
def test_whole_body_with_its_length(size: str) -> None:
    async def act() -> None:
        async with served() as port, connected(port) as connection:
            for _ in range(2):
                answer = await connection.ask("GET", f"/{size}")
                assert answer.body == BODIES[size]
                assert answer.headers["content-length"] == size
                assert answer.headers["x-which"] == "this"

    asyncio.run(act())


# hyper leaves out the length of a body that is empty anyway.
@pytest.mark.parametrize("size", [size for size in BODIES if int(size)])
def test_head_has_the_same_headers_and_no_body(size: str) -> None:
    async def act() -> None:
        async with served() as port, connected(port) as connection:
            got, asked = [await connection.ask(method, f"/{size}") for method in ("GET", "HEAD")]
            assert {**got.headers, "date": ""} == {**asked.headers, "date": ""}
            # Nothing lies between this answer and the next.
            assert (await connection.ask("GET", "/1")).body == BODIES["1"]

    asyncio.run(act())


def test_more_large_bodies_at_once_than_are_kept() -> None:
    sizes = [str(LARGE + number) for number in range(KEPT_FILES * 3)]
    BODIES.update({size: os.urandom(int(size)) for size in sizes})

    async def act() -> None:
        async with served() as port:
            await asyncio.gather(*(ask(port, size) for size in sizes * 3))

    asyncio.run(act())


async def ask(port: int, size: str) -> None:
    async with connected(port) as connection:
        assert (await connection.ask("GET", f"/{size}")).body == BODIES[size]


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux closes what is not read")
def test_client_that_does_not_read_is_left() -> None:
    huge = 32 * 1024 * 1024
    BODIES[str(huge)] = bytes(huge)

    async def act() -> None:
        async with served(unread_seconds=1) as port:
            (connection,) = open_sockets(port, [LOOPBACK], 1, to_request("GET", f"/{huge}"), window=4096)
            with connection:
                async with asyncio.timeout(ANSWER_SECONDS):
                    for is_taken in (True, False):
                        while count_taken(port) != is_taken:
                            await asyncio.sleep(0.1)

    asyncio.run(act())


def count_taken(port: int) -> int:
    """Connections that granian has: in this process, as it runs in it."""
    return sum(
        connection.status == psutil.CONN_ESTABLISHED and connection.laddr.port == port
        for connection in psutil.Process().net_connections("tcp")
    )
