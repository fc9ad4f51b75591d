"""Allowances: what each client may ask, counted together in Redis, or in the process while Redis is away."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain

import pytest

from api.gate.limits import Allowances, Kind, find_kind, make_allowances
from core.infra.redis import TIMEOUT_SECONDS, get_redis
from core.infra.settings import get_settings
from local.embedded import find_free_port
from tests.apart import enter
from tests.measuring import measured
from tests.support import HANGS_SECONDS, ROOT, frozen_redis

CLIENT = "address:192.0.2.1"
TAKE_MANY = """
import asyncio, json, sys
from api.gate.limits import Allowances, Kind
from core.infra import async_redis

# On a busy machine a process may have to wait for longer than Redis has.
async_redis.TIMEOUT_SECONDS = 30

async def main():
    allowances = Allowances({Kind.BOOKING: sys.argv[1]})
    await allowances.take("somebody else", Kind.BOOKING)
    print(flush=True)
    sys.stdin.readline()
    asked = (allowances.take("a client", Kind.BOOKING) for _ in range(int(sys.argv[2])))
    taken = await asyncio.gather(*asked)
    print(json.dumps([int(dict(one.headers)["RateLimit-Remaining"]) for one in taken if not one.is_over]))

asyncio.run(main())
"""

Run = Callable[[Allowances], Awaitable[None]]


def play(run: Run, limit: str = "5/minute") -> None:
    async def begin() -> None:
        await run(Allowances({Kind.BOOKING: limit, Kind.ADMIN: "7/minute", Kind.OTHER: "9/minute"}))

    asyncio.run(begin())


@pytest.fixture(params=["redis", "here"])
def store(request: pytest.FixtureRequest, database: dict[str, str]) -> Iterator[str]:
    """Redis, or where it is away the process: what is counted is the same."""
    if request.param == "redis":
        yield request.param
        return
    with enter({"REDIS_URL": f"redis://127.0.0.1:{find_free_port()}/0"}):
        yield request.param


async def take(allowances: Allowances, times: int = 1, client: str = CLIENT, weight: int = 1) -> list[bool]:
    """Whether each of so many that come together passes."""
    asked = (allowances.take(client, Kind.BOOKING, weight) for _ in range(times))
    return [not taken.is_over for taken in await asyncio.gather(*asked)]


def list_told(headers: list[tuple[str, str]]) -> list[str]:
    return [dict(headers)[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")]


def test_exactly_the_allowance_passes_and_each_is_told_its_own(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        taken = await asyncio.gather(*(allowances.take(CLIENT, Kind.BOOKING) for _ in range(7)))
        assert [one.is_over for one in taken] == [False] * 5 + [True] * 2
        told = [list_told(one.headers) for one in taken]
        assert [(limit, left) for limit, left, _ in told] == [("5", n) for n in "4321000"]
        assert all(0 < int(reset) <= 60 for *_, reset in told)
        assert not any(one.is_over for one in taken[:5])
        assert all(one.is_over and 0 < one.reset <= 60 for one in taken[5:])

    play(run)


def test_exactly_the_allowance_passes_in_several_processes(database: dict[str, str]) -> None:
    command = [sys.executable, "-c", TAKE_MANY, "700/minute", "250"]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)
    ]
    # All of them are to have come before the first is counted.
    for process in processes:
        assert process.stdout
        process.stdout.readline()
    for process in processes:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.flush()
    passed = [json.loads(process.communicate(timeout=HANGS_SECONDS)[0]) for process in processes]
    assert sorted(chain.from_iterable(passed)) == list(range(700))
    # Each process's own in the order in which they came.
    assert all(mine == sorted(mine, reverse=True) for mine in passed)


def test_clients_and_kinds_are_counted_apart(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        assert await take(allowances, 6) == [True] * 5 + [False]
        assert await take(allowances, client="address:192.0.2.2") == [True]
        for kind, amount in ((Kind.ADMIN, "7"), (Kind.OTHER, "9")):
            taken = await allowances.take(CLIENT, kind)
            assert list_told(taken.headers)[:2] == [amount, str(int(amount) - 1)]

    play(run)


def test_a_heavy_one_that_is_refused_uses_nothing_up(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        assert await take(allowances, weight=4) == [True]
        refused = await allowances.take(CLIENT, Kind.BOOKING, 2)
        assert refused.is_over
        assert list_told(refused.headers)[1] == "1"
        assert await take(allowances, 2) == [True, False]

    play(run)


def test_what_is_given_back_can_be_taken_again_and_no_more(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        await take(allowances, 5)
        allowances.give_back(CLIENT, Kind.BOOKING)
        allowances.give_back(CLIENT, Kind.BOOKING, 2)
        assert await take(allowances, 4) == [True] * 3 + [False]
        assert await take(allowances) == [False]

    play(run)


def test_what_is_no_longer_counted_is_not_given_back(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        allowances.give_back(CLIENT, Kind.BOOKING, 3)
        assert await take(allowances, 6) == [True] * 5 + [False]

    play(run)


def test_of_several_limits_the_shortest_is_told_of_or_the_one_that_is_over(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        taken = [await allowances.take(CLIENT, Kind.BOOKING) for _ in range(3)]
        assert [one.is_over for one in taken] == [False, False, True]
        assert [list_told(one.headers)[:2] for one in taken] == [["3", "2"], ["3", "1"], ["2", "0"]]
        assert 60 < taken[2].reset <= 3600

    play(run, "2/hour;3/minute")


def test_what_a_shorter_limit_refuses_uses_up_no_longer_one(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        assert sum(await take(allowances, 200)) < 50
        async with asyncio.timeout(HANGS_SECONDS):
            while not any(await take(allowances)):
                await asyncio.sleep(0.02)

    play(run, "1/second;50/hour")


def test_what_a_longer_limit_refuses_uses_up_no_shorter_one(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        assert await take(allowances, weight=4) == [True]
        assert await take(allowances, weight=2) == [False]
        assert list_told((await allowances.take(CLIENT, Kind.BOOKING)).headers)[:2] == ["10", "5"]

    play(run, "10/minute;5/hour")


def test_allowance_is_new_when_it_was_told_to_be(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        assert await take(allowances) == [True]
        refused = await allowances.take(CLIENT, Kind.BOOKING)
        assert refused.reset == 1
        await asyncio.sleep(refused.reset)
        assert await take(allowances) == [True]

    play(run, "1/second")


def test_client_that_was_over_is_known_until_its_window_ends(store: str) -> None:
    async def run(allowances: Allowances) -> None:
        assert await take(allowances) == [True]
        assert not allowances.was_over(CLIENT, Kind.BOOKING)
        assert await take(allowances) == [False]
        assert allowances.was_over(CLIENT, Kind.BOOKING)
        assert not allowances.was_over(CLIENT, Kind.OTHER)
        assert not allowances.was_over("address:192.0.2.2", Kind.BOOKING)
        async with asyncio.timeout(HANGS_SECONDS):
            while allowances.was_over(CLIENT, Kind.BOOKING):
                await asyncio.sleep(0.02)
        assert await take(allowances) == [True]

    play(run, "1/second")


def test_those_that_come_together_are_counted_in_one_round_trip(database: dict[str, str]) -> None:
    async def run(allowances: Allowances) -> None:
        await take(allowances)
        before = get_redis().info("commandstats")["cmdstat_evalsha"]["calls"]
        clients = [f"address:192.0.2.{n}" for n in range(100)]
        await asyncio.gather(*(take(allowances, 1, client) for client in clients))
        assert get_redis().info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1

    play(run)


def test_frozen_redis_costs_the_first_ones_a_moment_and_is_counted_in_again(database: dict[str, str]) -> None:
    async def run(allowances: Allowances) -> None:
        assert await take(allowances, 2) == [True] * 2
        with frozen_redis():
            with measured() as first:
                assert await take(allowances, 6) == [True] * 5 + [False]
            with measured() as others:
                assert await take(allowances, 100, "address:192.0.2.2") == [True] * 5 + [False] * 95
        assert first.quiet < 3 * TIMEOUT_SECONDS
        assert others.quiet < TIMEOUT_SECONDS
        async with asyncio.timeout(HANGS_SECONDS):
            while not get_redis().keys("*192.0.2.3*"):
                await take(allowances, 1, "address:192.0.2.3")
                await asyncio.sleep(0.02)

    play(run)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/bookings", Kind.BOOKING),
        ("POST", "/bookings/batch", Kind.BOOKING),
        ("POST", "/bookings/1/confirm", Kind.BOOKING),
        ("GET", "/bookings", Kind.OTHER),
        ("POST", "/bookingsx", Kind.OTHER),
        ("GET", "/admin", Kind.ADMIN),
        ("POST", "/admin/no/such/thing", Kind.ADMIN),
        ("GET", "/administrators", Kind.OTHER),
        ("GET", "/", Kind.OTHER),
        ("POST", "/no such path", Kind.OTHER),
    ],
)
def test_kinds(method: str, path: str, kind: Kind) -> None:
    assert find_kind(method, path) is kind


def test_settings_say_the_allowances_and_whether_there_are_any(database: dict[str, str]) -> None:
    async def tell() -> list[str]:
        allowances = make_allowances(get_settings())
        assert allowances
        return [dict((await allowances.take(CLIENT, kind)).headers)["RateLimit-Limit"] for kind in Kind]

    with enter({"RATE_LIMIT_ENABLED": "true"}):
        assert asyncio.run(tell()) == ["120", "600", "1200"]
    said = {"BOOKING_RATE_LIMIT": "1/minute", "ADMIN_RATE_LIMIT": "2/minute", "RATE_LIMIT": "3/minute"}
    with enter({"RATE_LIMIT_ENABLED": "true", **said}):
        assert asyncio.run(tell()) == ["1", "2", "3"]
    with enter({"RATE_LIMIT_ENABLED": "false"}):
        assert make_allowances(get_settings()) is None
