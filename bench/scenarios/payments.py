"""Webhooks of payments beside a sale: how soon they are answered, and their bookings CONFIRMED."""

from concurrent.futures import ThreadPoolExecutor
from statistics import median

from bench.bulk import add_holds, add_payments
from bench.figures import Figure, Outcome, find_percentile, show_number
from bench.notices import tell
from bench.scenarios.latency import HALF
from bench.scenarios.selling import SEATS, sell_fresh
from bench.selling import Sale, send
from bench.stage import Stage
from bench.target import BenchError

RATE = 200
HOLD_SECONDS = 900
ANSWERED_MS, CONFIRMED_SECONDS = 50, 2

# More than are told of: one that is told of again would be cheaper.
SPARE = 1.2

# From the success to the event of its confirm. One that is not confirmed has waited without end.
_SELECT_WAITS = """
    SELECT coalesce(extract(epoch FROM e.created_at - l.at)::float, 'inf')
    FROM ledger_entries l LEFT JOIN payments p ON p.id = l.payment_id
    LEFT JOIN events e ON e.booking_id = p.booking_id AND e.type = 'BOOKING_CONFIRMED'
    WHERE l.show_id = %s AND l.kind = 'paid'
"""


def take_webhooks(stage: Stage) -> Outcome:
    """200 webhooks a second beside a sale at half of the top rate."""
    stage.reset()
    top = sell_fresh(stage, stage.seatline)
    answered: list[float] = []
    waits: list[float] = []
    for _ in range(stage.plan.rounds):
        p99, some = _take_some(stage, top * HALF)
        answered.append(p99)
        waits += some
        stage.say(f"webhooks answered: p99 {p99:.1f} ms")
    beside = f"{RATE} a second beside {show_number(top * HALF)} bookings a second"
    return Outcome(
        [
            Figure(
                what="a payment's webhook answered: p99",
                value=median(answered),
                bar=ANSWERED_MS,
                unit="ms",
                ceiling=True,
                beside=beside,
            ),
            Figure(
                what="from a payment's success to its booking CONFIRMED: the longest",
                value=max(waits),
                bar=CONFIRMED_SECONDS,
                unit="s",
                ceiling=True,
                beside=f"p50 {find_percentile(waits, 0.5) * 1_000:.0f} ms",
            ),
        ]
    )


def _take_some(stage: Stage, rate: float) -> tuple[float, list[float]]:
    """The p99 of webhooks answered, in ms, and the seconds until their bookings were CONFIRMED."""
    side, seconds = stage.seatline, stage.plan.seconds
    count = round(RATE * seconds * SPARE)
    show_id, _ = side.make_shows(seats=count)
    with side.cursor() as cursor:
        add_holds(cursor, show_id=show_id, after=0, holds=count, seconds=HOLD_SECONDS)
        payments = add_payments(cursor, show_id=show_id)
    first, last = side.make_shows(seats=SEATS)
    with ThreadPoolExecutor(1) as apart:
        selling = apart.submit(send, side, Sale(first, last, SEATS), seconds=seconds, rate=rate)
        load = tell(side.url, payments, seconds=seconds, rate=RATE)
        selling.result()
    stage.await_quiet()
    with side.cursor() as cursor:
        cursor.execute(_SELECT_WAITS, (show_id,))
        waits = [wait for (wait,) in cursor.fetchall()]
    if len(waits) == count:
        raise BenchError(f"{count} payments are too few")
    return load.latency_ms[99], waits
