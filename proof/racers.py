"""Hundreds of clients in one thread: they ask in the same moment, and wait for nothing of their own."""

import asyncio
import json
import time
from typing import Any

from proof.clients import REPEAT_SECONDS, REPEATS, TIMEOUT_SECONDS
from proof.history import UNKNOWN, History, Request


def race(port: int, bodies: list[dict[str, Any]], history: History) -> None:
    """Post these bookings at once, each on a connection of its own, again where a client would."""
    asyncio.run(_race(port, bodies, history))


async def _race(port: int, bodies: list[dict[str, Any]], history: History) -> None:
    await asyncio.gather(*(_post(port, body, history, number) for number, body in enumerate(bodies)))


async def _post(port: int, body: dict[str, Any], history: History, number: int) -> None:
    for _ in range(REPEATS):
        began, error = time.monotonic(), None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, retry_after, document = await _ask(port, body)
        except (OSError, EOFError) as caught:
            status, retry_after, document, error = UNKNOWN, None, None, type(caught).__name__
        history.add(
            Request(
                client=1_000 + number,
                kind="book",
                # As clients do in this proof: the customer is the key.
                key=body["customer"],
                body=body,
                began=began,
                ended=time.monotonic(),
                status=status,
                document=document,
                retry_after=retry_after,
                error=error,
            )
        )
        if status not in (UNKNOWN, 503):
            return
        await asyncio.sleep(REPEAT_SECONDS)


async def _ask(port: int, body: dict[str, Any]) -> tuple[int, str | None, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    payload = json.dumps(body).encode()
    head = (
        f"POST /bookings HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        f"Idempotency-Key: {body['customer']}\r\n\r\n"
    )
    try:
        writer.write(head.encode() + payload)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        document = json.loads(await reader.readexactly(int(headers["content-length"])))
    finally:
        writer.close()
    return int(lines[0].split(" ")[1]), headers.get("retry-after"), document
