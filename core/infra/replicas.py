"""Read replicas: which of them are fresh, and reads that go there and fall back to the primary.

How old a replica is, is told by positions of the log (LSN). The primary says where it is; a replica that has
replayed as far is no older than the moment at which the primary was asked. So no clocks of two machines are
compared, and a primary at which nothing happens makes no replica old.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg2
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from core.errors import UnavailableError
from core.infra.db import make_statement_pool, primary, translate_outages
from core.infra.health import find_refusal
from core.infra.probe import Ask, open_probe
from core.infra.settings import get_settings
from core.infra.singletons import make_once
from core.infra.watchdog import shut

log = logging.getLogger(__name__)
T = TypeVar("T")

# A look is two statements of microseconds; ten of them fit into the allowed lag.
LOOK_PART, LONGEST_LOOK_SECONDS = 0.1, 0.5
# A replica that does not answer within this is lost: its readers fall back to the primary.
SILENT_SECONDS = 0.5
END_SECONDS = 5

# Bytes since the log began. The flushed position: a primary sends nothing beyond it.
_SELECT_POSITION = "SELECT cast(pg_current_wal_flush_lsn() - '0/0' AS bigint)"
# NULL once it was promoted.
_SELECT_REPLAYED = """
    SELECT CASE WHEN pg_is_in_recovery() THEN cast(pg_last_wal_replay_lsn() - '0/0' AS bigint) END
"""
# Positions of another cluster's log cannot be compared.
_SELECT_CLUSTER = "SELECT system_identifier FROM pg_control_system()"


class Replica:
    """One replica, the first being number 1: its connections, and until when it is fresh."""

    def __init__(self, number: int, url: str, *, max_lag_seconds: float) -> None:
        self.number, self._url, self._max_lag_seconds = number, url, max_lag_seconds
        self._told = ""
        self._engine = make_statement_pool(url)
        # When the primary was asked, and where it was.
        self._positions: deque[tuple[float, int]] = deque()
        self._in_use: set[Any] = set()
        self._fresh_until = 0.0
        self._ended = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="replica", daemon=True)
        self._watching.start()

    @property
    def is_fresh(self) -> bool:
        """Whether it answers, and is no older than allowed."""
        return time.monotonic() < self._fresh_until

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection on which each statement commits by itself. Raises UnavailableError."""
        with translate_outages(), self._engine.connect() as connection:
            opened = connection.connection.driver_connection
            self._in_use.add(opened)
            try:
                yield connection
            finally:
                self._in_use.discard(opened)

    def end(self) -> None:
        """Stop watching it."""
        self._ended.set()
        self._watching.join(END_SECONDS)
        self._engine.dispose()

    def _watch(self) -> None:
        pause = min(LOOK_PART * self._max_lag_seconds, LONGEST_LOOK_SECONDS)
        while not self._ended.is_set():
            try:
                # The probes have connections of their own: a look must not wait for readers in the pools.
                with (
                    open_probe(seconds=SILENT_SECONDS) as primary_,
                    open_probe(self._url, seconds=SILENT_SECONDS) as replica,
                ):
                    if primary_.ask(_SELECT_CLUSTER) != replica.ask(_SELECT_CLUSTER):
                        raise UnavailableError("It is of another cluster.")
                    while not self._ended.wait(pause):
                        self._look(primary_.ask, replica.ask)
            except psycopg2.Error as error:
                self._tell(find_refusal(error).detail)
            except UnavailableError as error:
                self._tell(str(error))
            except Exception:
                # This thread must outlive it.
                log.exception("replica lost")
            self._give_up()
            self._ended.wait(pause)

    def _look(self, ask_primary: Ask, ask_replica: Ask) -> None:
        asked_at = time.monotonic()
        self._positions.append((asked_at, ask_primary(_SELECT_POSITION)))
        replayed = ask_replica(_SELECT_REPLAYED)
        if replayed is None:
            raise UnavailableError("It is a primary itself.")
        while self._positions[0][0] < asked_at - self._max_lag_seconds:
            # A position this old makes no replica fresh.
            self._positions.popleft()
        while self._positions and self._positions[0][1] <= replayed:
            at, _ = self._positions.popleft()
            self._fresh_until, self._told = at + self._max_lag_seconds, ""

    def _tell(self, fault: str) -> None:
        # A fault is logged once, until the replica is fresh again.
        if fault != self._told:
            log.warning("replica lost", extra={"number": self.number, "fault": fault})
        self._told = fault

    def _give_up(self) -> None:
        self._fresh_until = 0.0
        self._positions.clear()
        for opened in tuple(self._in_use):
            shut(opened)


@make_once
def get_replicas() -> list[Replica]:
    """This process's replicas, watched from the first read on (so after any fork)."""
    settings = get_settings()
    return [
        Replica(number, url, max_lag_seconds=settings.replica_max_lag_seconds)
        for number, url in enumerate(settings.database_replica_urls, 1)
    ]


def read(run: Callable[[Connection], T], *, suits: Callable[[T], bool] = lambda _: True) -> T:
    """What `run` reads from a fresh replica, where that suits; else from the primary.

    The result may be as old as REPLICA_MAX_LAG_SECONDS: nothing must be decided by it. After any error of a
    replica, whose schema may be older, the primary is read. Raises UnavailableError.
    """
    fresh = [replica for replica in get_replicas() if replica.is_fresh]
    if fresh:
        try:
            with random.choice(fresh).connect() as connection:  # noqa: S311 (to spread the load)
                found = run(connection)
            if suits(found):
                return found
        except (UnavailableError, DBAPIError, psycopg2.Error) as error:
            log.warning("read at the primary instead", extra={"error": type(error).__name__})
    with primary() as connection:
        return run(connection)


def end_replicas() -> None:
    """Stop watching replicas: the settings have changed."""
    if get_replicas.cache_info().currsize:  # type: ignore[attr-defined]
        for replica in get_replicas():
            replica.end()
    get_replicas.cache_clear()  # type: ignore[attr-defined]
