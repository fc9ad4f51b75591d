"""What production adds: limits that are counted and not reached, keys, a crowd that comes too early."""

import os
from collections import defaultdict
from collections.abc import Callable
from functools import partial

from bench.figures import Figure, Outcome, compare_rates, take_turns
from bench.loading import CONNECTIONS, TOLERATED_ERRORS
from bench.scenarios.bookings import Reader
from bench.scenarios.maps import MAP_SEATS, read_plain
from bench.scenarios.selling import SEATS, sell_distinct
from bench.selling import Sale, sell, send
from bench.service import ADMIN_KEY
from bench.stage import Stage
from bench.target import BenchError

READS = "GET /bookings/{id}"
SWITCH, ON, OFF = "RATE_LIMIT_ENABLED", "true", "false"
WITH_LIMITS, WITH_KEY, REFUSED = 0.8, 0.9, 1.0

_OPEN_TOMORROW = "UPDATE shows SET sales_open_at = now() + interval '1 day' WHERE id = %s"


def count_limits(stage: Stage) -> Outcome:
    """POST, GET of a booking and a map, with limits on and off; the processes start anew in between."""
    stage.reset()
    reader = Reader(stage, stage.seatline)
    map_id, _ = stage.seatline.make_shows(seats=MAP_SEATS)
    measures: dict[str, Callable[[], float]] = {
        "settled bookings/s": partial(sell_distinct, stage, stage.seatline),
        READS: partial(reader.read, CONNECTIONS),
        "a map of 5,000 seats": partial(read_plain, stage, stage.seatline, map_id),
    }
    rates: dict[tuple[str, str], list[float]] = defaultdict(list)

    def measure_all(switch: str) -> float:
        stage.move(**{SWITCH: switch})
        for what, measure in measures.items():
            rates[what, switch].append(measure())
        return rates[READS, switch][-1]

    turns = {"reads/s with limits": partial(measure_all, ON), "without": partial(measure_all, OFF)}
    try:
        take_turns(stage.plan.rounds, turns, say=stage.say)
    finally:
        if os.environ.get(SWITCH) == OFF:
            stage.move(**{SWITCH: ON})
    return Outcome(
        [
            _compare(f"{what}, limits on against off", rates[what, ON], rates[what, OFF], WITH_LIMITS)
            for what in measures
        ]
    )


def read_with_key(stage: Stage) -> Outcome:
    """A map, with an Authorization header and without."""
    stage.reset()
    map_id, _ = stage.seatline.make_shows(seats=MAP_SEATS)
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    turns = {
        "maps/s": lambda: read_plain(stage, stage.seatline, map_id),
        "maps with a key/s": lambda: read_plain(stage, stage.seatline, map_id, headers),
    }
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    what = "a map of 5,000 seats, with an Authorization header"
    return Outcome([_compare(what, found["maps with a key/s"], found["maps/s"], WITH_KEY)])


def refuse_early(stage: Stage) -> Outcome:
    """POST for a show whose sales are not open, beside POST for one that sells."""
    stage.reset()
    turns = {"accepted/s": lambda: _post_in_time(stage), "refused/s": lambda: _post_too_early(stage)}
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    what = "POST refused because sales are not open, against accepted ones"
    return Outcome([_compare(what, found["refused/s"], found["accepted/s"], REFUSED)])


def _post_in_time(stage: Stage) -> float:
    seats = stage.plan.size(SEATS)
    show_id, _ = stage.seatline.make_shows(seats=seats)
    sale = Sale(show_id, show_id, seats, is_distinct=True)
    rate = sell(stage.seatline, sale, seconds=stage.plan.seconds).load.rate
    stage.await_quiet()
    return rate


def _post_too_early(stage: Stage) -> float:
    show_id, _ = stage.seatline.make_shows(seats=MAP_SEATS)
    with stage.seatline.cursor() as cursor:
        cursor.execute(_OPEN_TOMORROW, (show_id,))
    sale = Sale(show_id, show_id, MAP_SEATS, is_distinct=True)
    load = send(stage.seatline, sale, seconds=stage.plan.seconds, may_refuse=True)
    if load.requests - load.refused > load.requests * TOLERATED_ERRORS:
        raise BenchError(f"only {load.refused} of {load.requests} bookings were refused before sales opened")
    return load.rate


def _compare(what: str, measured: list[float], yardstick: list[float], bar: float) -> Figure:
    return compare_rates(what, measured, yardstick, bar=bar, unit="× the rate")
