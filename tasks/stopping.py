"""A deadline for a Celery process that was told to stop, whatever it hangs in."""

import os
import signal
import socket
import threading
import time
from contextlib import suppress

from billiard.process import active_children

STOP_SIGNALS = signal.SIGTERM, signal.SIGINT
# 10 s is the promise: a worker ends its batch meanwhile. Beat and Flower have nothing to finish.
WORKER_SECONDS, IDLE_SECONDS = 8, 3


def end_in_time(seconds: float) -> None:
    """End this process and its children so many seconds after a stop signal, if it still runs.

    Told by Python's wakeup descriptor and not by a handler, which waits for the main thread: that may be in a
    look-up of a name, or in a client library that waits for a broker that is frozen. Nothing is lost by it:
    all that was accepted is on disk, and a message not acknowledged comes again.
    """
    heard, told = socket.socketpair()
    # celery beat sets a default time-out for new sockets, which would end the thread.
    heard.settimeout(None)
    told.setblocking(False)
    signal.set_wakeup_fd(told.detach(), warn_on_full_buffer=False)
    # A forked child shares the socket: its signals must not stop its parent.
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))
    threading.Thread(target=_end, args=(heard, seconds), name="stop", daemon=True).start()


def _end(heard: socket.socket, seconds: float) -> None:
    while heard.recv(1)[0] not in STOP_SIGNALS:
        pass
    time.sleep(seconds)
    for pid in [child.pid for child in active_children() if child.pid]:
        # Celery may reap the child first.
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    os._exit(0)
