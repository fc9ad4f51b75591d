"""One turn of selling: bookings settled a second, from the first POST to the last that is settled."""

import random
from contextlib import suppress
from dataclasses import dataclass

from bench.loading import CONNECTIONS, PACED_CONNECTIONS, THREADS, Load, run_wrk
from bench.side import Side, await_none
from bench.target import BenchError

WARM_SEATS, WARM_SECONDS = 1_000, 2

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
    """Shows by their ids, the seats of each that are asked for, and how: one by one, or in batches."""

    first: int
    last: int
    seats: int
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Sold:
    """Bookings settled a second, and the load as wrk saw it."""

    rate: float
    load: Load


def sell(side: Side, sale: Sale, *, seconds: float, rate: float = 0) -> Sold:
    """Load a side with bookings, all it can take or `rate` a second, and wait until the last is settled."""
    with side.cursor() as cursor:
        cursor.execute(_CLOCK)
        (began_at,) = cursor.fetchone()
        load = send(side, sale, seconds=seconds, rate=rate)
        await_none(side, _IS_WAITING, sale.first, sale.last, what="bookings")
        cursor.execute(_CLOCK)
        (ended_at,) = cursor.fetchone()
        cursor.execute(_COUNT, (ended_at, sale.first, sale.last, began_at))
        bookings, took = cursor.fetchone()
    return Sold(bookings / took, load)


def send(side: Side, sale: Sale, *, seconds: float, rate: float = 0) -> Load:
    """The load alone."""
    arguments = [sale.first, sale.last, sale.seats, random.randrange(1_000_000), rate / THREADS, sale.batch]
    return run_wrk(
        f"{side.url}/bookings{'/batch' if sale.batch else ''}",
        seconds=seconds,
        connections=PACED_CONNECTIONS if rate else CONNECTIONS,
        script="book.lua",
        arguments=arguments,
    )


def warm(side: Side) -> None:
    """A load that nobody counts: it opens the connections that the first one would wait for."""
    show_id, _ = side.make_shows(seats=WARM_SEATS)
    # A process that is still starting may keep it from getting any answer.
    with suppress(BenchError):
        send(side, Sale(show_id, show_id, WARM_SEATS), seconds=WARM_SECONDS)
    await_none(side, _IS_WAITING, show_id, show_id, what="bookings")
