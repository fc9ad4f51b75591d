"""Thousands of long polls on one service: opened, left to wait, woken together."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

WAIT_SECONDS = 25
# A client is an address, of which this machine has many of its own; nobody is to be one who has too many.
POLLS_OF_CLIENT = 10
# So many connect at a time, so that the queue of new connections is never full.
CONNECTED_AT_ONCE = 50
CONNECT_SECONDS = 15
# For the last of them to be taken in.
REGISTER_SECONDS = 4
# Whoever is not told by then is not told at all.
TOLD_SECONDS = 10
LOOK_SECONDS = 0.02

# A refusal has a number there.
_STATUS = re.compile(rb'"status": ?(?:"(\w+)"|\d)')


@dataclass(frozen=True, slots=True)
class Told:
    """How many polls waited until they were woken, and after how many seconds each of them was told."""

    waiting: int
    seconds: list[float]


class Poll(asyncio.Protocol):
    """One request that waits; its `status` is None until it is answered, empty where that is a refusal."""

    def __init__(self, request: bytes) -> None:
        self._request, self._answer = request, b""
        self._transport: asyncio.Transport | None = None
        self.status: str | None = None
        self.answered_at = 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether it has asked, and has no answer yet."""
        return self._transport is not None and self.status is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (it is TCP)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note what came, and when."""
        self._answer += data
        if self.status is None and (found := _STATUS.search(self._answer)):
            self.status, self.answered_at = (found[1] or b"").decode(), time.monotonic()

    def connection_lost(self, _: Exception | None) -> None:
        """Whoever is cut off waits no longer."""
        if self.status is None:
            self.status = ""

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.close()


async def poll_together(url: str, paths: Sequence[str], *, outcome: str, wake: Callable[[], float]) -> Told:
    """Ask for all paths, then `wake` who waits, which returns when it did, by time.monotonic().

    Who hears of another outcome has not been told.
    """
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 0
    polls = [Poll(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()) for path in paths]
    with suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_SECONDS):
            await _connect(polls, host, port)
    await asyncio.sleep(REGISTER_SECONDS)
    waiting = [poll for poll in polls if poll.is_waiting]
    woken_at = await asyncio.to_thread(wake)
    while any(poll.is_waiting for poll in waiting) and time.monotonic() < woken_at + TOLD_SECONDS:
        await asyncio.sleep(LOOK_SECONDS)
    for poll in polls:
        poll.close()
    return Told(len(waiting), [poll.answered_at - woken_at for poll in waiting if poll.status == outcome])


async def _connect(polls: Sequence[Poll], host: str, port: int) -> None:
    for start in range(0, len(polls), CONNECTED_AT_ONCE):
        part = enumerate(polls[start : start + CONNECTED_AT_ONCE], start)
        connecting = [_connect_one(poll, host, port, client=_name_client(number)) for number, poll in part]
        # Whoever gets no connection does not wait.
        await asyncio.gather(*connecting, return_exceptions=True)


async def _connect_one(poll: Poll, host: str, port: int, *, client: str) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: poll, host, port, local_addr=(client, 0))


def _name_client(number: int) -> str:
    high, low = divmod(number // POLLS_OF_CLIENT, 250)
    return f"127.0.{high + 1}.{low + 1}"
