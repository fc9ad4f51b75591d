"""Live viewers: a crowd follows one show while it is sold, and each is told of every change in time."""

import json
import subprocess
import sys
import time
from urllib.parse import urlsplit

from bench.figures import Figure, Outcome, find_percentile, show_number
from bench.scenarios.latency import HALF
from bench.scenarios.selling import SEATS, sell_fresh
from bench.selling import Sale, send
from bench.stage import Stage
from bench.target import BenchError
from local.data_dirs import CHECKOUT

VIEWERS = 1_000
# For all of them to come in before the sale begins.
CONNECTING_SECONDS = 10
# After the last booking, until the last viewer must have heard of it.
LISTENING_SECONDS = 5

# A batch writes its seats' version and its bookings' time together.
_CHANGES = """
    SELECT s.version, extract(epoch FROM max(b.updated_at))::float
    FROM seats s JOIN bookings b ON b.id = s.booking_id WHERE s.show_id = %s GROUP BY s.version
"""


def watch_live(stage: Stage) -> Outcome:
    """From the commit of a change to each viewer's hearing of it, at half of the top rate."""
    stage.reset()
    count, seconds = stage.plan.size(VIEWERS), stage.plan.seconds
    rate = sell_fresh(stage, stage.seatline) * HALF
    show_id, _ = stage.seatline.make_shows(seats=SEATS)
    until = time.time() + CONNECTING_SECONDS + seconds + LISTENING_SECONDS
    # They have the map, as somebody has who looks at it.
    path, port = f"/shows/{show_id}/stream?since=1", str(urlsplit(stage.seatline.url).port)
    with subprocess.Popen(
        [sys.executable, "-m", "bench.viewers", port, path, str(count), str(until)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
    ) as crowd:
        time.sleep(CONNECTING_SECONDS)
        load = send(stage.seatline, Sale(show_id, show_id, SEATS), seconds=seconds, rate=rate)
        told = json.loads(crowd.communicate()[0])
    with stage.seatline.cursor() as cursor:
        cursor.execute(_CHANGES, (show_id,))
        delays = find_delays(dict(cursor.fetchall()), told)
    return Outcome(
        [
            Figure(
                what=f"{show_number(len(told))} viewers of a show, from a change to their hearing of it: p99",
                value=find_percentile(delays, 0.99) * 1_000,
                bar=1_000,
                unit="ms",
                ceiling=True,
                beside=f"while {show_number(load.rate)} bookings/s arrive",
            )
        ]
    )


def find_delays(changes: dict[int, float], told: list[list[tuple[int, float]]]) -> list[float]:
    """The seconds from each change to each viewer's first event of it or of a later one.

    Raises BenchError where a viewer was never told, or nothing changed.
    """
    delays = []
    for events in told:
        place = 0
        for version, changed_at in sorted(changes.items()):
            while place < len(events) and events[place][0] < version:
                place += 1
            if place == len(events):
                raise BenchError(f"a viewer was not told of version {version}")
            delays.append(events[place][1] - changed_at)
    if not delays:
        raise BenchError("nothing changed while viewers looked on")
    return delays
