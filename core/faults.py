"""What may be the matter with a server at a process's start, and waiting until it is mended."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.log import configure_logging

log = logging.getLogger(__name__)

# A restarted server is back in seconds: polled often, logged rarely.
LOOK_AGAIN_SECONDS, TELL_SECONDS = 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What is the matter, and which variable leads there; whether it lasts, however long it is waited for."""

    variable: str
    detail: str
    is_lasting: bool = False

    def __str__(self) -> str:
        return f"{self.variable}: {self.detail}"


def wait_until_fit(find: Callable[[], Fault | None], tell: Callable[[Fault], None] = lambda _: None) -> None:
    """Wait until `find` finds no fault, telling of each; exits with one line where waiting mends it not."""
    if os.getpid() == 1 and threading.current_thread() is threading.main_thread():
        # In a container without an init: the kernel spares the first process from what it does not handle.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    told_at = -TELL_SECONDS
    while fault := find():
        if fault.is_lasting:
            sys.exit(f"seatline: {fault}")
        tell(fault)
        if time.monotonic() - told_at >= TELL_SECONDS:
            told_at = time.monotonic()
            log_wait(fault)
        time.sleep(LOOK_AGAIN_SECONDS)


def log_wait(fault: Fault) -> None:
    """A line on what is waited for, in a process that may have set up no logs yet."""
    if not logging.getLogger().handlers:
        configure_logging()
    # The message names the fault as well: Flower's log format drops `extra`.
    log.warning("waiting for %s", fault, extra={"variable": fault.variable})
