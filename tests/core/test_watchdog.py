"""The watchdog: waits for a frozen server end in time, and the next connection goes to another server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from urllib.parse import urlsplit

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.errors import UnavailableError
from core.infra.apart import apart
from core.infra.db import CONNECT_TIMEOUT_SECONDS, primary, transaction
from core.infra.watchdog import ANSWER_SECONDS, LOOK_SECONDS
from local.servers import EmbeddedPostgres
from tests.apart import enter
from tests.lonely import frozen, run_lonely_postgres
from tests.measuring import measured

# A statement may have begun just after the watchdog looked.
TOLD_WITHIN_SECONDS = ANSWER_SECONDS + 2 * LOOK_SECONDS

# Runs something on a server, and stops it with the function it is given before the last word to the server.
Run = Callable[[Callable[[], None]], None]


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server that nothing else uses."""
    with run_lonely_postgres() as server:
        yield server


def ask(connection: Connection) -> int:
    return int(connection.execute(text("SELECT inet_server_port()")).scalar_one())


def run_statement(freeze: Callable[[], None]) -> None:
    with primary() as connection:
        ask(connection)
        freeze()
        ask(connection)


def run_commit(freeze: Callable[[], None]) -> None:
    with transaction() as connection:
        ask(connection)
        freeze()


def run_rollback(freeze: Callable[[], None]) -> None:
    with transaction() as connection:
        ask(connection)
        freeze()
        connection.rollback()


def run_apart(freeze: Callable[[], None]) -> None:
    with apart() as connection:
        ask(connection)
        freeze()
        ask(connection)


@contextmanager
def live_on(*servers: EmbeddedPostgres, **variables: str) -> Iterator[None]:
    """Live on the first of these servers that takes writes."""
    user, places = servers[0].url.rpartition("@")[0], [urlsplit(server.url).port for server in servers]
    hosts = ",".join(f"127.0.0.1:{port}" for port in places)
    with enter({"DATABASE_URL": f"{user}@{hosts}/postgres?target_session_attrs=read-write", **variables}):
        yield


@contextmanager
def run_other(postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """Another server, with the same password."""
    with run_lonely_postgres() as other:
        with closing(psycopg2.connect(other.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("ALTER ROLE CURRENT_USER PASSWORD %s", (urlsplit(postgres.url).password,))
        yield other


@pytest.mark.parametrize("pooler", ["", "pgbouncer"])
@pytest.mark.parametrize("run", [run_statement, run_commit, run_rollback, run_apart])
def test_wait_for_a_frozen_server_ends_in_time(
    servers: dict[str, str], postgres: EmbeddedPostgres, run: Run, pooler: str
) -> None:
    with live_on(postgres, DATABASE_POOLER=pooler), ExitStack() as stack:
        with measured() as took, pytest.raises(UnavailableError):
            run(lambda: stack.enter_context(frozen(postgres)))
        assert took.quiet < TOLD_WITHIN_SECONDS


def test_another_server_is_used_while_one_is_frozen(
    servers: dict[str, str], postgres: EmbeddedPostgres
) -> None:
    with run_other(postgres) as other, live_on(postgres, other), ExitStack() as stack:
        with primary() as connection:
            first = ask(connection)
        with pytest.raises(UnavailableError):
            run_statement(lambda: stack.enter_context(frozen(postgres)))
        with measured() as took, primary() as connection:
            assert ask(connection) != first
        assert took.quiet < CONNECT_TIMEOUT_SECONDS + 1


def test_connections_of_a_server_that_answers_are_kept(servers: dict[str, str]) -> None:
    """One is idle for longer than the limit; the other's statements take longer together, none by itself."""
    ask_pid = text("SELECT pg_backend_pid()")
    with primary() as idle, primary() as busy:
        pids = [connection.execute(ask_pid).scalar() for connection in (idle, busy)]
        for _ in range(2):
            busy.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": TOLD_WITHIN_SECONDS * 0.6})
        assert [connection.execute(ask_pid).scalar() for connection in (idle, busy)] == pids
