"""Faults of the processes: killed, frozen, restarted, too many, at the wrong time of day."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from local.embedded import EmbeddedServer
from local.processes import wait_until
from proof.faults.kinds import Fault, SkippedError
from proof.world import PROCESSES, World

# Chance comes to its point well before that, or the point is no longer where it was.
STRUCK_WITHIN_SECONDS = 30
# Ten are the promise; the rest is the way there and back on a busy machine.
STOPPED_WITHIN_SECONDS = 11
AT_WORK_WITHIN_SECONDS = 30


def kill_process(name: str) -> Fault:
    """Kill a process with all its children, twice, at a random time."""

    def fault(world: World, chance: random.Random) -> None:
        for _ in range(2):
            time.sleep(chance.uniform(0, 1))
            world.kill(name)
            time.sleep(chance.uniform(0.1, 0.7))
            world.heal()

    return fault


def freeze_process(name: str) -> Fault:
    """Stop a process with all its children for longer than the server lets its transactions idle."""

    def fault(world: World, chance: random.Random) -> None:
        time.sleep(chance.uniform(0, 1))
        pids = world.find_pids(name)
        signal_all(pids, signal.SIGSTOP)
        time.sleep(chance.uniform(3.2, 5))
        signal_all(pids, signal.SIGCONT)

    return fault


def signal_all(pids: list[int], sign: signal.Signals) -> None:
    """Send a signal to all of these."""
    for pid in pids:
        os.kill(pid, sign)


def kill_child(name: str, *, times: int) -> Fault:
    """Kill one of the processes that a process started, again and again."""

    def fault(world: World, chance: random.Random) -> None:
        for _ in range(times):
            time.sleep(chance.uniform(0.2, 0.9))
            # The first is its shell, or itself; of the worker, the second is whoever minds the pool.
            children = world.find_pids(name)[2 if name == "worker" else 1 :]
            if children:
                os.kill(chance.choice(children), signal.SIGKILL)

    return fault


def hook(name: str, point: str, *, chance_of_each: float) -> Fault:
    """Have a process die or dawdle at a point in its code, by chance, for a few seconds."""

    def fault(world: World, chance: random.Random) -> None:
        world.strikes.unlink(missing_ok=True)
        began, seconds = time.monotonic(), chance.uniform(2.5, 4)
        world.respawn(name, PROOF_HOOK=f"{point}:{chance_of_each}")
        while time.monotonic() < began + seconds or not world.strikes.exists():
            if world.is_dead(name):
                world.respawn(name, PROOF_HOOK=f"{point}:{chance_of_each}")
            if time.monotonic() > began + STRUCK_WITHIN_SECONDS:
                raise AssertionError(f"{name} never came to {point}")
            time.sleep(0.05)

    return fault


def freeze_until_redelivered(world: World, chance: random.Random) -> None:
    """A worker stands still until another was given its message, then goes on with it: a zombie."""
    world.respawn("worker", PROOF_HOOK="quick-redelivery:2")
    world.add("worker", PROOF_HOOK="quick-redelivery:2")
    time.sleep(chance.uniform(1.5, 2))
    freeze_process("worker")(world, chance)
    time.sleep(chance.uniform(0.5, 1))


def two_beats(world: World, chance: random.Random) -> None:
    """A second clock."""
    world.add("beat")
    time.sleep(chance.uniform(3, 4))


def no_beat(world: World, chance: random.Random) -> None:
    """No clock, for longer than the workers wait before they sweep by themselves."""
    world.kill("beat")
    time.sleep(chance.uniform(5, 7))


def restart_all(world: World, _chance: random.Random) -> None:
    """A rolling restart: each process in turn is told to stop, and started again."""
    for name in ("worker", "outbound", "beat", "web"):
        if (code := world.restart(name)) not in (0, -signal.SIGTERM):
            raise AssertionError(f"{name} ended with {code}")
        world.heal()


def restart_without(find_server: Callable[[World], EmbeddedServer]) -> Fault:
    """Each process is stopped, and started again, while a server is away; all come back by themselves."""

    def fault(world: World, chance: random.Random) -> None:
        server = find_server(world)
        server.stop()
        for name in PROCESSES:
            began = time.monotonic()
            world.restart(name)
            if time.monotonic() - began > STOPPED_WITHIN_SECONDS:
                world.complaints.append(f"{name} stopped late")
        time.sleep(chance.uniform(0.5, 3))
        server.start()
        if not wait_until(lambda: world.is_at_work, timeout_seconds=AT_WORK_WITHIN_SECONDS):
            world.complaints.append("bookings are not settled again")
        world.complaints += [f"{name} ended" for name in PROCESSES if world.is_dead(name)]

    return fault


def shift_clock(name: str) -> Fault:
    """Put a process's clock an hour forward or back, while it runs."""

    def fault(world: World, chance: random.Random) -> None:
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not libraries:
            raise SkippedError("libfaketime is not installed")
        clock = world.folder / "clock"
        clock.write_text("+0\n")
        world.respawn(
            name,
            LD_PRELOAD=str(libraries[0]),
            FAKETIME_TIMESTAMP_FILE=str(clock),
            FAKETIME_NO_CACHE="1",
            # A monotonic clock does not jump with the time of day.
            FAKETIME_DONT_FAKE_MONOTONIC="1",
        )
        time.sleep(chance.uniform(1, 2))
        clock.write_text(chance.choice(("+1h\n", "-1h\n")))
        time.sleep(chance.uniform(3, 5))

    return fault
