"""Holds that expire: tens of thousands in the same second, while the sale goes on."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from statistics import median
from typing import Any

from bench.bulk import add_holds
from bench.figures import Figure, Outcome, show_number, take_turns
from bench.selling import Sale, send
from bench.side import await_none
from bench.stage import Stage
from bench.target import BenchError

HOLDS, FREE_SEATS = 50_000, 50_000
# Bookings are counted for so long before the holds expire, and as long after it.
WINDOW_SECONDS = 5
# The load is up to speed by then, and still is at the end.
MARGIN_SECONDS = 1
# To put the holds there, at full size.
FILLING_SECONDS = 30

_IS_HELD = "SELECT EXISTS (SELECT FROM bookings WHERE show_id = %s AND hold_expires_at IS NOT NULL)"
_SECONDS_SINCE = "SELECT extract(epoch FROM clock_timestamp() - %s)::float"
_COUNT_SETTLED = """
    SELECT count(*) FILTER (WHERE updated_at < %(at)s), count(*) FILTER (WHERE updated_at >= %(at)s)
    FROM bookings
    WHERE show_id = %(show)s AND NOT hold AND wants IS NULL
      AND updated_at >= %(at)s - make_interval(secs => %(window)s)
      AND updated_at < %(at)s + make_interval(secs => %(window)s)
"""


def expire(stage: Stage) -> Outcome:
    """How long until all are released, and what is left of the rate of bookings meanwhile."""
    stage.reset()
    kept: list[float] = []
    turns = {"seconds until all are released": lambda: _expire_once(stage, kept)}
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    holds = f"{stage.plan.size(HOLDS):,} holds running out in the same second, while bookings go on"
    return Outcome(
        [
            Figure(
                what=f"{holds}: all released within",
                value=median(found["seconds until all are released"]),
                bar=5,
                unit="s",
                ceiling=True,
            ),
            Figure(
                what="the bookings of the same show meanwhile",
                value=median(kept),
                bar=0.7,
                unit="× the rate",
                beside=f"{WINDOW_SECONDS} s after it beside {WINDOW_SECONDS} s before it",
            ),
        ]
    )


def _expire_once(stage: Stage, kept: list[float]) -> float:
    holds = stage.plan.size(HOLDS)
    show_id, _ = stage.seatline.make_shows(seats=FREE_SEATS + holds)
    with stage.seatline.cursor() as cursor:
        lead = WINDOW_SECONDS + MARGIN_SECONDS + FILLING_SECONDS * max(stage.plan.scale, 0.2)
        ends_at = add_holds(cursor, show_id=show_id, after=FREE_SEATS, holds=holds, seconds=lead)
        pause = -_ask_seconds_since(cursor, ends_at) - WINDOW_SECONDS - MARGIN_SECONDS
        if pause < 0:
            raise BenchError("the holds expired before they were all there")
        time.sleep(pause)
        seconds = 2 * (WINDOW_SECONDS + MARGIN_SECONDS)
        with ThreadPoolExecutor(1) as apart:
            loading = apart.submit(send, stage.seatline, Sale(show_id, show_id, FREE_SEATS), seconds=seconds)
            await_none(stage.seatline, _IS_HELD, show_id, what="holds")
            released_seconds = _ask_seconds_since(cursor, ends_at)
            loading.result()
        stage.await_quiet()
        cursor.execute(_COUNT_SETTLED, {"at": ends_at, "show": show_id, "window": WINDOW_SECONDS})
        before, after = cursor.fetchone()
    stage.say(
        f"bookings/s: {show_number(before / WINDOW_SECONDS)}, then {show_number(after / WINDOW_SECONDS)}"
    )
    # In those seconds a machine that is stuck may have settled none.
    kept.append(after / max(before, 1))
    return released_seconds


def _ask_seconds_since(cursor: Any, at: datetime) -> float:
    cursor.execute(_SECONDS_SINCE, (at,))
    return float(cursor.fetchone()[0])
