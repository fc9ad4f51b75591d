"""The others: customers who look at a show and book in it, while somebody abuses the service."""

import asyncio
import json
import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.abuse.raw import ANSWER_SECONDS, Answer, Connection, choose_sources, connected

CUSTOMERS = 8
# Of each customer, so that they stay within their allowances, whatever those are: 40 bookings a minute.
PAUSE_SECONDS = 1.0
# What the abuse may cost them is 250 ms at the 99th percentile, on a machine that does nothing else: that is
# printed. A test on a loaded machine asks only that everyone is served.
BOUND_SECONDS = 10.0
SERVED = {"show": 200, "map": 200, "post": 202, "poll": 200}


@dataclass
class Others:
    """What became of the others' requests: seconds by kind, and every answer that was not the one meant."""

    took: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in SERVED})
    refused: Counter[str] = field(default_factory=Counter)

    def describe(self) -> str:
        """The 99th percentile and the longest of each kind, in milliseconds."""
        return ", ".join(
            f"{kind} {_percentile(took, 0.99) * 1000:.0f} (longest {max(took) * 1000:.0f}, of {len(took)})"
            for kind, took in self.took.items()
            if took
        )

    def check(self) -> None:
        """Fail where one was refused, went without an answer, or waited beyond all bounds."""
        assert not self.refused, self.refused
        assert all(self.took.values()), self.took
        assert max(max(took) for took in self.took.values()) < BOUND_SECONDS, self.describe()


@asynccontextmanager
async def others_served(port: int, show_id: int, what: str) -> AsyncIterator[Others]:
    """Customers, each from an address of their own, for as long as the block runs; each must be served."""
    others, ending = Others(), asyncio.Event()
    customers = [Customer(port, show_id, source, others) for source in choose_sources(CUSTOMERS, net=200)]
    tasks = [asyncio.create_task(customer.shop(ending)) for customer in customers]
    try:
        yield others
    finally:
        ending.set()
        async with asyncio.timeout(ANSWER_SECONDS):
            await asyncio.gather(*tasks)
        say(f"others during {what}: p99 in ms: {others.describe()}; refused: {dict(others.refused)}")
    others.check()


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody at an address of their own, who comes again and again."""

    port: int
    show_id: int
    source: str
    others: Others

    async def shop(self, ending: asyncio.Event) -> None:
        """Visit until told to end."""
        while not ending.is_set():
            # Customers are spread over the pause, not there all at once.
            await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE_SECONDS)
            try:
                # A new connection each time: one that is open would not notice that no more are taken.
                async with connected(self.port, self.source) as connection:
                    await self._visit(connection)
            except (OSError, EOFError, TimeoutError) as error:
                self.others.refused[type(error).__name__] += 1

    async def _visit(self, connection: Connection) -> None:
        show = f"/shows/{self.show_id}"
        # By quantity: customers never get into each other's way, and nothing need be settled for an answer.
        wanted = json.dumps({"show_id": self.show_id, "quantity": 1}).encode()
        await self._time("show", connection.ask("GET", show))
        await self._time(
            "map", connection.ask("GET", f"{show}/seats?limit=5000", {"Accept-Encoding": "gzip"})
        )
        booking = json.loads(await self._time("post", connection.ask("POST", "/bookings", body=wanted)))
        if "id" in booking:
            await self._time("poll", connection.ask("GET", f"/bookings/{booking['id']}"))

    async def _time(self, kind: str, asking: Coroutine[Any, Any, Answer]) -> bytes:
        started_at = time.monotonic()
        answer = await asking
        if answer.status == SERVED[kind]:
            self.others.took[kind].append(time.monotonic() - started_at)
        else:
            self.others.refused[f"{kind}: {answer.status}"] += 1
        return answer.body


def say(told: str) -> None:
    """Print what was measured: pytest shows it with -s, or where the test fails."""
    print(f"\n{told}")  # noqa: T201


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]
