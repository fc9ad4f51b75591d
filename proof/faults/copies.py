"""Faults of what is around PostgreSQL: a standby that takes over, replicas, a pooler."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2

from local.embedded import find_free_port
from local.processes import wait_until
from local.servers import EmbeddedPostgres
from proof.faults.kinds import Fault, SkippedError
from proof.pgbouncer import PgBouncer, find_program
from proof.standby import Standby
from proof.world import PROCESSES, World

SYNCHRONOUS_WITHIN_SECONDS = 30


def fail_over(world: World, chance: random.Random) -> None:
    """The primary is gone, and its synchronous standby is promoted: the URL has both."""
    primary = world.postgres
    standby = _make_standby(world)
    _tell(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    is_synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    if not wait_until(
        lambda: bool(_tell(primary.url, is_synchronous)), timeout_seconds=SYNCHRONOUS_WITHIN_SECONDS
    ):
        raise AssertionError("the standby does not follow")
    hosts = f"@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/"
    url = primary.url.replace(f"@127.0.0.1:{primary.port}/", hosts)
    world.enter(DATABASE_URL=f"{url}?target_session_attrs=read-write")
    time.sleep(chance.uniform(0.5, 2))
    _crash(primary)
    time.sleep(chance.uniform(0, 1.5))
    standby.promote()
    world.move(standby)


def strike_replica(strike: Callable[[Standby], None]) -> Fault:
    """Have web read from a replica, and do something to that."""

    def fault(world: World, chance: random.Random) -> None:
        replica = _make_standby(world)
        try:
            world.respawn("web", DATABASE_REPLICA_URLS=replica.url)
            time.sleep(chance.uniform(1, 2))
            strike(replica)
            time.sleep(chance.uniform(2, 5))
            world.restart("web")
        finally:
            replica.discard()

    return fault


def pause(replica: Standby) -> None:
    """It takes what comes, and shows nothing of it."""
    _tell(replica.url, "SELECT pg_wal_replay_pause()")


def kill(replica: Standby) -> None:
    """It is gone."""
    _crash(replica)


def promote(replica: Standby) -> None:
    """It is a primary, and follows nobody any more."""
    replica.promote()


def restart_pooler(world: World, chance: random.Random) -> None:
    """Everything goes through PgBouncer, which is killed and started again."""
    if find_program() is None:
        raise SkippedError("pgbouncer is not installed")
    folder = _name_folder(world)
    folder.mkdir(mode=0o755)
    pooler = PgBouncer(folder, world.postgres.url)
    pooler.start()
    try:
        for name in PROCESSES:
            world.respawn(name, DATABASE_URL=pooler.url, DATABASE_POOLER="pgbouncer")
        for _ in range(2):
            time.sleep(chance.uniform(0.5, 1.5))
            pooler.stop()
            time.sleep(chance.uniform(0, 0.5))
            pooler.start()
        time.sleep(chance.uniform(0.5, 1.5))
        for name in PROCESSES:
            world.restart(name)
    finally:
        pooler.stop()


def _crash(server: EmbeddedPostgres) -> None:
    if server.pid is None:
        raise AssertionError("the server is not there to be killed")
    os.kill(server.pid, signal.SIGQUIT)


def _make_standby(world: World) -> Standby:
    standby = Standby(_name_folder(world), world.postgres.url, port=find_free_port())
    standby.start()
    return standby


def _name_folder(world: World) -> Path:
    return world.folder / f"copy{time.monotonic_ns()}"


def _tell(url: str, *statements: str) -> object:
    """Have a server run statements; the last one's first value, where it has any."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            found = cursor.fetchone()
            return found and found[0]
