"""granian's main process: it hears of each worker's end once, and takes no stop for a failure."""

import threading
from typing import Any

from granian.server import mp

from api.gate.places import POLLS, STREAMS

# The main thread hears of a signal by then, also on a busy machine. A worker that was signalled alone is
# replaced so much later.
HEARD_SECONDS = 1.0


class Worker(mp.WorkerProcess):
    """A worker process. One thread waits for its end; other threads join that thread.

    Where two threads wait for a process, the system tells one of them that there is none. granian then took
    an ended worker for one that refuses to end, and signalled whatever process has its number by then.
    """

    def start(self) -> None:
        """Fork it, with what it counts in memory that is shared: nothing yet."""
        for tally in (STREAMS, POLLS):
            tally.begin(self.idx)
        super().start()  # type: ignore[no-untyped-call]

    def _watch(self) -> None:
        self._watching = threading.Thread(target=self._watcher, name="worker")
        self._watching.start()

    def _watcher(self) -> None:
        self.inner.join()
        if self.inner.exitcode == 0:
            # It was told to stop, perhaps with the whole group: the main thread may have yet to hear of that.
            self.parent.main_loop_interrupt.wait(HEARD_SECONDS)
        super()._watcher()  # type: ignore[no-untyped-call]

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._watching.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, at most so many seconds."""
        self._watching.join(timeout)


# granian makes its workers of this class.
mp.WorkerProcess = Worker  # type: ignore[misc]


class Server(mp.MPServer):
    """The main process.

    A signal to the whole group, as of a terminal's Ctrl-C, reaches the workers too, and perhaps before this
    process has its turn: a worker that ends then has done as told.
    """

    def signal_handler_interrupt(self, *args: Any, **options: Any) -> None:
        """Stop."""
        for worker in self.wrks:
            worker.interrupt_by_parent = True
        super().signal_handler_interrupt(*args, **options)  # type: ignore[no-untyped-call]

    def signal_handler_reload(self, *args: Any, **options: Any) -> None:
        """Nothing: new workers would have the same code, and count (places.py) where the old ones do."""

    def _stop_workers(self) -> None:
        super()._stop_workers()  # type: ignore[no-untyped-call]
        if self.interrupt_signal:
            # Of those that had ended by the time that this process heard of the signal.
            self.interrupt_children.clear()
