"""Faults of a server at a process's start, and the wait until it is fit."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.infra.log import configure_logging

log = logging.getLogger(__name__)

# A restarted server is back in seconds: polled often, logged rarely.
LOOK_AGAIN_SECONDS, TELL_SECONDS = 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A server's fault, and the variable with its URL; a lasting one is not mended by waiting."""

    variable: str
    detail: str
    is_lasting: bool = False

    def __str__(self) -> str:
        return f"{self.variable}: {self.detail}"


def wait_until_fit(find: Callable[[], Fault | None], tell: Callable[[Fault], None] = lambda _: None) -> None:
    """Wait until `find` finds no fault, and `tell` of each; exits with one line at a lasting one."""
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
    """Log the fault that is waited for, also before the process has configured its logs."""
    if not logging.getLogger().handlers:
        configure_logging()
    # The message names the fault as well: Flower's log format drops `extra`.
    log.warning("waiting for %s", fault, extra={"variable": fault.variable})
