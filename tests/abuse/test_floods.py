"""Floods of what costs the service something and is no booking: they are limited, and harm nobody."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable

import pytest

from core.shows.service import Show
from tests.abuse.conftest import Web
from tests.abuse.flooding import Ask, flood
from tests.abuse.others import others_served
from tests.abuse.raw import LOOPBACK, choose_sources, connected, open_sockets, to_request

pytestmark = pytest.mark.processes

FLOOD_SECONDS = 8
FLOODS_AT_MOST = 4
FLOODS: dict[str, Callable[[int], Ask]] = {
    "unknown paths": lambda number: ("GET", f"/nothing/{number}", {}, b""),
    "refused methods": lambda number: ("PUT", f"/shows/{number}", {}, b""),
    "static files": lambda _: ("GET", "/docs/static/swagger-ui.css", {}, b""),
    "metrics": lambda _: ("GET", "/metrics", {}, b""),
    "forged webhooks": lambda _: ("POST", "/payments/webhooks/stripe", {}, b"{}"),
    "guesses at keys": lambda number: ("GET", "/admin/stats", {"Authorization": f"Bearer {number}"}, b""),
}
HEADERS = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Access-Control-Request-Method",
    "Authorization",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Expect",
    "Forwarded",
    "Host",
    "Idempotency-Key",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "Last-Event-ID",
    "Origin",
    "Prefer",
    "Range",
    "Transfer-Encoding",
    "Upgrade",
    "X-API-Key",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
    "X-Request-ID",
    "traceparent",
]
NONSENSE = [
    "",
    "-1",
    "9" * 400,
    "x" * 8000,
    "\xff\xfe",
    "\x00",
    "a\tb",
    '"',
    'W/"',
    ",".join(["a;q=x"] * 200),
    "%00%ff%u1234",
    "'; DROP TABLE bookings; --",
    "Bearer",
    "bytes=5-1,-0",
    "wait=inf, wait=-1",
    "{{7*7}} ${jndi:x} ../../etc",
]


FROM = pytest.mark.parametrize("sources", [[LOOPBACK], choose_sources(100)], ids=["one address", "a hundred"])


@FROM
@pytest.mark.parametrize("make", FLOODS.values(), ids=FLOODS.keys())
def test_flood(web: Web, show: Show, sources: list[str], make: Callable[[int], Ask]) -> None:
    is_one = len(sources) == 1

    async def act() -> Counter[int]:
        statuses: Counter[int] = Counter()
        async with others_served(web.port, show.id, "a flood"):
            # On a busy machine, or where a minute begins meanwhile, one flood may stay within the allowance.
            for _ in range(FLOODS_AT_MOST):
                statuses += await flood(web.port, sources, make, seconds=FLOOD_SECONDS)
                if statuses[429] or not is_one:
                    break
        return statuses

    statuses = asyncio.run(act())
    assert all(status < 500 for status in statuses), statuses
    assert statuses[429] or not is_one, statuses


@FROM
def test_suggestions_at_their_full_allowance(web: Web, show: Show, sources: list[str]) -> None:
    def suggest(number: int) -> Ask:
        query = f"quantity={number % 10 + 1}&near={number % show.total_seats + 1}"
        return "GET", f"/shows/{show.id}/suggestions?{query}", {}, b""

    async def act() -> Counter[int]:
        async with others_served(web.port, show.id, "suggestions"):
            # A hundred addresses with 120 a minute each are 200 a second.
            return await flood(web.port, sources, suggest, seconds=FLOOD_SECONDS, pause=0.15)

    statuses = asyncio.run(act())
    assert set(statuses) <= {0, 200, 429}, statuses
    if len(sources) == 1:
        assert statuses[200] <= 130


@FROM
def test_two_thousand_long_polls(web: Web, show: Show, room: int, sources: list[str]) -> None:
    ids = asyncio.run(book(web.port, show.id, 20))
    polls = [
        connection
        for number, booking_id in enumerate(ids)
        for connection in open_sockets(
            web.port,
            sources[number * 5 % len(sources) :][:5],
            2000 // len(ids),
            to_request("GET", f"/bookings/{booking_id}?wait=15"),
        )
    ]

    async def act() -> None:
        async with others_served(web.port, show.id, "2,000 long polls"):
            await asyncio.sleep(FLOOD_SECONDS)

    try:
        asyncio.run(act())
        statuses = Counter(int(poll.recv(12)[9:12]) for poll in polls)
        assert set(statuses) <= {200, 429}, statuses
    finally:
        for poll in polls:
            poll.close()


async def book(port: int, show_id: int, count: int) -> list[str]:
    """Bookings that nobody settles: whoever waits for one waits as long as they may."""
    body = json.dumps({"show_id": show_id, "quantity": 1}).encode()
    async with connected(port) as connection:
        answers = [await connection.ask("POST", "/bookings", body=body) for _ in range(count)]
    return [json.loads(answer.body)["id"] for answer in answers]


def test_nonsense_in_every_header(web: Web, show: Show) -> None:
    wanted = json.dumps({"show_id": show.id, "quantity": 1}).encode()
    asks: list[Ask] = [
        (method, path, {name: value}, body)
        for method, path, body in (
            ("GET", f"/shows/{show.id}/seats?limit=5", b""),
            ("POST", "/bookings", wanted),
        )
        for name, value in itertools.product(HEADERS, NONSENSE)
    ]
    sources = iter(choose_sources(100) * len(asks))

    async def ask(ask: Ask) -> int:
        # On a connection of its own, from the next address: neither a time-out nor a limit hides an answer.
        async with connected(web.port, next(sources)) as connection:
            connection.writer.write(to_request(*ask))
            connection.writer.write_eof()
            sent = await connection.wait_for_end()
            return int(sent[9:12] or 0)

    async def act() -> list[int]:
        statuses = []
        async with others_served(web.port, show.id, "nonsense in headers"):
            for first in range(0, len(asks), 20):
                statuses += await asyncio.gather(*map(ask, asks[first : first + 20]))
        return statuses

    for asked, status in zip(asks, asyncio.run(act()), strict=True):
        assert status < 500, (asked, status)
