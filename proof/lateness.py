"""How late this machine is: what it adds to the time of a request that nobody held up."""

import threading
import time

STEP_SECONDS = 0.02
# Less than this is how sleeping goes.
NOTED_FROM_SECONDS = 0.02


class Lateness:
    """A thread that sleeps and notes how much too late it wakes, on a monotonic clock."""

    def __init__(self) -> None:
        self._noted: list[tuple[float, float]] = []
        threading.Thread(target=self._run, daemon=True).start()

    def within(self, began: float, ended: float) -> float:
        """The seconds by which it woke too late in this time."""
        return sum(late for at, late in self._noted if began <= at <= ended + STEP_SECONDS)

    def forget(self) -> None:
        """Begin anew."""
        self._noted.clear()

    def _run(self) -> None:
        while True:
            due = time.monotonic() + STEP_SECONDS
            time.sleep(STEP_SECONDS)
            now = time.monotonic()
            if now - due > NOTED_FROM_SECONDS:
                self._noted.append((now, now - due))
