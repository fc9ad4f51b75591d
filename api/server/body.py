"""The body of a request, received whole: so much of it as its sender may send, and in time."""

import asyncio
from math import inf
from typing import Any

from api.gate.credentials import is_admin_header
from api.routes.bookings import BATCH_LIMIT
from api.routes.shows import PATH_OF_CREATION, SHOW_LIMIT

# Time for a body to come: the larger ones are a show's, and may come from afar.
BODY_SECONDS, LARGE_BODY_SECONDS = 10, 60
# Of a body that is too large so much is still taken, and thrown away: a server that stops reading closes the
# connection under a client that is still sending, which then reports that instead of the answer.
DRAINED_BYTES, DRAIN_SECONDS = 64 * 1024 * 1024, 5


def is_creation(scope: Any) -> bool:
    """Whether a request is to make a show, which takes longer than any other, and a larger body."""
    return bool(scope.method == "POST" and scope.path == PATH_OF_CREATION)


async def receive(scope: Any, protocol: Any) -> bytes:
    """The body; of one that is too large for its address a byte more than that.

    Raises TimeoutError; OSError or granian's ProtocolClosed where the client went away in the middle of it.
    """
    if "content-length" not in scope.headers and "transfer-encoding" not in scope.headers:
        return b""
    # A stranger's body is held to what strangers may send, so that many of them fill no memory.
    is_large = is_creation(scope) and is_admin_header(scope.headers.get("authorization") or "")
    limit, seconds = (SHOW_LIMIT, LARGE_BODY_SECONDS) if is_large else (BATCH_LIMIT, BODY_SECONDS)
    if _read_length(scope) <= limit:
        # At once: each chunk would be a way through the event loop of its own.
        async with asyncio.timeout(seconds):
            return bytes(await protocol())
    return await _receive_some(protocol, limit, seconds)


async def _receive_some(protocol: Any, limit: int, seconds: float) -> bytes:
    body, received = bytearray(), 0
    try:
        async with asyncio.timeout(seconds) as deadline:
            async for chunk in protocol:
                received += len(chunk)
                if len(body) <= limit:
                    body += chunk
                    if len(body) > limit:
                        deadline.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)
                elif received > DRAINED_BYTES:
                    break
    except TimeoutError:
        if len(body) <= limit:
            raise
    return bytes(body[: limit + 1])


def _read_length(scope: Any) -> float:
    length = scope.headers.get("content-length", "")
    return int(length) if length.isdecimal() else inf
