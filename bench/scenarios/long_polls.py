"""Long polls: thousands wait on one web process, and are woken at once."""

import asyncio
import os
import resource
import time
from uuid import UUID

import psutil

from bench.bulk import add_backlog
from bench.figures import Figure, Outcome
from bench.long_polls import TOLD_SECONDS, WAIT_SECONDS, Told, poll_together
from bench.stage import Stage
from bench.target import BenchError
from core.bookings.announcements import encode_ids
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import get_redis

POLLS = 5_000
MEGABYTES, SECONDS = 60, 1
MEGABYTE = 1_000_000
# Beside the polls: files and connections of the process itself.
OTHER_FILES = 500

_SELECT_IDS = "SELECT id::text FROM bookings WHERE show_id = %s"
_SETTLE = """
    UPDATE bookings SET status = 'CONFIRMED', wants = NULL, updated_at = clock_timestamp() WHERE show_id = %s
"""


def wake_long_polls(stage: Stage) -> Outcome:
    """What they take of memory while they wait, and how long it is until the last has its answer."""
    stage.reset()
    polls, processes = stage.plan.size(POLLS), os.environ["WEB_CONCURRENCY"]
    _allow_files(polls + OTHER_FILES)
    try:
        stage.move(WEB_CONCURRENCY="1")
        # Nobody settles anything, until all of it is settled at once.
        stage.service.stop_processes("beat", "worker", "outbound")
        told, grown = _wake(stage, polls)
    finally:
        stage.move(WEB_CONCURRENCY=processes)
    of_all = f"{polls:,} long polls at one web process"
    beside = f"{told.waiting:,} waited, {len(told.seconds):,} were told"
    is_whole = len(told.seconds) == polls
    return Outcome(
        [
            Figure(what=f"{of_all}: waiting", value=told.waiting, bar=polls, unit=""),
            Figure(
                what=f"{of_all}: memory (RSS) that they take, those that wait counting for all",
                value=grown / MEGABYTE * polls / max(told.waiting, 1),
                bar=MEGABYTES,
                unit="MB",
                ceiling=True,
                beside=beside,
            ),
            Figure(
                what=f"{of_all}: all woken at once, until the last is told",
                value=max(told.seconds) if is_whole else TOLD_SECONDS,
                bar=SECONDS,
                unit="s",
                ceiling=True,
                beside=beside,
            ),
        ]
    )


def _wake(stage: Stage, polls: int) -> tuple[Told, float]:
    """Who was told when, and by how many bytes the web process had grown by then."""
    show_id, _ = stage.seatline.make_shows(seats=polls)
    with stage.seatline.cursor() as cursor:
        add_backlog(cursor, show_id=show_id, bookings=polls)
        cursor.execute(_SELECT_IDS, (show_id,))
        ids = [id_ for (id_,) in cursor.fetchall()]
        before, grown = _measure_memory(stage), 0.0

        def wake() -> float:
            nonlocal grown
            grown = _measure_memory(stage) - before
            cursor.execute(_SETTLE, (show_id,))
            woken_at = time.monotonic()
            get_redis().publish(BOOKINGS_CHANNEL, encode_ids(map(UUID, ids)))
            return woken_at

        paths = [f"/bookings/{id_}?wait={WAIT_SECONDS}" for id_ in ids]
        told = asyncio.run(poll_together(stage.seatline.url, paths, outcome="CONFIRMED", wake=wake))
    return told, grown


def _measure_memory(stage: Stage) -> float:
    return float(sum(psutil.Process(pid).memory_info().rss for pid in stage.service.find_pids("web")))


def _allow_files(files: int) -> None:
    """For this process, and those that it starts. Raises BenchError where the system does not allow it."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY != most < files:
        raise BenchError(f"{files:,} open files are needed, and {most:,} allowed (ulimit -n)")
    if resource.RLIM_INFINITY != allowed < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
