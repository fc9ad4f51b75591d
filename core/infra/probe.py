"""A connection that only asks PostgreSQL how it is: in a time of its own, and told why it is refused.

The driver keeps no SQLSTATE of a connection that was refused, and the server's words are in its own language;
nor does any limit of the server's end a statement while it is frozen.
"""

import ctypes
import re
import select
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ

from core.infra.db import CONNECT_TIMEOUT_SECONDS, connect, list_hosts, set_timeouts

# Of several hosts the next is tried after one that is silent or starting, as libpq does; a refusal is all's.
PASSED_BY = None, "57P03"
# For a statement that reads one row.
ANSWER_SECONDS = 2
LOCK_TIMEOUT_MS = 1_000

# libpq's verbosity that reports the SQLSTATE instead of the server's localised message.
PQERRORS_SQLSTATE = 3
_SQLSTATE = re.compile(r":\s+([0-9A-Z]{5})$", re.MULTILINE)
# libpq's symbols, found through the driver that is linked with it.
_libpq = ctypes.CDLL(psycopg2._psycopg.__file__)


# Returns the first value that a statement finds.
Ask = Callable[[str], Any]


class Probe:
    """Asks over a connection that is open."""

    def __init__(self, connection: Any, seconds: float) -> None:
        self._connection, self._seconds = connection, seconds

    def ask(self, sql: str) -> Any:
        """The first value of the first row. Raises psycopg2.Error."""
        cursor = self._connection.cursor()
        cursor.execute(sql)
        _wait(self._connection, self._seconds)
        ((value, *_),) = cursor.fetchall()
        return value


@contextmanager
def open_probe(url: str | None = None, *, seconds: float = ANSWER_SECONDS) -> Iterator[Probe]:
    """A probe of the first host that accepts a connection, of the primary's unless of another URL.

    It waits so long for each answer. Raises the last host's psycopg2.Error.
    """
    with closing(_connect_to_any(url, min(seconds, CONNECT_TIMEOUT_SECONDS))) as connection:
        yield Probe(connection, seconds)


def find_sqlstate(error: psycopg2.Error) -> str | None:
    """The SQLSTATE of a refused probe; None where no server answered."""
    found = _SQLSTATE.search(str(error))
    return error.pgcode or (found[1] if found else None)


def _connect_to_any(url: str | None, seconds: float) -> Any:
    hosts = list_hosts(url)
    for host in hosts:
        try:
            return _connect_to(url, host, seconds)
        except psycopg2.OperationalError as error:
            if host is hosts[-1] or find_sqlstate(error) not in PASSED_BY:
                raise
    raise AssertionError("unreachable")


def _connect_to(url: str | None, host: dict[str, str], seconds: float) -> Any:
    connection = connect(url, **set_timeouts(LOCK_TIMEOUT_MS), **host, async_=True)
    _libpq.PQsetErrorVerbosity(ctypes.c_void_p(connection.pgconn_ptr), PQERRORS_SQLSTATE)
    _wait(connection, seconds)
    return connection


def _wait(connection: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (state := connection.poll()) != POLL_OK:
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT)
        if not poller.poll(max(0, deadline - time.monotonic()) * 1000):
            connection.close()
            raise psycopg2.OperationalError("no answer in time")
