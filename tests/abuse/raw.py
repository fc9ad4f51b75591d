"""Requests over raw sockets, from any address of 127.0.0.0/8: each is a client of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support import HANGS_SECONDS

LOOPBACK = "127.0.0.1"
CONNECT_SECONDS = ANSWER_SECONDS = HANGS_SECONDS


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, taken whole; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def choose_sources(count: int, *, net: int = 0) -> list[str]:
    """So many addresses, of 127.0.<net>.0/24: the service takes each for a client of its own."""
    return [f"127.0.{net}.{number}" for number in range(1, count + 1)]


class Connection:
    """A connection to the service, kept alive: ask one thing after another, or write what you like."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request and take its answer.

        Raises OSError, EOFError or TimeoutError where no whole answer comes.
        """
        self.writer.write(to_request(method, path, headers, body))
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self.take(has_body=method != "HEAD")

    async def take(self, *, has_body: bool = True) -> Answer:
        """The next answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        length = int(headers.get("content-length", 0)) if has_body else 0
        return Answer(int(head[0].split(" ")[1]), headers, await self.reader.readexactly(length))

    async def wait_for_end(self) -> bytes:
        """What is still sent until the server closes."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def connected(port: int, source: str = LOOPBACK) -> AsyncIterator[Connection]:
    """A connection from this address, cut at the end."""
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(LOOPBACK, port, local_addr=(source, 0))
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


def to_request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: service"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def open_sockets(
    port: int, sources: list[str], count: int, send: bytes = b"", *, window: int = 0
) -> list[socket.socket]:
    """So many connections, from each source in turn, on which this is sent, and from which nothing is read.

    With a window of so many bytes where the client is to take as little as possible.
    """
    opened = []
    for number in range(count):
        connection = socket.socket()
        opened.append(connection)
        connection.settimeout(CONNECT_SECONDS)
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.bind((sources[number % len(sources)], 0))
        connection.connect((LOOPBACK, port))
        if send:
            connection.sendall(send)
    return opened
