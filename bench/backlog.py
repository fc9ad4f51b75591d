"""The settling alone: how fast one process works off a backlog, beside what PostgreSQL itself can commit."""

import argparse
import cProfile
import os
import pstats
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

from bench.limit import CLIENTS, measure_limit
from core.infra.db import dispose_engines, primary, transaction
from core.infra.ids import new_id
from core.infra.slot_groups import of_show
from core.infra.slots import to_slot
from core.settling import queries as settling_queries
from core.settling.worker import settle_show
from core.shows.service import NewShow, create_show
from local.data_dirs import CHECKOUT
from local.embedded import find_free_port
from local.servers import EmbeddedPostgres, EmbeddedRedis

SEATS = 100_000
SHOW_PROMISE_SECONDS = 3.0
BACKLOG_PROMISE_SECONDS_PER_BOOKING = 2.0 / 10_000
# So many at a time, to stay under the statement time-out.
INSERTED_AT_ONCE = 10_000
YARDSTICK_SECONDS = 5
PROFILED_LINES = 25

_INSERT_BOOKINGS = text("""
    INSERT INTO bookings (id, slot, show_id, seats, hold, amount, currency)
    SELECT id, :slot, :show_id, ARRAY[seat], false, 0, 'EUR'
    FROM unnest(cast(:ids AS uuid[]), cast(:seats AS text[])) AS asked(id, seat)
""")
_COUNT_CONFIRMED = text("SELECT count(*) FROM bookings WHERE show_id = :show_id AND status = 'CONFIRMED'")


@contextmanager
def start_servers() -> Iterator[None]:
    """A migrated PostgreSQL that syncs its commits, and a Valkey, in a folder that goes afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-bench-"))
    # PostgreSQL may run as another user, who has to get through.
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "postgres", port=find_free_port())
    redis = EmbeddedRedis(folder / "valkey", port=find_free_port())
    try:
        os.environ |= {"DATABASE_URL": postgres.start(), "REDIS_URL": redis.start()}
        subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=CHECKOUT, check=True)
        yield
        dispose_engines()
    finally:
        postgres.discard()
        redis.discard()
        shutil.rmtree(folder, ignore_errors=True)


def measure_show() -> tuple[int, float]:
    """Create the show; its id, and how many seconds it took."""
    started = time.perf_counter()
    start_time = datetime.now(UTC) + timedelta(days=30)
    new = NewShow(name="Backlog", start_time=start_time, hold_seconds=120, total_seats=SEATS)
    with transaction() as connection:
        show = create_show(connection, new)
    return show.id, time.perf_counter() - started


def fill_backlog(connection: Connection, show_id: int, *, bookings: int) -> None:
    """PENDING bookings for a random seat each, no seat twice."""
    seats = random.Random(show_id).sample(range(1, SEATS + 1), bookings)
    for start in range(0, bookings, INSERTED_AT_ONCE):
        part = [str(seat) for seat in seats[start : start + INSERTED_AT_ONCE]]
        ids = [str(new_id(to_slot(show_id))) for _ in part]
        connection.execute(_INSERT_BOOKINGS, {**of_show(show_id), "ids": ids, "seats": part})


def settle_all(show_id: int) -> None:
    """Settle until nothing waits, in as many turns as it takes."""
    is_waiting = True
    while is_waiting:
        settle_show(show_id)
        with primary() as connection:
            is_waiting = any(settling_queries.select_work(connection, show_id))


def measure_settling(show_id: int, *, bookings: int, is_profiled: bool) -> float:
    """Seconds that it took to confirm the whole backlog; with a profile printed where wanted."""
    profile = cProfile.Profile() if is_profiled else None
    started = time.perf_counter()
    profile.runcall(settle_all, show_id) if profile else settle_all(show_id)
    seconds = time.perf_counter() - started
    with primary() as connection:
        confirmed = connection.execute(_COUNT_CONFIRMED, {"show_id": show_id}).scalar_one()
    if confirmed != bookings:
        raise RuntimeError(f"{confirmed} of {bookings} bookings are CONFIRMED")
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(PROFILED_LINES)
    return seconds


def main(arguments: list[str]) -> int:
    """Print the figures; 0 where the promises are kept, else 1."""
    parser = argparse.ArgumentParser(prog="backlog", description=__doc__)
    parser.add_argument("--bookings", type=int, default=10_000)
    parser.add_argument("--profile", action="store_true", help="print where the time goes (it costs some)")
    options = parser.parse_args(arguments)
    promise_seconds = options.bookings * BACKLOG_PROMISE_SECONDS_PER_BOOKING
    with start_servers():
        yardstick = measure_limit(os.environ["DATABASE_URL"], seconds=YARDSTICK_SECONDS)
        show_id, show_seconds = measure_show()
        with transaction() as connection:
            fill_backlog(connection, show_id, bookings=options.bookings)
        seconds = measure_settling(show_id, bookings=options.bookings, is_profiled=options.profile)
    print(f"a show of {SEATS:,} seats: {show_seconds:.2f} s (promised: {SHOW_PROMISE_SECONDS:.0f} s)")
    print(
        f"{options.bookings:,} bookings settled by one process: {seconds:.2f} s "
        f"(promised: {promise_seconds:.1f} s), {options.bookings / seconds:,.0f} a second"
    )
    print(f"yardstick: {yardstick:,.0f} single-row INSERTs committed a second by {CLIENTS} clients")
    return int(seconds > promise_seconds or show_seconds > SHOW_PROMISE_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
