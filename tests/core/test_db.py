"""The way into PostgreSQL: limits in force, retries that end, outages told from mistakes."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest.mock import Mock

import psycopg2
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.errors import UnavailableError
from core.infra import db
from core.infra.db import (
    TRIES,
    get_sqlstate,
    primary,
    retry_conflicts,
    transaction,
)
from core.infra.prepared import Prepared
from core.shows.service import Show
from tests.acting import ask
from tests.apart import enter
from tests.measuring import measured
from tests.support import HANGS_SECONDS, run_silent_port, wait_until

SETTINGS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "3s",
    "TimeZone": "UTC",
    "default_transaction_isolation": "read committed",
}


@pytest.mark.parametrize(("name", "value"), SETTINGS.items())
def test_setting_is_in_force(database: dict[str, str], name: str, value: str) -> None:
    assert ask(f"SHOW {name}")[0][0] == value
    with transaction() as connection:
        assert connection.execute(text(f"SHOW {name}")).scalar_one() == value


def test_options_of_the_url_are_kept_beside_ours(database: dict[str, str]) -> None:
    options = "-csearch_path%3Delsewhere%20-cstatement_timeout%3D0"
    with enter({"DATABASE_URL": f"{database['DATABASE_URL']}?options={options}"}), primary() as connection:
        assert connection.execute(text("SHOW search_path")).scalar() == "elsewhere"
        assert connection.execute(text("SHOW statement_timeout")).scalar() == "5s"


def test_transaction_commits_or_rolls_back(make_show: Callable[..., Show]) -> None:
    show = make_show()
    rename = text("UPDATE shows SET name = :name WHERE id = :id")
    with transaction() as connection:
        connection.execute(rename, {"name": "kept", "id": show.id})
    with pytest.raises(ZeroDivisionError), transaction() as connection:
        connection.execute(rename, {"name": "lost", "id": show.id})
        _ = 1 // 0
    assert ask("SELECT name FROM shows")[0].name == "kept"


def test_primary_does_not_cling_to_a_pooled_connection(database: dict[str, str]) -> None:
    with primary():
        pass
    with pytest.raises(ZeroDivisionError), transaction() as connection:
        connection.execute(text("CREATE TABLE lost ()"))
        _ = 1 // 0
    assert ask("SELECT to_regclass('lost')")[0][0] is None


def test_deadlock_is_retried(make_show: Callable[..., Show]) -> None:
    shows = [make_show().id, make_show().id]
    met = threading.Barrier(2)
    runs: list[int] = []
    errors: list[BaseException] = []

    def lock_both(order: list[int]) -> None:
        def run() -> None:
            runs.append(1)
            with transaction() as connection:
                for number, show_id in enumerate(order):
                    connection.execute(text("SELECT FROM shows WHERE id = :id FOR UPDATE"), {"id": show_id})
                    if number == 0 and len(runs) <= 2:
                        met.wait(HANGS_SECONDS)

        try:
            retry_conflicts(run)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=lock_both, args=(order,)) for order in (shows, shows[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, len(runs)) == ([], 3)


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_conflicts_are_retried_and_not_for_ever(database: dict[str, str], sqlstate: str) -> None:
    runs: list[int] = []

    def run() -> None:
        runs.append(1)
        with transaction() as connection:
            connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{sqlstate}'; END $$"))

    with pytest.raises((DBAPIError, UnavailableError)) as error:
        retry_conflicts(run)
    assert (get_sqlstate(error.value), len(runs)) == (sqlstate, TRIES)


def test_mistakes_are_not_retried_nor_called_outages(database: dict[str, str]) -> None:
    runs: list[int] = []

    def run() -> None:
        runs.append(1)
        with transaction() as connection:
            connection.execute(text("INSERT INTO show_halls VALUES (0, '{}')"))

    with pytest.raises(IntegrityError):
        retry_conflicts(run)
    assert len(runs) == 1


@pytest.mark.parametrize("sqlstate", ["57014", "53300", "57P01"])
def test_outages_are_unavailable(database: dict[str, str], sqlstate: str) -> None:
    with pytest.raises(UnavailableError), primary() as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{sqlstate}'; END $$"))


def test_lost_connection_is_unavailable_and_the_next_one_works(database: dict[str, str]) -> None:
    with pytest.raises(UnavailableError), transaction() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with db.get_engine().connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        connection.execute(text("SELECT 1"))
    assert ask("SELECT 1")[0][0] == 1


def test_connection_cut_once_its_statement_is_done_costs_nothing(database: dict[str, str]) -> None:
    """What the statement did is committed; giving the dead connection back must not undo the answer."""
    with primary() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with db.get_engine().connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        wait_until(lambda: ask_in_transaction(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}") == [])
    assert ask("SELECT 1")[0][0] == 1


def test_a_dead_connection_that_cannot_be_replaced_was_not_in_use(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_gauge() -> float | None:
        return REGISTRY.get_sample_value("seatline_pool_connections_in_use", {"pool": "transactions"})

    with enter({}):
        # Of engines of its own: the pool has this connection alone.
        pid = ask_in_transaction("SELECT pg_backend_pid()")[0][0]
        before = read_gauge()
        with primary() as connection:
            gone = text("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = :pid")
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            wait_until(lambda: connection.scalar(gone, {"pid": pid}))
        with monkeypatch.context() as patch:
            patch.setattr(db, "connect", Mock(side_effect=psycopg2.OperationalError))
            with pytest.raises(UnavailableError):
                ask_in_transaction("SELECT 1")
        assert read_gauge() == before


def ask_in_transaction(statement: str) -> list[Any]:
    with transaction() as connection:
        return list(connection.execute(text(statement)))


EITHER_WAY = pytest.mark.parametrize("enter_database", [transaction, primary])
Enter = Callable[[], AbstractContextManager[Connection]]


@contextmanager
def limited(monkeypatch: pytest.MonkeyPatch, **limits: float) -> Iterator[None]:
    """Engines of their own, made with shorter limits than they have outside of tests."""
    with monkeypatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(db, name, value)
        with enter({}):
            yield


@pytest.mark.parametrize(
    ("size", "enter_database"), [(db.TRANSACTION_POOL_SIZE, transaction), (db.STATEMENT_POOL_SIZE, primary)]
)
def test_exhausted_pool_is_unavailable_in_time(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch, size: int, enter_database: Enter
) -> None:
    with limited(monkeypatch, POOL_TIMEOUT_SECONDS=0.2), ExitStack() as stack:
        for _ in range(size):
            stack.enter_context(enter_database())
        with measured() as took, pytest.raises(UnavailableError), enter_database():
            pass
        assert took.wall >= 0.2
        assert took.quiet < 1


@EITHER_WAY
def test_server_that_does_not_answer_is_given_up(database: dict[str, str], enter_database: Enter) -> None:
    with run_silent_port() as port, enter({"DATABASE_URL": f"postgresql://a:b@127.0.0.1:{port}/c"}):
        with measured() as took, pytest.raises(UnavailableError), enter_database():
            pass
        assert took.quiet < db.CONNECT_TIMEOUT_SECONDS + 1


@EITHER_WAY
def test_statement_that_takes_too_long_is_ended(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch, enter_database: Enter
) -> None:
    with (
        limited(monkeypatch, STATEMENT_TIMEOUT_MS=200),
        pytest.raises(UnavailableError) as error,
        enter_database() as connection,
    ):
        connection.execute(text("SELECT pg_sleep(4)"))
    assert get_sqlstate(error.value) == "57014"


@EITHER_WAY
def test_lock_is_not_waited_for_without_end(
    make_show: Callable[..., Show], monkeypatch: pytest.MonkeyPatch, enter_database: Enter
) -> None:
    lock = text("SELECT FROM shows WHERE id = :id FOR UPDATE")
    show_id = make_show().id
    with limited(monkeypatch, LOCK_TIMEOUT_MS=200), transaction() as holder:
        holder.execute(lock, {"id": show_id})
        with pytest.raises(UnavailableError) as error, enter_database() as connection:
            connection.execute(lock, {"id": show_id})
    assert get_sqlstate(error.value) == "55P03"


def test_transaction_left_idle_is_ended_and_lets_go_of_its_locks(
    make_show: Callable[..., Show], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = text("SELECT FROM shows WHERE id = :id FOR UPDATE")
    show_id, let_in = make_show().id, list[int]()
    with (
        limited(monkeypatch, IDLE_IN_TRANSACTION_TIMEOUT_MS=200),
        pytest.raises(UnavailableError),
        transaction() as idle,
    ):
        idle.execute(lock, {"id": show_id})
        with transaction() as other:
            let_in.append(other.execute(lock, {"id": show_id}).rowcount)
        idle.execute(lock, {"id": show_id})
    assert let_in == [1]


@EITHER_WAY
def test_peer_that_is_gone_is_looked_for(database: dict[str, str], enter_database: Enter) -> None:
    """By the socket's options: to cut the wire itself takes rights over the machine's network."""
    with enter_database() as connection:
        fd = os.dup(connection.connection.fileno())
    with socket.socket(fileno=fd) as wire:
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        asked = [socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT]
        idle, interval, count, unacknowledged = (wire.getsockopt(socket.IPPROTO_TCP, name) for name in asked)
    assert (idle, interval, count, unacknowledged) == (2, 1, 3, 5000)


def test_prepared_statement_names_its_parameters_as_text_does(database: dict[str, str]) -> None:
    sql = "SELECT cast(:b AS int), cast(:a AS int), cast(:b AS int), (ARRAY[1, 2])[1:1], '10:01:02'::text"
    with transaction() as connection:
        found = Prepared("named", sql).execute(connection, {"a": 1, "b": 2}).one()
    assert tuple(found) == (2, 1, 2, [1], "10:01:02")


def test_statement_is_prepared_once_a_connection(database: dict[str, str]) -> None:
    """Whatever became of the transaction in which it first was; and anew once the connection is another."""
    statement = Prepared("add_numbers", "SELECT cast(:a AS int) + cast(:b AS int)")

    def add(connection: Connection) -> tuple[int, int]:
        found = statement.execute(connection, {"a": 1, "b": 2}).scalar_one()
        known = text("SELECT count(*) FROM pg_prepared_statements WHERE name = 'add_numbers'")
        return found, connection.execute(known).scalar_one()

    with pytest.raises(ZeroDivisionError), transaction() as connection:
        assert add(connection) == (3, 1)
        _ = 1 // 0
    for _ in range(2):
        with transaction() as connection:
            assert add(connection) == (3, 1)
    end = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(UnavailableError), transaction() as connection:
        connection.execute(end)
    with transaction() as connection:
        assert add(connection) == (3, 1)
