"""Webhooks of payments beside a sale: how soon they are answered, and their bookings CONFIRMED."""

from concurrent.futures import ThreadPoolExecutor

from bench.bulk import add_holds, add_payments
from bench.figures import Figure, Outcome, find_percentile, show_number
from bench.notices import tell
from bench.scenarios.latency import HALF
from bench.scenarios.selling import SEATS, sell_fresh
from bench.selling import Sale, send
from bench.stage import Stage

RATE = 200
HOLD_SECONDS = 900
ANSWERED_MS, CONFIRMED_SECONDS = 50, 2

# From the success, which the booking's history has, to the event of its confirm.
_SELECT_WAITS = """
    SELECT extract(epoch FROM e.created_at - p.updated_at)::float
    FROM payments p LEFT JOIN events e ON e.booking_id = p.booking_id AND e.type = 'BOOKING_CONFIRMED'
    WHERE p.show_id = %s
"""


def take_webhooks(stage: Stage) -> Outcome:
    """200 webhooks a second beside a sale at half of the top rate."""
    stage.reset()
    top = sell_fresh(stage, stage.seatline)
    answered: list[float] = []
    waits: list[float] = []
    for _ in range(stage.plan.rounds):
        some = _take_some(stage, top * HALF)
        answered += some[0]
        waits += some[1]
        stage.say(f"webhooks answered: p99 {find_percentile(some[0], 0.99) * 1_000:.1f} ms")
    beside = f"{RATE} a second beside {show_number(top * HALF)} bookings a second"
    return Outcome(
        [
            Figure(
                what="a payment's webhook answered: p99",
                value=find_percentile(answered, 0.99) * 1_000,
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


def _take_some(stage: Stage, rate: float) -> tuple[list[float], list[float]]:
    """Seconds until webhooks were answered, and until their bookings were CONFIRMED after that."""
    side, seconds = stage.seatline, stage.plan.seconds
    count = round(RATE * seconds)
    show_id, _ = side.make_shows(seats=count)
    with side.cursor() as cursor:
        add_holds(cursor, show_id=show_id, after=0, holds=count, seconds=HOLD_SECONDS)
        payments = add_payments(cursor, show_id=show_id)
    first, last = side.make_shows(seats=SEATS)
    with ThreadPoolExecutor(1) as apart:
        selling = apart.submit(send, side, Sale(first, last, SEATS), seconds=seconds, rate=rate)
        told = tell(side.url, payments, rate=RATE)
        selling.result()
    stage.await_quiet()
    with side.cursor() as cursor:
        cursor.execute(_SELECT_WAITS, (show_id,))
        # One that was never confirmed has waited without end.
        waits = [float("inf") if wait is None else wait for (wait,) in cursor.fetchall()]
    return told.seconds, waits
