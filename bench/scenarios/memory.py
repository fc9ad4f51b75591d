"""Memory: what the largest process of a kind takes at full load, and whether it grows."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from statistics import median

import psutil

from bench.figures import Figure, Outcome, show_number
from bench.scenarios.selling import SEATS
from bench.selling import Sale, send
from bench.stage import Stage

SECONDS = 600
SHOWS = 10
SAMPLES = 100
MEGABYTE = 1_000_000
BARS = {"web": 150, "worker": 200}
# What is loaded on first use is there by then.
FIRST, LAST = slice(SAMPLES // 10, SAMPLES // 5), slice(-SAMPLES // 10, None)


def watch_memory(stage: Stage) -> Outcome:
    """PSS over ten minutes of bookings, as many as the service can take."""
    stage.reset()
    seconds = stage.plan.size(SECONDS)
    first, last = stage.seatline.make_shows(count=SHOWS, seats=SEATS)
    is_over = threading.Event()
    samples: dict[str, list[float]] = {name: [] for name in BARS}
    with ThreadPoolExecutor(1) as apart:
        loading = apart.submit(send, stage.seatline, Sale(first, last, SEATS), seconds=seconds)
        loading.add_done_callback(lambda _: is_over.set())
        while not is_over.wait(seconds / SAMPLES):
            for name, found in samples.items():
                found.append(_find_largest(stage, name))
        rate = loading.result().rate
    stage.await_quiet()
    beside = f"over {seconds} s at {show_number(rate)} bookings/s"
    return Outcome([figure for name in BARS for figure in _to_figures(name, samples[name], beside=beside)])


def _find_largest(stage: Stage, name: str) -> float:
    sizes = [0.0]
    for pid in stage.service.find_pids(name):
        with suppress(psutil.NoSuchProcess):
            sizes.append(psutil.Process(pid).memory_full_info().pss / MEGABYTE)
    return max(sizes)


def _to_figures(name: str, samples: list[float], *, beside: str) -> list[Figure]:
    growth = median(samples[LAST]) / median(samples[FIRST])
    return [
        Figure(
            what=f"memory (PSS) of the largest {name} process, at full load",
            value=max(samples),
            bar=BARS[name],
            unit="MB",
            ceiling=True,
            beside=beside,
        ),
        Figure(
            what=f"its end against its beginning ({name})",
            value=growth,
            bar=1.1,
            unit="× the memory",
            ceiling=True,
        ),
    ]
