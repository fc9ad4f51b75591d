"""Web's start: it listens at once, and answers 503 until the database is fit."""

import mmap
import os
import signal
import sys
import threading
import time

from core.infra.faults import LOOK_AGAIN_SECONDS, Fault, wait_until_fit
from core.infra.health import find_fault

# What is answered meanwhile, and what tells why.
LIVES, READY = "/healthz", "/readyz"
LONGEST = 255


class Start:
    """The fault that web waits for, written by its main process into memory that its workers share."""

    def __init__(self) -> None:
        self._told = mmap.mmap(-1, 1 + LONGEST)
        self.is_refused = False

    def find_wait(self) -> str:
        """The fault in words; empty once the database is fit."""
        length = self._told[0]
        return self._told[1 : 1 + length].decode(errors="replace") if length else ""

    def begin_to_wait(self, fault: Fault) -> None:
        """Wait in a thread; a lasting fault stops this process in order, with exit code 1."""
        self._tell(fault)
        threading.Thread(target=self._wait, name="start", daemon=True).start()

    def _wait(self) -> None:
        # main() has just looked; the pause lets granian fork its workers first.
        time.sleep(LOOK_AGAIN_SECONDS)
        try:
            wait_until_fit(find_fault, tell=self._tell)
        except SystemExit as refusal:
            print(refusal, file=sys.stderr, flush=True)  # noqa: T201 (the line to exit with)
            self.is_refused = True
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self._told[0] = 0

    def _tell(self, fault: Fault) -> None:
        words = str(fault).encode()[:LONGEST]
        self._told[1 : 1 + len(words)] = words
        self._told[0] = len(words)


# Created before the fork: the workers share its memory.
start = Start()
