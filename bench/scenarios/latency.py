"""Times: at half of the top rate, and over the rates up to it."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median

from bench.figures import Figure, Outcome, Point, find_percentile, show_number, take_turns
from bench.journeys import Journeys, travel, travel_alone
from bench.loading import Load
from bench.scenarios.selling import SEATS, sell_fresh
from bench.selling import Sale, send
from bench.stage import Stage

HALF = 0.5
PARTS = (0.1, 0.25, 0.5, 0.75, 0.9)
# A sample of the crowd; the crowd itself is wrk, which takes less of the machine.
JOURNEYS_PER_SECOND = 40
JOURNEYS_PART = 0.5
LONE_JOURNEYS = 300
LONE_BARS = {50: 8, 99: 20}


def measure_times(stage: Stage) -> Outcome:
    """POST, and accepted to settled by a long poll, while bookings arrive at half of the top rate."""
    stage.reset()
    points: list[Point] = []
    tops: list[float] = []

    def measure_top() -> float:
        tops.append(sell_fresh(stage, stage.seatline))
        return tops[-1]

    def measure_half() -> float:
        points.append(measure_point(stage, tops[-1] * HALF))
        return points[-1].settled_p99

    # The rate that is halved is the one measured last, whichever turn comes first.
    measure_top()
    found = take_turns(
        stage.plan.rounds, {"top/s": measure_top, "settled p99 in ms": measure_half}, say=stage.say
    )
    top = median(found["top/s"])
    curve = [measure_point(stage, top * part) for part in PARTS]
    beside = f"at {show_number(median(point.rate for point in points))} bookings/s, half of the top rate"
    bars = {
        "POST p99": ([point.post_p99 for point in points], 30),
        "accepted to settled, as a long poll sees it: p50": ([point.settled_p50 for point in points], 40),
        "accepted to settled: p99": ([point.settled_p99 for point in points], 200),
    }
    figures = [
        Figure(what=what, value=median(values), bar=bar, unit="ms", ceiling=True, beside=beside)
        for what, (values, bar) in bars.items()
    ]
    return Outcome(figures, curve)


def measure_alone(stage: Stage) -> Outcome:
    """From POST to the outcome, for one client on a quiet machine, by a long poll and by Prefer."""
    stage.reset()
    seconds: dict[bool, list[float]] = {False: [], True: []}

    def travel_one_way(prefers: bool) -> float:
        seats = stage.plan.size(LONE_JOURNEYS)
        show_id, _ = stage.seatline.make_shows(seats=seats)
        stage.await_quiet()
        found = travel_alone(stage.seatline.url, show_id, seats=seats, prefers=prefers)
        seconds[prefers] += found
        return median(found) * 1_000

    ways = {False: "by ?wait=", True: "by Prefer"}
    turns = {f"{way}: p50 in ms": partial(travel_one_way, prefers) for prefers, way in ways.items()}
    take_turns(stage.plan.rounds, turns, say=stage.say)
    return Outcome(
        [
            Figure(
                what=f"a lone client, from POST to the outcome, {way}: p{percent}",
                value=find_percentile(seconds[prefers], percent / 100) * 1_000,
                bar=bar,
                unit="ms",
                ceiling=True,
            )
            for prefers, way in ways.items()
            for percent, bar in LONE_BARS.items()
        ]
    )


def measure_point(stage: Stage, rate: float) -> Point:
    """The times at a rate."""
    first, last = stage.seatline.make_shows(seats=SEATS)
    sale, seconds = Sale(first, last, SEATS), stage.plan.seconds
    sample = min(JOURNEYS_PER_SECOND, rate * JOURNEYS_PART)
    with ThreadPoolExecutor(1) as apart:
        loading = apart.submit(send, stage.seatline, sale, seconds=seconds, rate=rate - sample)
        journeys = travel(stage.seatline.url, sale, seconds=seconds, rate=sample)
        load = loading.result()
    stage.await_quiet()
    return _to_point(rate, load, journeys)


def _to_point(rate: float, load: Load, journeys: Journeys) -> Point:
    settled = [seconds * 1_000 for seconds in journeys.settled_seconds]
    return Point(
        rate=rate,
        post_p50=load.latency_ms[50],
        post_p99=load.latency_ms[99],
        settled_p50=find_percentile(settled, 0.5),
        settled_p99=find_percentile(settled, 0.99),
    )
