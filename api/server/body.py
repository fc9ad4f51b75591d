"""The body of a request, received whole: so much of it as its sender may send, and in time."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from api.errors import MalformedJsonError, PayloadTooLargeError
from api.parsing import BODY_LIMIT
from api.request import Request
from api.server.deadline import Deadlines
from core.access.principals import Role

# Time for a body to come: the larger ones are a show's, and may come from afar.
BODY_SECONDS, LARGE_BODY_SECONDS = 10, 60
# What is larger than any stranger may send is an operator's: held to what strangers may send unless the key
# came with it, so that many of them fill no memory.
LARGE_BODY_BYTES = 1024 * 1024
# Of a body that is too large so much is still taken, and thrown away: a server that stops reading closes the
# connection under a client that is still sending, which then reports that instead of the answer.
# A refused request's body is drained so far.
REFUSED_BYTES = 256 * 1024
DRAINED_BYTES, DRAIN_SECONDS = 64 * 1024 * 1024, 5
CUT = "The body was cut before its end, or has trailers that no Trailer header announces."


def has_body(request: Request) -> bool:
    """Whether a body may come with it, an empty one counted in."""
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def is_withheld(request: Request) -> bool:
    """Whether its client sends the body only once we begin to take it: granian then says 100 (Continue)."""
    return request.headers.get("expect", "").lower() == "100-continue"


async def receive(request: Request, protocol: Any, find_deadlines: Callable[[float], Deadlines]) -> bytes:
    """The body; of one that is too large for its route a byte more than that.

    Raises MalformedJsonError where it does not come to its end, or not in time; PayloadTooLargeError before
    any of it was sent, where its length tells.
    """
    if not has_body(request):
        return b""
    limit = request.operation.body_limit
    if limit > LARGE_BODY_BYTES and not request.may(Role.ADMIN):
        limit = BODY_LIMIT
    seconds = LARGE_BODY_SECONDS if limit > LARGE_BODY_BYTES else BODY_SECONDS
    length = _read_length(request)
    if limit < length < inf and is_withheld(request):
        raise PayloadTooLargeError(limit)
    try:
        if length <= limit:
            # At once: each chunk would be a way through the event loop of its own.
            with find_deadlines(seconds).begin():
                return bytes(await protocol())
        return await _receive_some(request, protocol, limit, seconds)
    except TimeoutError as error:
        raise MalformedJsonError("The body did not come to its end in time.") from error
    except (OSError, ProtocolClosed) as error:
        raise MalformedJsonError(CUT) from error


async def discard(request: Request, protocol: Any) -> None:
    """Take what a refused client is sending, and keep nothing of it."""
    if not has_body(request) or is_withheld(request):
        return
    received = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in protocol:
                received += len(chunk)
                if received > REFUSED_BYTES:
                    break
    except (TimeoutError, OSError, ProtocolClosed):
        return


async def _receive_some(request: Request, protocol: Any, limit: int, seconds: float) -> bytes:
    body, received, ends = bytearray(), 0, 0
    try:
        async with asyncio.timeout(seconds) as deadline:
            async for chunk in protocol:
                received += len(chunk)
                ends += not chunk
                if len(body) <= limit:
                    body += chunk
                    if len(body) > limit:
                        deadline.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)
                elif received > DRAINED_BYTES:
                    break
    except TimeoutError:
        if len(body) <= limit:
            raise
    # granian leaves out errors and trailers; either leaves an empty chunk before the one of the end.
    if ends > 1 and "trailer" not in request.headers and len(body) <= limit:
        raise MalformedJsonError(CUT)
    return bytes(body[: limit + 1])


def _read_length(request: Request) -> float:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else inf
