"""Journeys beside E, where one POST is the whole of it: booked, and every way to learn what became of it."""

from collections.abc import Callable
from functools import partial

from bench.figures import Figure, Outcome, compare_rates, take_turns
from bench.loading import CONNECTIONS
from bench.scenarios.selling import FEW_SEATS, SEATS, sell_distinct, sell_fresh
from bench.selling import Sale, travel_by_prefer, travel_by_wait
from bench.side import Side
from bench.stage import Plan, Stage

MANY_CONNECTIONS = 128
# How many times E's rate each must reach, by the connections.
Bars = dict[int, float]
POSTS: Bars = {CONNECTIONS: 2.3, MANY_CONNECTIONS: 2.8}
BY_WAIT: Bars = {CONNECTIONS: 1.2, MANY_CONNECTIONS: 1.6}
BY_PREFER: Bars = {CONNECTIONS: 1.4, MANY_CONNECTIONS: 1.9}


def travel_beside_express(stage: Stage) -> Outcome:
    """A seat of one's own each: POST until settled, and journeys by ?wait= and by Prefer."""
    stage.reset()
    figures: list[Figure] = []
    for connections in choose_connections(stage.plan):
        turns = {
            "E": partial(sell_distinct, stage, stage.express, connections),
            "settled/s": partial(sell_distinct, stage, stage.seatline, connections),
            "by ?wait=/s": partial(_travel, stage, travel_by_wait, connections),
            "by Prefer/s": partial(_travel, stage, travel_by_prefer, connections),
        }
        found = take_turns(stage.plan.rounds, turns, say=stage.say)
        rows = {
            "settled/s": ("settled bookings/s, a seat of one's own each", POSTS),
            "by ?wait=/s": ("journeys/s: POST, then GET ?wait=10 until settled", BY_WAIT),
            "by Prefer/s": ("journeys/s: POST with Prefer: wait=10", BY_PREFER),
        }
        figures += [
            set_beside_express(
                f"{what}, {connections} connections", found[name], found["E"], bars[connections]
            )
            for name, (what, bars) in rows.items()
        ]
    return Outcome(figures)


def fight_beside_express(stage: Stage) -> Outcome:
    """Everybody wants one of 500 seats, there and here."""
    stage.reset()
    figures = []
    for connections in choose_connections(stage.plan):
        turns = {
            "E": partial(_fight, stage, stage.express, connections),
            "settled/s": partial(_fight, stage, stage.seatline, connections),
        }
        found = take_turns(stage.plan.rounds, turns, say=stage.say)
        what = f"settled bookings/s, a fight for 500 seats, {connections} connections"
        figures.append(set_beside_express(what, found["settled/s"], found["E"], POSTS[connections]))
    return Outcome(figures)


def choose_connections(plan: Plan) -> tuple[int, ...]:
    """A crowd, and where there is time one four times as large."""
    return (CONNECTIONS,) if plan.is_smoke else (CONNECTIONS, MANY_CONNECTIONS)


def set_beside_express(what: str, rates: list[float], express: list[float], bar: float) -> Figure:
    """A rate as so many times E's."""
    return compare_rates(what, rates, express, bar=bar, unit="× E", name="E")


def _fight(stage: Stage, side: Side, connections: int) -> float:
    return sell_fresh(stage, side, seats=FEW_SEATS, connections=connections)


def _travel(stage: Stage, travel: Callable[..., float], connections: int) -> float:
    seats = stage.plan.size(SEATS)
    first, last = stage.seatline.make_shows(seats=seats)
    sale = Sale(first, last, seats, is_distinct=True)
    rate = travel(stage.seatline, sale, seconds=stage.plan.seconds, connections=connections)
    stage.await_quiet()
    return rate
