"""Processes of one machine: find out what they are, wait for them, end them and all they started."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import psutil

POLL_SECONDS = 0.02


def wait_until(is_done: Callable[[], bool], *, timeout_seconds: float) -> bool:
    """Whether it came true within the time."""
    deadline = time.monotonic() + timeout_seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def find_command(pid: int) -> str:
    """The command line of a running process; empty where there is none (a zombie has none)."""
    if not Path("/proc/self/cmdline").exists():
        return subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return arguments.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")


def end_stranger(pid: int, marker: str, *, sign: signal.Signals, timeout_seconds: float) -> bool:
    """End a process that is no child of ours, if its command line holds the marker; whether there was one.

    The marker keeps a pid that was given to somebody else meanwhile from being hit.
    """
    if marker not in find_command(pid):
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, sign)
    if not wait_until(lambda: marker not in find_command(pid), timeout_seconds=timeout_seconds):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: marker not in find_command(pid), timeout_seconds=timeout_seconds)
    return True


def has_group(group: int) -> bool:
    """Whether any process of this process group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_any_at_work(groups: Collection[int]) -> bool:
    """Whether a process of these process groups is left, but for those that are dead and not yet reaped."""
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError):
            if process.info["status"] != psutil.STATUS_ZOMBIE and os.getpgid(process.pid) in groups:
                return True
    return False


def kill_group(group: int, *, timeout_seconds: float) -> bool:
    """Kill what is left of a process group; whether all of it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    return wait_until(lambda: not has_group(group), timeout_seconds=timeout_seconds)
