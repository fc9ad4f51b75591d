"""Somebody who asks as fast as the service answers, on many connections."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from tests.abuse.others import say
from tests.abuse.raw import connected

CLIENTS = 32
Ask = tuple[str, str, dict[str, str], bytes]


async def flood(
    port: int, sources: list[str], make: Callable[[int], Ask], *, seconds: float, pause: float = 0
) -> Counter[int]:
    """Send what `make` makes of 0, 1, 2, …, from each source in turn; how often each status came.

    Status 0 is a connection that was closed without an answer. With a pause after each answer, in seconds.
    """
    statuses: Counter[int] = Counter()
    until = time.monotonic() + seconds

    async def ask_on(client: int) -> None:
        number = client
        while time.monotonic() < until:
            # A client keeps its connection until the server closes it, as it may after an error.
            with suppress(OSError, EOFError):
                async with connected(port, sources[number % len(sources)]) as connection:
                    while time.monotonic() < until:
                        statuses[0] += 1
                        answer = await connection.ask(*make(number))
                        statuses[0] -= 1
                        statuses[answer.status] += 1
                        number += CLIENTS
                        await asyncio.sleep(pause)
            number += CLIENTS

    await asyncio.gather(*(ask_on(client) for client in range(CLIENTS)))
    say(f"a flood of {statuses.total() / seconds:.0f} requests a second: {dict(statuses)}")
    return statuses
