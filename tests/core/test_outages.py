"""Outages: told from a statement's own faults by SQLSTATE, and a dead connection found before it is used."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2 import errors
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.errors import UnavailableError
from core.infra import db
from core.infra.async_db import LoopConnection
from core.infra.db import is_outage, primary, transaction
from core.infra.prepared import Prepared
from core.settling import worker
from core.shows.service import Show
from tests.acting import ask, book
from tests.apart import enter
from tests.support import cut_connections, run_deaf_port

PID = Prepared("outage_pid", "SELECT pg_backend_pid() + cast(:zero AS int)")
RAISE = "DO $$ BEGIN RAISE EXCEPTION SQLSTATE '%s'; END $$"
SERVER = "08006 08P01 25006 25P03 25P04 40001 40P01 53100 53200 53300 55006 55P03 57014 57P01 57P03 58030"
STATEMENT = "22001 23505 25P02 42501 42P01 54000 54001 54011 55000 P0001 XX000 XX001"


def raise_sqlstate(sqlstate: str) -> DBAPIError:
    """What comes of it, as SQLAlchemy tells it."""
    with pytest.raises(DBAPIError) as raised, db.get_statement_engine().connect() as connection:
        connection.exec_driver_sql(RAISE % sqlstate)
    return raised.value


@pytest.mark.parametrize("sqlstate", SERVER.split())
def test_state_of_the_server_is_an_outage(database: dict[str, str], sqlstate: str) -> None:
    error = raise_sqlstate(sqlstate)
    assert is_outage(error)
    assert is_outage(error.orig)  # type: ignore[arg-type]
    assert asyncio.run(_raise_on_loop(sqlstate)) is UnavailableError


@pytest.mark.parametrize("sqlstate", STATEMENT.split())
def test_fault_of_the_statement_is_none(database: dict[str, str], sqlstate: str) -> None:
    error = raise_sqlstate(sqlstate)
    assert not is_outage(error)
    assert not is_outage(error.orig)  # type: ignore[arg-type]
    assert issubclass(asyncio.run(_raise_on_loop(sqlstate)), psycopg2.Error)


def test_server_lost_behind_a_distributed_one_is_an_outage(database: dict[str, str]) -> None:
    """Citus has no SQLSTATE of its own for it: XX000 is any fault of a server's."""
    with pytest.raises(UnavailableError), primary() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE '{db.LOST_BEHIND}' USING ERRCODE = 'XX000'; END $$")
    with pytest.raises(DBAPIError), primary() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE 'no {db.LOST_BEHIND}' USING ERRCODE = 'XX000'; END $$")


async def _raise_on_loop(sqlstate: str) -> type[Exception]:
    statement = Prepared("unused", "SELECT 1")
    # A DO block cannot be prepared.
    statement.preparation = RAISE % sqlstate
    try:
        await LoopConnection().fetch_all(statement, dict)
    except Exception as error:
        return type(error)
    raise AssertionError("nothing was raised")


def test_index_row_that_is_too_large_is_the_statements_fault(database: dict[str, str]) -> None:
    """The driver calls it operational."""
    with pytest.raises(DBAPIError) as raised, transaction() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE words (word text PRIMARY KEY)")
        connection.exec_driver_sql("""
            INSERT INTO words SELECT string_agg(md5(n::text), '') FROM generate_series(1, 2000) n
        """)
    assert isinstance(raised.value.orig, errors.ProgramLimitExceeded)


def test_connections_that_were_cut_are_replaced_and_not_reported(database: dict[str, str]) -> None:
    """With whatever was prepared on them, in every pool and on the loop."""

    def use(enter_database: Callable[..., object]) -> int:
        with enter_database() as connection:  # type: ignore[attr-defined]
            return int(PID.execute(connection, {"zero": 0}).scalar_one())

    async def use_loop() -> None:
        connection = LoopConnection()
        for _ in range(2):
            pids = [use(transaction), use(primary)]
            pids += (await connection.fetch_all(PID, lambda: {"zero": 0}))[0]
            seen.append(set(pids))
            cut_connections()

    seen: list[set[int]] = []
    asyncio.run(use_loop())
    assert seen[0].isdisjoint(seen[1])


def set_read_only(*, is_on: bool) -> None:
    """Have every session from now on write nothing; those that are there have to be ended for it."""
    with closing(psycopg2.connect(db.get_settings().database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            name = connection.info.dbname
            cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {is_on}")


def test_read_only_is_an_outage_and_its_connections_are_let_go_of(make_show: Callable[..., Show]) -> None:
    show = make_show()
    book(show.id, "1")
    db.dispose_engines()
    set_read_only(is_on=True)
    try:
        for is_again in (False, True):
            with pytest.raises(UnavailableError, match="read-only"):
                worker.settle_show(show.id, is_again=is_again)
        with pytest.raises(UnavailableError, match="read-only"), primary() as connection:
            connection.execute(text("DELETE FROM heartbeats"))
    finally:
        set_read_only(is_on=False)
    # No session of before is left.
    assert ask("SELECT tries FROM bookings") == [(0,)]
    worker.settle_show(show.id)
    assert ask("SELECT status, tries FROM bookings") == [("CONFIRMED", 0)]


@pytest.mark.parametrize("attributes", ["any", "read-write"])
def test_several_hosts(database: dict[str, str], attributes: str) -> None:
    """Of which some refuse, or say nothing; every way in takes the one that answers."""
    url = database["DATABASE_URL"]
    place = urlsplit(url).netloc.rpartition("@")[2]
    with run_deaf_port() as deaf:
        several = url.replace(place, f"127.0.0.1:1,127.0.0.1:{deaf},{place}")
        with enter({"DATABASE_URL": f"{several}?target_session_attrs={attributes}"}):
            assert ask("SELECT 1") == [(1,)]
            with transaction() as connection:
                assert connection.execute(text("SELECT 1")).scalar_one() == 1
            assert asyncio.run(LoopConnection().fetch_all(PID, lambda: {"zero": 0}))
