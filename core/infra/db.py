"""The way into PostgreSQL: engines, transaction(), primary(), retries."""

import logging
import os
import random
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import orjson
import psycopg2
from psycopg2.extensions import parse_dsn
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase

from core.errors import UnavailableError
from core.infra.metrics import POOL_TIMEOUTS, watch_pool
from core.infra.pooled import choose_cursor
from core.infra.settings import get_settings
from core.infra.singletons import make_once
from core.infra.tracing import run_traced
from core.infra.watchdog import WatchedConnection

log = logging.getLogger(__name__)
T = TypeVar("T")

# A server that does not answer the handshake in 2 s is down as far as a request of at most 2 s goes.
CONNECT_TIMEOUT_SECONDS = 2
# No statement of ours takes long; one that does is stuck, and 5 s is what a batch may lose to it.
STATEMENT_TIMEOUT_MS = 5_000
# Locks are held for milliseconds; whoever waits 2 s waits for a frozen process and had better retry.
LOCK_TIMEOUT_MS = 2_000
# A worker frozen inside a transaction holds its show's lock: the server ends its session after 3 s.
IDLE_IN_TRANSACTION_TIMEOUT_MS = 3_000
# A request waits this long for a connection, then says 503 rather than queue without end.
POOL_TIMEOUT_SECONDS = 1.5
# Connections a process keeps at most: for single statements, which is nearly everything, and transactions.
# Two pools, since switching one connection to and fro costs more code in the driver, and fails on returning
# one whose server is gone, when the statement itself was long done.
STATEMENT_POOL_SIZE, TRANSACTION_POOL_SIZE = 8, 4
# Data sent and not acknowledged for 5 s: the connection is half-open (a cable, a firewall), give it up.
TCP_USER_TIMEOUT_MS = 5_000
# While we wait for an answer nothing of ours is on its way, and that limit does not begin to run: a server
# that is gone without a word would be waited for until the kernel's two hours are over. Asked after 2 s of
# silence, and each second from then on, it is given up after 5 s as well.
KEEPALIVES_IDLE_SECONDS, KEEPALIVES_INTERVAL_SECONDS, KEEPALIVES_COUNT = 2, 1, 3

# Not a lock that was waited for in vain (55P03): a request has no time to wait for it again.
DEADLOCK, SERIALIZATION, LOCK_NOT_AVAILABLE = "40P01", "40001", "55P03"
QUERY_CANCELED = "57014"  # a statement ran out of its time
RETRIED_SQLSTATES = frozenset({DEADLOCK, SERIALIZATION})
# After these the server has rolled back: nothing is on disk, and the connection is as it was.
ROLLED_BACK = RETRIED_SQLSTATES | {LOCK_NOT_AVAILABLE}
# read_only_sql_transaction: a standby, or a demoted primary; another server may be the primary now.
READ_ONLY = "25006"
# States of the server, by class or in full: no connection, or no right to one; a conflict; no room; cut short
# by a limit or by the server's end; files out of reach; no writing; a transaction ended by a limit; an object
# or a lock in use. Not 54, limits that the statement itself goes over, though the driver calls that
# operational too; nor XX, faults of the server's that nobody is to wait for without hearing of them.
SERVER_SQLSTATES = "08", "28", "3D", "40", "53", "57", "58", READ_ONLY, "25P03", "25P04", "55006", "55P03"
# Citus says so, as XX000, where a connection of its own, to a server behind it, is found dead.
LOST_BEHIND = "failure on connection marked as essential"
TRIES = 5


class Base(DeclarativeBase):
    """The tables of all nouns."""


def one_of(column: str, values: type[StrEnum]) -> str:
    """The condition of a CHECK that a column has a value of an enumeration."""
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


def connect(url: str | None = None, **options: Any) -> Any:
    """A psycopg2 connection, to the primary unless to another URL.

    libpq reads the URL, so several hosts and options of its own work.
    """
    # PGTZ would override the time zone of set_timeouts(); the argument overrides PGCLIENTENCODING.
    os.environ.pop("PGTZ", None)
    url = url or get_settings().database_url
    # The argument would replace the URL's options, such as a search_path, which migrations go by as well. The
    # last value of a setting wins.
    if (said := parse_dsn(url).get("options")) and "options" in options:
        options["options"] = f"{said} {options['options']}"
    return psycopg2.connect(url, **{"client_encoding": "UTF8", **options})


def list_hosts(url: str | None = None) -> list[dict[str, str]]:
    """Connection parameters of each host of a URL (the primary's by default), to be tried in turn.

    An asynchronous connection has no connect_timeout: with all hosts in it a silent one would block the next.
    """
    found = parse_dsn(url or get_settings().database_url)
    lists = {name: found[name].split(",") for name in ("host", "hostaddr", "port") if name in found}
    count = max(map(len, lists.values()), default=1)
    # libpq uses a single port for all hosts.
    return [{name: each[i % len(each)] for name, each in lists.items()} for i in range(count)]


def set_timeouts(lock_timeout_ms: int, **settings: str) -> dict[str, Any]:
    """What a connection is opened with, so that nothing is waited for without end; and other settings."""
    settings |= {
        "statement_timeout": f"{STATEMENT_TIMEOUT_MS}",
        "lock_timeout": f"{lock_timeout_ms}",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_TIMEOUT_MS}",
        "timezone": "UTC",
    }
    is_pooled = get_settings().database_pooler is not None
    return {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "tcp_user_timeout": TCP_USER_TIMEOUT_MS,
        "keepalives_idle": KEEPALIVES_IDLE_SECONDS,
        "keepalives_interval": KEEPALIVES_INTERVAL_SECONDS,
        "keepalives_count": KEEPALIVES_COUNT,
        "application_name": "seatline",
        **(choose_cursor(settings) if is_pooled else {"options": _to_options(settings)}),
    }


def _to_options(settings: Mapping[str, str]) -> str:
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


@make_once
def get_engine() -> Engine:
    """This process's engine for transactions on the primary; connections are opened when first needed."""
    return _make_pool("transactions", TRANSACTION_POOL_SIZE)


@make_once
def get_statement_engine() -> Engine:
    """This process's engine for statements that commit by themselves."""
    return make_statement_pool()


ENGINES = get_engine, get_statement_engine  # all of them: each is disposed of with the others


def dispose_engines(*, close: bool = True) -> None:
    """Let go of all connections; with `close` False, without closing what a parent process still uses."""
    for get in ENGINES:
        get().dispose(close=close)


def make_engine(**options: Any) -> Engine:
    """An engine on the primary, with these options of SQLAlchemy's."""
    return create_engine(
        "postgresql+psycopg2://",
        hide_parameters=True,  # what somebody sent is not for the logs
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        **options,
    )


def make_statement_pool(url: str | None = None) -> Engine:
    """An engine for statements that commit by themselves, on the primary unless at another URL."""
    name = "replica" if url else "statements"
    return _make_pool(name, STATEMENT_POOL_SIZE, url, isolation_level="AUTOCOMMIT")


def _make_pool(name: str, size: int, url: str | None = None, **options: Any) -> Engine:
    limits = {"pool_size": size, "max_overflow": 0, "pool_timeout": POOL_TIMEOUT_SECONDS}
    engine = make_engine(creator=partial(connect_watched, url), **limits, **options)
    event.listen(engine, "handle_error", _judge_connection)
    event.listen(engine, "checkout", _replace_dead)
    event.listen(engine, "do_execute", run_traced)
    # After that: a connection that is replaced is not given out.
    watch_pool(engine, name)
    return engine


def connect_watched(url: str | None = None) -> Any:
    """A connection for threads, with every time-out of the server's, and one of ours."""
    try:
        return connect(url, connection_factory=WatchedConnection, **set_timeouts(LOCK_TIMEOUT_MS))
    except psycopg2.OperationalError as error:
        log.warning("database not reached", extra={"error": type(error).__name__})
        raise


def _replace_dead(connection: Any, record: Any, *_: Any) -> None:
    # A poll of the socket finds as much as a ping, which would cost each checkout a round trip. A connection
    # that was just opened is not polled: its first statement reports what is wrong with it.
    is_new = not record.info.setdefault("was_used", False)
    record.info["was_used"] = True
    if not is_new and is_dead(connection):
        log.info("dead database connection let go")
        raise DisconnectionError


def is_dead(connection: Any) -> bool:
    """Whether the server has closed an idle connection: a healthy one has nothing to read."""
    if connection.closed:
        return True
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def _judge_connection(context: Any) -> None:
    # SQLAlchemy then drops the whole pool: its connections lead to the same server.
    context.is_disconnect = note_loss(context.original_exception, is_disconnect=context.is_disconnect)


def note_loss(error: BaseException, *, is_disconnect: bool) -> bool:
    """Whether a connection is lost for us: SQLAlchemy judges so, or its server takes no writes. Logs it."""
    if is_lost := is_disconnect or get_sqlstate(error) == READ_ONLY:
        log.warning("database connection lost", extra={"error": type(error).__name__})
    return is_lost


@contextmanager
def transaction() -> Iterator[Connection]:
    """A transaction on the primary: commits at the end, rolls back when left by an error.

    READ COMMITTED: every rule is held by a constraint, a guard in the UPDATE, or a lock taken first.
    Raises UnavailableError where the server cannot be reached or its answer to a commit was lost.
    """
    with translate_outages(), get_engine().begin() as connection:
        yield connection


@contextmanager
def primary() -> Iterator[Connection]:
    """A connection to the primary on which each statement commits by itself, in one round trip."""
    with translate_outages(), get_statement_engine().connect() as connection:
        yield connection


@contextmanager
def translate_outages() -> Iterator[None]:
    """Turn what says «the server is not there or too slow» into UnavailableError; let the rest pass."""
    try:
        yield
    except PoolTimeoutError as error:
        POOL_TIMEOUTS.inc()
        raise UnavailableError("All database connections are busy.") from error
    except (DBAPIError, psycopg2.Error) as error:
        # COPY and brief transactions use a cursor of the driver's, whose errors SQLAlchemy does not wrap.
        if is_outage(error):
            raise UnavailableError(describe_outage(error)) from error
        raise


def is_outage(error: DBAPIError | psycopg2.Error) -> bool:
    """Whether an error is the server's state and not the statement's fault; the one place that decides it."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    if sqlstate := get_sqlstate(error):
        return sqlstate.startswith(SERVER_SQLSTATES) or str(driver_error).startswith(LOST_BEHIND)
    # No SQLSTATE: the driver could not connect, or lost the connection.
    is_lost = isinstance(driver_error, psycopg2.OperationalError | psycopg2.InterfaceError)
    return is_lost or type(driver_error) is psycopg2.DatabaseError


def describe_outage(error: BaseException) -> str:
    """An outage in words, for the answer's detail."""
    is_read_only = get_sqlstate(error) == READ_ONLY
    return "The database is read-only just now." if is_read_only else "The database did not answer."


def get_sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of a database error, looked for in what caused it as well."""
    while error is not None:
        if isinstance(error, DBAPIError):
            return getattr(error.orig, "pgcode", None)
        if isinstance(error, psycopg2.Error):
            return error.pgcode
        if error.__cause__ is None:
            return None
        error = error.__cause__
    return None


def retry_conflicts(run: Callable[[], T]) -> T:
    """Run a whole transaction again where it lost to another one (deadlock, serialization).

    With jitter, so that two that collided do not collide again, and at most five times.
    """
    for attempt in range(1, TRIES + 1):
        try:
            return run()
        except (DBAPIError, psycopg2.Error, UnavailableError) as error:
            if get_sqlstate(error) not in RETRIED_SQLSTATES or attempt == TRIES:
                raise
            log.info("transaction retried", extra={"attempt": attempt, "sqlstate": get_sqlstate(error)})
            time.sleep(random.uniform(0.5, 1.5) * 0.01 * 2**attempt)  # noqa: S311 (jitter, not a secret)
    raise AssertionError("unreachable")
