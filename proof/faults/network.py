"""Faults of the network: answers that are swallowed, connections that are half-open."""

import random
import time

from local.embedded import EmbeddedServer
from local.processes import wait_until
from proof.faults.kinds import Fault
from proof.proxy import run_proxy
from proof.world import World

# What commits: of a transaction the COMMIT, of a booking that is accepted its INSERT itself.
COMMITS = (b"COMMIT\x00", b"INSERT INTO bookings")


def reroute(url: str, server: EmbeddedServer, port: int) -> str:
    """The server's URL with another port."""
    return url.replace(f":{server.port}/", f":{port}/")


def swallow_answers(name: str) -> Fault:
    """Swallow what PostgreSQL answers to a process's commits, now and then, and cut the connection."""

    def fault(world: World, chance: random.Random) -> None:
        with run_proxy(world.postgres.port) as proxy:
            world.respawn(name, DATABASE_URL=reroute(world.postgres.url, world.postgres, proxy.port))
            for number in range(1, chance.randint(4, 8)):
                time.sleep(chance.uniform(0.2, 0.7))
                proxy.swallow = COMMITS
                wait_until(lambda number=number: proxy.swallowed >= number, timeout_seconds=2)  # type: ignore[misc]
                proxy.swallow = ()
            if not proxy.swallowed:
                raise AssertionError(f"{name} never committed")
            world.restart(name)

    return fault


def half_open(name: str, variable: str) -> Fault:
    """Have nothing come through between a process and a server, and nothing say so."""

    def fault(world: World, chance: random.Random) -> None:
        server = {"DATABASE_URL": world.postgres, "REDIS_URL": world.redis}[variable]
        with run_proxy(server.port) as proxy:
            world.respawn(name, **{variable: reroute(server.url, server, proxy.port)})
            time.sleep(chance.uniform(1, 2))
            proxy.is_silent = True
            time.sleep(chance.uniform(2, 4))
            # What was sent meanwhile never arrives: such a connection is of no use any more.
            proxy.cut()
            proxy.is_silent = False
            time.sleep(chance.uniform(0.5, 1))
            world.restart(name)

    return fault
