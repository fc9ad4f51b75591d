"""A limit of our own on the server's answers: a frozen server keeps none of its time-outs."""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
from psycopg2.extensions import connection, cursor

from core.infra.singletons import make_once

log = logging.getLogger(__name__)

# The server ends a statement after 5 s (core/infra/db.py); one that has said nothing after 6 is frozen, or
# waits for a standby that is away.
ANSWER_SECONDS = 6
LOOK_SECONDS = 0.5


class WatchedCursor(cursor):
    """Statements whose answer is waited for at most ANSWER_SECONDS. COPY, which may take longer, is not."""

    def execute(self, query: Any, vars: Any = None) -> None:
        """Run a statement. Raises OperationalError where the server does not answer, as where it is gone."""
        with get_watchdog().watch(self.connection):
            super().execute(query, vars)


class WatchedConnection(connection):
    """A connection whose statements, commits and rollbacks are watched."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_factory = WatchedCursor

    def commit(self) -> None:
        """Commit. Raises OperationalError where the server does not answer: the outcome is not known then."""
        with get_watchdog().watch(self):
            super().commit()

    def rollback(self) -> None:
        """Roll back. Raises OperationalError where the server does not answer."""
        with get_watchdog().watch(self):
            super().rollback()


class Watchdog:
    """A thread that shuts the sockets of connections whose server does not answer.

    libpq waits without a limit, and TCP's limits do not end it: the kernel of a frozen server acknowledges
    all the same. libpq finds a connection closed whose socket is shut, and raises in the thread that waits.
    """

    def __init__(self) -> None:
        self._began: dict[connection, float] = {}
        # No connection leaves while the watchdog looks: its socket's number may be another's by then.
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="database watchdog", daemon=True).start()

    @contextmanager
    def watch(self, of: connection) -> Iterator[None]:
        """Have the connection shut where this takes longer than the limit."""
        self._began[of] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._began.pop(of, None)

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with self._lock:
                latest = time.monotonic() - ANSWER_SECONDS
                silent = [of for of, began in self._began.copy().items() if began < latest]
                for each in silent:
                    shut(each)
                    self._began.pop(each, None)
            for _ in silent:
                log.warning("database does not answer")


def shut(of: connection) -> None:
    """End the connection's socket: libpq, which waits for a silent server without end, finds it closed."""
    with suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(of.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)


@make_once
def get_watchdog() -> Watchdog:
    """This process's watchdog, started at its first statement."""
    return Watchdog()


# A thread does not come along into a child.
os.register_at_fork(after_in_child=get_watchdog.cache_clear)  # type: ignore[attr-defined]
