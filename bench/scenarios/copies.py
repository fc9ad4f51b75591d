"""Read replicas: what the primary is spared, while a show is sold and its seats are looked at."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from bench.cpu import measure_cpu
from bench.figures import Figure, Outcome, find_ratio, show_number, take_turns
from bench.loading import run_wrk
from bench.scenarios.selling import SEATS
from bench.selling import Sale, sell
from bench.stage import Stage
from local.embedded import find_free_port
from proof.standby import Standby

# Each sale makes a version, and so has them looked for anew.
SUGGESTIONS = "/shows/{}/suggestions?quantity=2"
SALES_A_SECOND = 200
SPARED = 0.8
SWITCH, NONE = "DATABASE_REPLICA_URLS", ""


def spare_primary(stage: Stage) -> Outcome:
    """The CPU time of the primary while suggestions are read and seats sold, with a replica and without."""
    stage.reset()
    with tempfile.TemporaryDirectory(prefix="seatline-replica-") as folder:
        Path(folder).chmod(0o755)
        replica = Standby(Path(folder) / "replica", stage.seatline.database_url, port=find_free_port())
        replica.start()
        reads: list[float] = []
        turns = {
            "ms/s of the primary": partial(_measure, stage, NONE, reads),
            "with a replica": partial(_measure, stage, replica.url, reads),
        }
        try:
            found = take_turns(stage.plan.rounds, turns, say=stage.say)
        finally:
            stage.move(**{SWITCH: NONE})
            replica.discard()
    alone, spared = found["ms/s of the primary"], found["with a replica"]
    beside = f"{show_number(median(spared))} beside {show_number(median(alone))} ms a second"
    return Outcome(
        [
            Figure(
                what=f"CPU time of the primary, suggestions being read at {SALES_A_SECOND} sales/s,"
                " with a replica against without",
                value=find_ratio(spared, alone),
                bar=SPARED,
                unit="× the time",
                ceiling=True,
                beside=f"{beside}; {show_number(median(reads))} suggestions/s",
            )
        ]
    )


def _measure(stage: Stage, replicas: str, reads: list[float]) -> float:
    stage.move(**{SWITCH: replicas})
    show_id, last = stage.seatline.make_shows(seats=stage.plan.size(SEATS))
    sale = Sale(show_id, last, stage.plan.size(SEATS))
    pid = stage.service.postgres.pid or 0
    before, seconds = measure_cpu(pid), stage.plan.seconds
    with ThreadPoolExecutor(1) as apart:
        selling = apart.submit(sell, stage.seatline, sale, seconds=seconds, rate=SALES_A_SECOND)
        reads.append(run_wrk(stage.seatline.url + SUGGESTIONS.format(show_id), seconds=seconds).rate)
        selling.result()
    spent = measure_cpu(pid) - before
    stage.await_quiet()
    return spent / seconds * 1000
