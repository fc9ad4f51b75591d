"""A backlog: bookings that wait, and one worker process that settles them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bench.bulk import add_backlog
from bench.figures import Outcome, compare_rates, take_turns
from bench.side import await_none
from bench.stage import Stage
from bench.target import BenchError
from core.infra.jobs import nudge

BOOKINGS, SEATS = 100_000, 100_000

_IS_WAITING = "SELECT EXISTS (SELECT FROM bookings WHERE wants IS NOT NULL AND show_id = %s)"
_COUNT = "SELECT count(*) FROM bookings WHERE show_id = %s AND status = 'CONFIRMED'"
_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float"


def settle_backlog(stage: Stage) -> Outcome:
    """One worker process alone with a backlog, beside L."""
    stage.reset()
    with _one_worker(stage):
        turns = {"L": stage.measure_limit, "settled/s": lambda: _settle_once(stage)}
        found = take_turns(stage.plan.rounds, turns, say=stage.say)
    what = f"a backlog of {stage.plan.size(BOOKINGS):,} settled by one worker process"
    return Outcome([compare_rates(what, found["settled/s"], found["L"], bar=1, unit="× L", name="L")])


@contextmanager
def _one_worker(stage: Stage) -> Iterator[None]:
    processes = os.environ["WORKER_CONCURRENCY"]
    if stage.plan.is_smoke:
        # No time to start anew; a show is settled by one of them at a time anyhow.
        yield
        return
    stage.move(WORKER_CONCURRENCY="1")
    try:
        yield
    finally:
        stage.move(WORKER_CONCURRENCY=processes)


def _settle_once(stage: Stage) -> float:
    bookings = stage.plan.size(BOOKINGS)
    show_id, _ = stage.seatline.make_shows(seats=SEATS)
    with stage.seatline.cursor() as cursor:
        # One statement: until it has committed no worker sees any of them.
        add_backlog(cursor, show_id=show_id, bookings=bookings)
        cursor.execute(_CLOCK)
        (began_at,) = cursor.fetchone()
        nudge(show_id)
        await_none(stage.seatline, _IS_WAITING, show_id, what="bookings")
        cursor.execute(_CLOCK)
        seconds = cursor.fetchone()[0] - began_at
        cursor.execute(_COUNT, (show_id,))
        (confirmed,) = cursor.fetchone()
    if confirmed != bookings:
        raise BenchError(f"{confirmed} of {bookings} bookings are CONFIRMED")
    stage.await_quiet()
    return float(bookings / seconds)
