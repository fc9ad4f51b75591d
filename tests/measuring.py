"""How long something takes, and how much of it was this machine's other work."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

# What a process waited is lost with it: it is noted again and again.
NOTED_EACH_SECONDS = 0.2


class Took:
    """The seconds that a block took, also where it raises; known once it is left.

    `wall` by the clock: for what must take so long at least. `quiet` without those in which a thread of this
    process, or of the servers and processes that it started, waited for a CPU: for what may take so long at
    most, however much else the machine has to do. On a quiet machine it is the same.
    """

    def __init__(self) -> None:
        self.wall = self.quiet = 0.0
        self._before = _read_waits()
        self._now = dict(self._before)
        self._is_over = threading.Event()
        self._noting = threading.Thread(target=self._note, name="measuring", daemon=True)

    def begin(self) -> None:
        """Begin."""
        self._noting.start()
        self._began = time.monotonic()

    def end(self) -> None:
        """End."""
        self.wall = time.monotonic() - self._began
        self._is_over.set()
        self._noting.join()
        self._now |= _read_waits()
        # Whoever notes it waits beside the others.
        self._now.pop(str(self._noting.native_id), None)
        waited = sum(wait - self._before.get(thread, 0) for thread, wait in self._now.items())
        self.quiet = self.wall - waited / 1e9

    def _note(self) -> None:
        while not self._is_over.wait(NOTED_EACH_SECONDS):
            self._now |= _read_waits()


@contextmanager
def measured() -> Iterator[Took]:
    """How long the block takes."""
    took = Took()
    took.begin()
    try:
        yield took
    finally:
        took.end()


def _read_waits() -> dict[str, int]:
    """For how many nanoseconds each thread was ready to run, and had no CPU."""
    waits: dict[str, int] = {}
    if not Path("/proc/self/schedstat").exists():
        return waits
    for pid in (os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))):
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                with suppress(OSError):
                    waits[task.name] = int((task / "schedstat").read_text().split()[1])
    return waits
