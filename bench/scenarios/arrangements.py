"""The best seats of the largest halls, however they are arranged: what a choice takes of time and memory."""

import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from operator import attrgetter

from bench.arrangements import ARRANGEMENTS
from bench.figures import Figure, Outcome
from bench.stage import Stage
from core.halls.best import BestSeats
from core.halls.seat_index import find_index

SEATS, BOOKINGS, QUANTITY, TRIES = 100_000, 500, 10, 3
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Costs:
    """What it took in one hall, its free seats as they were worst: milliseconds, and megabytes at most."""

    choice: float
    suggestions: float
    batch: float
    memory: float


Cost = Callable[[Costs], float]
COSTS: tuple[tuple[str, Cost, float, str], ...] = (
    (f"the first {QUANTITY} best seats", attrgetter("choice"), 100, "ms"),
    (f"three times {QUANTITY} near a seat", attrgetter("suggestions"), 20, "ms"),
    (f"{BOOKINGS} bookings of {QUANTITY}", attrgetter("batch"), 5_000, "ms"),
    ("memory for all of these", attrgetter("memory"), 100, "MB"),
)


def choose_anywhere(stage: Stage) -> Outcome:
    """Each arrangement in a process of its own, which knows the hall already, as one that serves it does."""
    seats = stage.plan.size(SEATS)
    found: dict[str, Costs] = {}
    for name in ARRANGEMENTS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
            found[name] = apart.submit(measure, name, seats).result()
        stage.say(f"{name}: {found[name]}")
    among = f"of {seats:,} seats, in the worst of {len(ARRANGEMENTS)} arrangements"
    figures = [
        Figure(what=f"{what} {among}", value=value, bar=bar, unit=unit, ceiling=True, beside=worst)
        for what, cost, bar, unit in COSTS
        for value, worst in [max((cost(costs), name) for name, costs in found.items())]
    ]
    return Outcome(figures)


def measure(name: str, seats: int) -> Costs:
    """Of the processor's time the best of a few tries: whatever else the machine does is not meant."""
    hall = ARRANGEMENTS[name](seats)
    seats = hall.total_seats
    near = find_index(hall).numbers[seats // 2]
    masks = [
        b"\1" * seats,
        bytes(seat % 2 for seat in range(seats)),
        bytes(seat % 31 == 0 for seat in range(seats)),
    ]

    def choose(free: bytes) -> None:
        BestSeats(hall, free).choose(QUANTITY)

    def suggest(free: bytes) -> None:
        BestSeats(hall, free).suggest(QUANTITY, near=near)

    def settle(free: bytes) -> None:
        best = BestSeats(hall, free)
        for _ in range(BOOKINGS):
            if choice := best.choose(QUANTITY):
                best.discard(choice.seats)

    works = choose, suggest, settle
    for work in works:
        work(masks[0])
    choice, suggestions, batch = (max(_time(work, free) for free in masks) for work in works)
    tracemalloc.start()
    for work in works:
        work(masks[0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Costs(choice, suggestions, batch, peak / MEGABYTE)


def _time(work: Callable[[bytes], None], free: bytes) -> float:
    return min(_time_once(work, free) for _ in range(TRIES)) * 1000


def _time_once(work: Callable[[bytes], None], free: bytes) -> float:
    started_at = time.process_time()
    work(free)
    return time.process_time() - started_at
