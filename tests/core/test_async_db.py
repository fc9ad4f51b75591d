"""The event loop's way into PostgreSQL, and what becomes of it where the server is not well."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text

from core.errors import UnavailableError
from core.infra import async_db as loop
from core.infra.async_db import LoopConnection
from core.infra.db import get_sqlstate, transaction
from core.infra.prepared import Prepared
from core.shows.service import Show
from tests.acting import ask
from tests.apart import enter
from tests.measuring import measured
from tests.support import run_silent_port, wait_until

ADD = Prepared("add_on_loop", "SELECT cast(:a AS int) + cast(:b AS int), pg_backend_pid()")
DIVIDE = Prepared("divide_on_loop", "SELECT cast(:a AS int) / cast(:b AS int)")
SETTING = Prepared("setting_on_loop", "SELECT current_setting(:name)")
END = Prepared("end_on_loop", "SELECT pg_terminate_backend(pg_backend_pid()) AND :yes")
SLEEP = Prepared("sleep_on_loop", "SELECT pg_sleep(:seconds)")
LENGTH = Prepared("length_on_loop", "SELECT length(:words)")
COUNT = Prepared("count_on_loop", "SELECT count(*) FROM shows WHERE id > :id")

Play = Callable[[LoopConnection], Awaitable[None]]


def play(run: Play) -> None:
    asyncio.run(run(LoopConnection()))  # type: ignore[arg-type]


async def add(connection: LoopConnection, a: int = 1, b: int = 2) -> tuple[Any, ...]:
    """The sum, and which of the server's processes made it."""
    return (await connection.fetch_all(ADD, lambda: {"a": a, "b": b}))[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lock_timeout", "100ms"),
        ("statement_timeout", "5s"),
        ("TimeZone", "UTC"),
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
    ],
)
def test_setting_is_in_force(database: dict[str, str], name: str, value: str) -> None:
    async def run(connection: LoopConnection) -> None:
        assert await connection.fetch_all(SETTING, lambda: {"name": name}) == [(value,)]

    play(run)


def test_connection_is_kept_and_opened_anew_once_it_is_lost(database: dict[str, str]) -> None:
    async def run(connection: LoopConnection) -> None:
        total, first = await add(connection)
        assert total == 3
        assert await add(connection, 2, 2) == (4, first)
        with pytest.raises(UnavailableError):
            await connection.fetch_all(END, lambda: {"yes": True})
        total, second = await add(connection)
        assert (total, second == first) == (3, False)

    play(run)


def test_connection_outlives_a_lock_that_was_waited_for_in_vain(make_show: Callable[..., Show]) -> None:
    make_show()

    async def run(connection: LoopConnection) -> None:
        # Prepared, so that it is run, and not first looked at, while the table is locked.
        assert await connection.fetch_all(COUNT, lambda: {"id": 0}) == [(1,)]
        _, pid = await add(connection)
        with transaction() as holder:
            holder.execute(text("LOCK TABLE shows IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(UnavailableError) as error:
                await connection.fetch_all(COUNT, lambda: {"id": 0})
        assert get_sqlstate(error.value) == "55P03"
        assert await connection.fetch_all(COUNT, lambda: {"id": 0}) == [(1,)]
        assert await add(connection) == (3, pid)

    play(run)


def test_statement_at_fault_is_told_from_a_server_that_is_not_there(database: dict[str, str]) -> None:
    async def run(connection: LoopConnection) -> None:
        _, pid = await add(connection)
        with pytest.raises(psycopg2.DataError):
            await connection.fetch_all(DIVIDE, lambda: {"a": 1, "b": 0})
        assert await add(connection) == (3, pid)

    play(run)


def test_loop_serves_others_meanwhile(database: dict[str, str]) -> None:
    async def run(connection: LoopConnection) -> None:
        await add(connection)
        sleeping = asyncio.create_task(connection.fetch_all(SLEEP, lambda: {"seconds": 0.3}))
        turns = 0
        while not sleeping.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 5

    play(run)


def test_server_that_is_frozen_is_given_up(database: dict[str, str]) -> None:
    async def run(connection: LoopConnection) -> None:
        _, first = await add(connection)
        with pytest.raises(UnavailableError) as error:
            await connection.fetch_all(SLEEP, lambda: {"seconds": 4})
        # Not the server has ended the statement.
        assert isinstance(error.value.__cause__, TimeoutError)
        total, second = await add(connection)
        assert (total, second == first) == (3, False)

    asyncio.run(run(LoopConnection(answer_seconds=1)))


def test_much_to_say_is_said(database: dict[str, str]) -> None:
    """More than a socket takes at once: it is waited for until it takes the rest."""
    length = 20_000_000

    async def run(connection: LoopConnection) -> None:
        assert await connection.fetch_all(LENGTH, lambda: {"words": "x" * length}) == [(length,)]

    play(run)


def test_name_is_not_looked_up_by_the_loop(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    begin, threads = loop._begin_to_connect, list[int]()

    def note(host: dict[str, str]) -> Any:
        threads.append(threading.get_ident())
        return begin(host)

    monkeypatch.setattr(loop, "_begin_to_connect", note)

    async def run(connection: LoopConnection) -> None:
        await add(connection)

    play(run)
    assert threads and threading.get_ident() not in threads


def test_answer_of_one_who_gave_up_is_not_another_s(database: dict[str, str]) -> None:
    sleeping = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"

    async def run(connection: LoopConnection) -> None:
        gone = asyncio.create_task(connection.fetch_all(SLEEP, lambda: {"seconds": 4}))
        await asyncio.to_thread(wait_until, lambda: ask(sleeping))
        gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled()
        assert (await add(connection, 20, 3))[0] == 23

    play(run)


def test_server_that_is_not_there(database: dict[str, str]) -> None:
    async def run(connection: LoopConnection) -> None:
        nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
        with enter(nowhere), pytest.raises(UnavailableError):
            await add(connection)
        assert (await add(connection))[0] == 3

    play(run)


def test_server_that_never_says_a_word(database: dict[str, str]) -> None:
    async def run(connection: LoopConnection) -> None:
        with (
            run_silent_port() as port,
            enter({"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{port}/nothing"}),
            measured() as took,
            pytest.raises(UnavailableError),
        ):
            await add(connection)
        assert took.wall > 0.2
        assert took.quiet < 2

    asyncio.run(run(LoopConnection(connect_seconds=0.3)))
