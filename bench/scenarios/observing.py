"""What it costs to be seen: metrics, a line of the log a request and traces, beside processes without."""

from functools import partial
from pathlib import Path
from statistics import median

from bench.collecting import run_collector
from bench.cpu import measure_cpu
from bench.figures import Figure, Outcome, find_ratio, show_number, take_turns
from bench.scenarios.selling import SEATS
from bench.selling import Sale, sell, warm
from bench.service import OTHER_WEB
from bench.side import Side
from bench.stage import Stage
from local.embedded import find_free_port

SEEN, UNSEEN = "seen", "unseen"
# Times the CPU time.
BAR = 1.1
TRACED_PART = "0.01"
NOTHING = {
    "REQUEST_LOG": "false",
    # Where Python finds a `sitecustomize` that has metrics count nothing.
    "PYTHONPATH": str(Path(__file__).parents[1] / "unobserved"),
}


def sell_seen_and_unseen(stage: Stage) -> Outcome:
    """The CPU time of web and of worker a booking, seen and unseen.

    Both webs stand side by side, as a process that was just started costs more for a while. Of workers there
    is one at a time, since any would settle a show; it is started anew and warmed up for each turn.
    """
    workers: dict[str, list[float]] = {SEEN: [], UNSEEN: []}
    with run_collector() as endpoint:
        traced = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": TRACED_PART,
        }
        everything = {**traced, "METRICS_PORT": str(find_free_port())}
        stage.service.replace("web", **traced)
        with stage.service.run_other_web(**NOTHING) as url:
            other = Side(url, stage.seatline.database_url)
            warm(stage.seatline)
            warm(other)
            seen = partial(_measure, stage, stage.seatline, "web", everything, workers[SEEN])
            unseen = partial(_measure, stage, other, OTHER_WEB, NOTHING, workers[UNSEEN])
            turns = {f"µs of web a booking, {SEEN}": seen, UNSEEN: unseen}
            found = take_turns(stage.plan.rounds, turns, say=stage.say)
        for name in ("web", "worker"):
            stage.service.replace(name)
    webs = dict(zip(workers, found.values(), strict=True))
    return Outcome([_compare("web", webs), _compare("worker", workers)])


def _measure(stage: Stage, side: Side, web: str, variables: dict[str, str], workers: list[float]) -> float:
    """The µs of a web a booking; those of a worker that is started for it are appended."""
    stage.service.replace("worker", **variables)
    warm(side)
    seats = stage.plan.size(SEATS)
    show_id, _ = stage.seatline.make_shows(seats=seats)
    pids = [stage.service.find_pids(name)[0] for name in (web, "worker")]
    before = [measure_cpu(pid) for pid in pids]
    sold = sell(side, Sale(show_id, show_id, seats, is_distinct=True), seconds=stage.plan.seconds)
    of_web, of_worker = (
        (measure_cpu(pid) - was) / sold.load.requests * 1e6 for pid, was in zip(pids, before, strict=True)
    )
    stage.await_quiet()
    workers.append(of_worker)
    return of_web


def _compare(process: str, spent: dict[str, list[float]]) -> Figure:
    seen, unseen = spent[SEEN], spent[UNSEEN]
    return Figure(
        what=f"CPU time of {process} a booking, with metrics, a line a request and 1 % traced, against none",
        value=find_ratio(seen, unseen),
        bar=BAR,
        unit="× the time",
        ceiling=True,
        beside=f"{show_number(median(seen))} µs beside {show_number(median(unseen))} µs",
    )
