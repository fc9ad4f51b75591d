"""An address that tries everything holds never more than its show allows, and its rivals hardly notice it."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.access.pseudonyms import hide
from core.shows.service import Show
from tests.abuse.raw import Connection, connected
from tests.acting import ask, end_hold, has_work
from tests.invariants import check_settled
from tests.support import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("workers")]
SECONDS = 8.0
HOARDER, RIVALS = "127.0.0.9", ("127.0.0.10", "127.0.0.11")
# Connections on which the hoarder asks at once, and how many of its bookings each goes on acting on.
HANDS, REMEMBERED = 8, 12
SEATS, MOST, PER_BOOKING = 400, 8, 4
# In one statement, and so of one moment.
HELD = """
    SELECT client, sum(cardinality(seats)) AS by_booking,
           sum((SELECT count(*) FROM seats s WHERE s.show_id = b.show_id AND s.booking_id = b.id
                AND s.status = 'held')) AS by_seat, (array_agg(id ORDER BY random()))[1] AS any_id
    FROM bookings b WHERE show_id = :show_id AND hold_expires_at IS NOT NULL GROUP BY client
"""
Outcomes = Counter[str]


async def send(
    connection: Connection, path: str, body: dict[str, Any], key: str | None = None
) -> list[dict[str, Any]]:
    """The bookings of an answer, once they are settled; none where it was refused."""
    headers = {"Prefer": "wait=5", **({"Idempotency-Key": key} if key else {})}
    answer = await connection.ask("POST", path, headers, json.dumps(body).encode())
    assert answer.status < 500 or answer.status == 503, answer.body
    document = json.loads(answer.body)
    found = document.get("bookings") or ([document] if "seats" in document else [])
    return [await settled(connection, booking) for booking in found]


async def settled(connection: Connection, booking: dict[str, Any]) -> dict[str, Any]:
    """The booking once it has its seats or has them not, however long that takes."""
    while booking["wants"] == "acquire":
        answer = await connection.ask("GET", f"/bookings/{booking['id']}?wait=5")
        booking = json.loads(answer.body) if answer.status == 200 else booking
    return booking


def tell(booking: dict[str, Any]) -> str:
    """The booking in a word: its failure's code, else its status, or "held"."""
    return (booking["failure"] or {}).get("code") or ("held" if booking["held"] else booking["status"])


class Hand:
    """One of the hoarder's connections, which does at random whatever could get it more seats."""

    def __init__(self, connection: Connection, show_id: int, seed: int, outcomes: Outcomes) -> None:
        self._connection, self._show_id, self._outcomes = connection, show_id, outcomes
        self._chance = random.Random(seed)
        self._ids: list[str] = []
        self._last: tuple[str, dict[str, Any], str] | None = None

    async def try_something(self) -> None:
        """Book in one of four ways, or extend, cancel, confirm and cancel."""
        ways: list[Callable[[], Awaitable[None]]] = [
            *[partial(self._book, "/bookings", self._wish)] * 3,
            partial(self._book, "/bookings/batch", lambda: {"bookings": [self._wish() for _ in range(10)]}),
            self._repeat,
            *(partial(self._act, *actions) for actions in (["extend"], ["cancel"], ["confirm", "cancel"])),
        ]
        await self._chance.choice(ways)()

    def _wish(self) -> dict[str, Any]:
        count = self._chance.randint(1, PER_BOOKING)
        seats = [str(number) for number in self._chance.sample(range(1, SEATS + 1), count)]
        wish = {"quantity": count} if self._chance.random() < 0.5 else {"seats": seats}
        return {"show_id": self._show_id, "hold": True, **wish}

    async def _book(self, path: str, make: Callable[[], dict[str, Any]]) -> None:
        self._last = path, make(), str(uuid4())
        await self._repeat()

    async def _repeat(self) -> None:
        for booking in await send(self._connection, *self._last) if self._last else []:
            self._outcomes[tell(booking)] += 1
            self._ids = [*self._ids[-REMEMBERED:], booking["id"]]

    async def _act(self, *actions: str) -> None:
        if self._ids:
            booking_id = self._chance.choice(self._ids)
            for action in actions:
                await send(self._connection, f"/bookings/{booking_id}/{action}", {})


async def hoard(port: int, show_id: int, seed: int, until: float, outcomes: Outcomes) -> None:
    """Try everything, on one connection after the other."""
    async with connected(port, HOARDER) as connection:
        hand = Hand(connection, show_id, seed, outcomes)
        while time.monotonic() < until:
            await hand.try_something()


async def shop(port: int, show_id: int, source: str, until: float, outcomes: Outcomes) -> None:
    """Hold the best seat there is, and buy it or think again."""
    async with connected(port, source) as connection:
        while time.monotonic() < until:
            wish = {"show_id": show_id, "quantity": 1, "hold": True}
            for booking in await send(connection, "/bookings", wish):
                outcomes[tell(booking)] += 1
                action = random.choice(["confirm", "cancel", "cancel"])
                await send(connection, f"/bookings/{booking['id']}/{action}", {})


def watch(show_id: int, until: float) -> dict[str, int]:
    """The most that each client held at any moment; meanwhile holds run out, one after the other."""
    most = Counter[str]()
    while time.monotonic() < until:
        for client, by_booking, by_seat, any_id in ask(HELD, show_id=show_id):
            assert by_booking == by_seat
            most[client] = max(most[client], by_booking)
            if client == hide(HOARDER) and random.random() < 0.1:
                end_hold(UUID(str(any_id)))
    return most


def test_an_address_that_tries_everything(web: str, make_show: Callable[..., Show]) -> None:
    show = make_show(total_seats=SEATS, max_seats_per_booking=PER_BOOKING, max_held_seats_per_client=MOST)
    hoarded, bought = Outcomes(), Outcomes()
    port, until = int(web.rpartition(":")[2]), time.monotonic() + SECONDS

    async def rush() -> dict[str, int]:
        found, *_ = await asyncio.gather(
            asyncio.to_thread(watch, show.id, until),
            *(hoard(port, show.id, seed, until, hoarded) for seed in range(HANDS)),
            *(shop(port, show.id, source, until, bought) for source in RIVALS),
        )
        return found

    most = asyncio.run(rush())
    assert most[hide(HOARDER)] == MOST
    assert hoarded["client_limit"] > 0
    # There is a seat for whoever comes, and whoever comes gets it.
    assert set(bought) == {"held"}
    wait_until(lambda: not has_work(show.id))
    check_settled()
