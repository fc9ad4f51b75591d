"""One turn of selling: bookings settled a second, from the first POST to the last that is settled."""

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from bench.loading import CONNECTIONS, PACED_CONNECTIONS, THREADS, TOLERATED_ERRORS, Load, run_wrk
from bench.side import Side, await_none
from bench.target import BenchError

WARM_SEATS, WARM_SECONDS = 1_000, 2
WAIT_SECONDS = 10

_CLOCK = "SELECT clock_timestamp()"
_IS_WAITING = """
    SELECT EXISTS (SELECT FROM bookings WHERE wants IS NOT NULL AND show_id BETWEEN %s AND %s)
"""
_COUNT = """
    SELECT count(*), extract(epoch FROM %s - min(created_at))::float
    FROM bookings WHERE show_id BETWEEN %s AND %s AND created_at >= %s
"""


@dataclass(frozen=True, slots=True)
class Sale:
    """Shows by their ids, the seats of each that are asked for, and how: one by one, or in batches.

    Seats are asked for at random, or, where they are distinct, one after the other.
    """

    first: int
    last: int
    seats: int
    batch: int = 0
    is_distinct: bool = False


@dataclass(frozen=True, slots=True)
class Sold:
    """Bookings settled a second, and the load as wrk saw it."""

    rate: float
    load: Load


def sell(side: Side, sale: Sale, *, seconds: float, rate: float = 0, connections: int = CONNECTIONS) -> Sold:
    """Load a side with bookings, all it can take or `rate` a second, and wait until the last is settled."""
    with side.cursor() as cursor:
        cursor.execute(_CLOCK)
        (began_at,) = cursor.fetchone()
        load = send(side, sale, seconds=seconds, rate=rate, connections=connections)
        _await_settled(side, sale)
        cursor.execute(_CLOCK)
        (ended_at,) = cursor.fetchone()
        cursor.execute(_COUNT, (ended_at, sale.first, sale.last, began_at))
        bookings, took = cursor.fetchone()
    if side.is_synchronous and bookings < load.requests * (1 - TOLERATED_ERRORS):
        raise BenchError(f"{load.requests} requests to {side.url} made {bookings} bookings")
    return Sold(bookings / took, load)


def send(
    side: Side,
    sale: Sale,
    *,
    seconds: float,
    rate: float = 0,
    connections: int = CONNECTIONS,
    headers: Mapping[str, str] | None = None,
    may_refuse: bool = False,
) -> Load:
    """The load alone."""
    return run_wrk(
        f"{side.url}/bookings{'/batch' if sale.batch else ''}",
        seconds=seconds,
        connections=PACED_CONNECTIONS if rate else connections,
        script="book.lua",
        arguments=_describe(sale, rate=rate),
        headers=headers,
        may_refuse=may_refuse or side.is_synchronous,
    )


def travel_by_wait(side: Side, sale: Sale, *, seconds: float, connections: int) -> float:
    """Journeys a second: each a POST, and GET ?wait= until the booking is settled."""
    arguments = [*_describe(sale), WAIT_SECONDS]
    return _travel(side, arguments, seconds=seconds, connections=connections, headers={})


def travel_by_prefer(side: Side, sale: Sale, *, seconds: float, connections: int) -> float:
    """Journeys a second: each a POST that is answered once the booking is settled.

    One that is answered earlier has not arrived, and nobody asks again.
    """
    arguments = [*_describe(sale), 0]
    headers = {"Prefer": f"wait={WAIT_SECONDS}"}
    return _travel(side, arguments, seconds=seconds, connections=connections, headers=headers)


def warm(side: Side) -> None:
    """A load that nobody counts: it opens the connections that the first one would wait for."""
    show_id, _ = side.make_shows(seats=WARM_SEATS)
    sale = Sale(show_id, show_id, WARM_SEATS)
    # A process that is still starting may keep it from getting any answer.
    with suppress(BenchError):
        send(side, sale, seconds=WARM_SECONDS)
    _await_settled(side, sale)


def _travel(
    side: Side, arguments: list[object], *, seconds: float, connections: int, headers: dict[str, str]
) -> float:
    load = run_wrk(
        f"{side.url}/bookings",
        seconds=seconds,
        connections=connections,
        script="journey.lua",
        arguments=arguments,
        headers=headers,
    )
    return load.counts["settled"] / load.seconds


def _describe(sale: Sale, *, rate: float = 0) -> list[object]:
    """The arguments of book.lua."""
    seed = random.randrange(1_000_000)
    return [
        sale.first,
        sale.last,
        sale.seats,
        seed,
        rate / THREADS,
        sale.batch,
        THREADS if sale.is_distinct else 0,
    ]


def _await_settled(side: Side, sale: Sale) -> None:
    if not side.is_synchronous:
        await_none(side, _IS_WAITING, sale.first, sale.last, what="bookings")
