"""What processes cost: CPU time, theirs and that of all they started."""

from contextlib import suppress

import psutil


def measure_cpu(pid: int) -> float:
    """The CPU seconds of a process and its descendants, those that have ended and were waited for too."""
    seconds = 0.0
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds
