"""Faults of the servers: killed, frozen, wiped, full, out of connections, locked."""

import os
import random
import signal
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta

import psycopg2
from redis import Redis
from redis.exceptions import RedisError

from core.infra.db import transaction
from core.webhooks.service import list_endpoints, replay_events
from proof.faults.kinds import SkippedError
from proof.faults.processes import signal_all
from proof.world import World


def kill_redis(world: World, chance: random.Random) -> None:
    """Kill Redis, and start it again with what it kept."""
    os.kill(world.redis.pid or 0, signal.SIGKILL)
    time.sleep(chance.uniform(1, 5))
    world.heal()


def freeze_redis(world: World, chance: random.Random) -> None:
    """Redis stands still."""
    os.kill(world.redis.pid or 0, signal.SIGSTOP)
    time.sleep(chance.uniform(2, 6))


def wipe_redis(world: World, chance: random.Random) -> None:
    """FLUSHALL, again and again."""
    with Redis.from_url(world.redis.url) as redis:
        for _ in range(5):
            time.sleep(chance.uniform(0.2, 1))
            redis.flushall()


def fill_redis(world: World, chance: random.Random) -> None:
    """Redis has no memory left for anything new."""
    with Redis.from_url(world.redis.url) as redis:
        redis.config_set("maxmemory", "1")
        time.sleep(chance.uniform(3, 5))
        try:
            redis.config_set("maxmemory", "0")
        except RedisError as error:
            raise AssertionError("Redis stays full") from error


def kill_postgres(world: World, chance: random.Random) -> None:
    """PostgreSQL ends at once, as in a crash, and recovers from its log."""
    os.kill(world.postgres.pid or 0, signal.SIGQUIT)
    time.sleep(chance.uniform(0.5, 3))
    world.heal()


def freeze_postgres(world: World, chance: random.Random) -> None:
    """PostgreSQL and all of its sessions stand still."""
    pids = world.find_server_pids(world.postgres)
    signal_all(pids, signal.SIGSTOP)
    time.sleep(chance.uniform(1, 5))
    signal_all(pids, signal.SIGCONT)


def cut_connections(world: World, chance: random.Random) -> None:
    """Every session on PostgreSQL is ended, again and again."""
    with ExitStack() as stack:
        connection = _connect(world, stack)
        for _ in range(chance.randint(5, 15)):
            _cut(connection, 0.7)
            time.sleep(chance.uniform(0.05, 0.5))


def exhaust_connections(world: World, chance: random.Random) -> None:
    """PostgreSQL has no connection left for those that lost theirs."""
    with ExitStack() as stack:
        connection = _connect(world, stack)
        seconds = chance.uniform(1.5, 4)
        _cut(connection, 1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(psycopg2.OperationalError):
                while True:
                    _connect(world, stack)
            time.sleep(0.01)


def lock_tables(world: World, chance: random.Random) -> None:
    """Somebody has bookings to himself, as a migration might."""
    with ExitStack() as stack:
        connection = _connect(world, stack)
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE bookings IN ACCESS EXCLUSIVE MODE")
            time.sleep(chance.uniform(0.5, 4))
        connection.rollback()


def fill_disk(world: World, chance: random.Random) -> None:
    """There is no room left for PostgreSQL's data."""
    if not world.is_disk_small:
        raise SkippedError("only root can mount a small disk")
    ballast = world.folder / "postgres" / "ballast"
    try:
        with ballast.open("wb") as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
    except OSError:
        # What was in the buffer has no room either when it is closed.
        pass
    time.sleep(chance.uniform(2, 4))
    ballast.unlink()


def _connect(world: World, stack: ExitStack) -> psycopg2.extensions.connection:
    connection = psycopg2.connect(world.postgres.url, application_name="proof")
    stack.callback(connection.close)
    connection.autocommit = True
    return connection


def _cut(connection: psycopg2.extensions.connection, share: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'seatline' AND random() < %s",
            (share,),
        )


def break_webhooks(world: World, chance: random.Random) -> None:
    """The receiver hangs, fails, redirects, has enough, by turns."""
    for answer in (500, 307, 429, world.sink.hang):
        world.sink.answers["/"] = answer
        time.sleep(chance.uniform(0.5, 1.5))
    world.sink.answers.clear()
    world.sink.let_go.set()
    world.sink.let_go.clear()
    # As an operator would who has mended it: otherwise what failed most waits for minutes.
    with transaction() as connection:
        for endpoint in list_endpoints(connection):
            since = datetime.now(UTC) - timedelta(seconds=chance.uniform(0, 5))
            replay_events(connection, endpoint.id, since=since, event_id=None)


def freeze_events_broker(world: World, chance: random.Random) -> None:
    """The events broker stands still."""
    os.kill(world.events.pid or 0, signal.SIGSTOP)
    time.sleep(chance.uniform(2, 5))


def kill_events_broker(world: World, chance: random.Random) -> None:
    """The events broker is gone for a while."""
    world.events.stop()
    time.sleep(chance.uniform(2, 5))
    world.heal()
