"""The way into PostgreSQL from an event loop: a connection that is waited for without a thread."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ
from psycopg2.extras import register_uuid

from core.errors import UnavailableError
from core.infra import tracing
from core.infra.db import (
    CONNECT_TIMEOUT_SECONDS,
    ROLLED_BACK,
    connect,
    describe_outage,
    get_sqlstate,
    is_dead,
    is_outage,
    list_hosts,
    set_timeouts,
)
from core.infra.prepared import Prepared, can_prepare
from core.infra.watchdog import ANSWER_SECONDS

log = logging.getLogger(__name__)

# Who commits for many at once waits for no lock: the one that has to goes by itself.
LOCK_TIMEOUT_MS = 100
# A prepared statement is planned once, perhaps while a table is small, and that plan must not read all of it
# once it has grown: whatever runs here finds rows by an index. Statements this short are not worth compiling.
PLANNING = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}


class LoopConnection:
    """A connection for one event loop and one statement at a time, each of which commits by itself.

    A thread in its place would wait for the interpreter whenever the server has answered, and the loop for
    the thread. Opened when it is first needed, and anew after it was lost.
    """

    def __init__(
        self,
        *,
        connect_seconds: float = CONNECT_TIMEOUT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._connect_seconds, self._answer_seconds = connect_seconds, answer_seconds
        self._connection: Any = None
        self._known: set[str] = set()
        self._can_prepare = False

    async def fetch_all(
        self, statement: Prepared, to_parameters: Callable[[], Mapping[str, Any]]
    ) -> list[tuple[Any, ...]]:
        """The statement's rows. Raises UnavailableError, as translate_outages() does, and psycopg2.Error."""
        with tracing.statement(statement.name, statement.sql):
            cursor = await self._guard(lambda: self._fetch(statement, to_parameters()))
        return list(cursor.fetchall())

    async def execute(
        self, message: str, values: Sequence[Any], *, first: Sequence[Prepared], parameters: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Run `first` and then what is written for its values, in one transaction and one round trip.

        The rows of the last statement. Raises as fetch_all() does.
        """
        with tracing.statement(f"{first[-1].name} and write", *(each.sql for each in first), message):
            cursor = await self._guard(lambda: self._run(message, values, first, parameters))
        return list(cursor.fetchall())

    async def _guard(self, run: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `run` on an open connection; a connection that may be lost is closed."""
        is_fit = False
        try:
            if self._connection is not None and is_dead(self._connection):
                log.info("dead database connection let go")
                self._close()
            if self._connection is None:
                await self._connect()
            async with asyncio.timeout(self._answer_seconds):
                found = await run()
            is_fit = True
        except (psycopg2.Error, TimeoutError) as error:
            is_refused = isinstance(error, psycopg2.Error) and not is_outage(error)
            is_fit = is_refused or get_sqlstate(error) in ROLLED_BACK
            if is_refused:
                # The statement's own fault.
                raise
            if not is_fit:
                log.warning("database connection lost", extra={"error": type(error).__name__})
            raise UnavailableError(describe_outage(error)) from error
        finally:
            if not is_fit:
                self._close()
        return found

    async def _connect(self) -> None:
        hosts = list_hosts()
        for host in hosts:
            try:
                await self._connect_to(host)
                return
            except (psycopg2.OperationalError, TimeoutError):
                self._close()
                if host is hosts[-1]:
                    raise

    async def _connect_to(self, host: dict[str, str]) -> None:
        # By a thread, since a name is looked up before anything can be waited for.
        async with asyncio.timeout(self._connect_seconds):
            self._connection = await asyncio.to_thread(_begin_to_connect, host)
            await self._wait()
            self._can_prepare = await asyncio.to_thread(can_prepare)
        register_uuid(None, self._connection)  # type: ignore[no-untyped-call]
        self._known = set()

    async def _fetch(self, statement: Prepared, parameters: Mapping[str, Any]) -> Any:
        return await self._send(await self._learn(statement), parameters)

    async def _run(
        self, message: str, values: Sequence[Any], first: Sequence[Prepared], parameters: Mapping[str, Any]
    ) -> Any:
        calls, cursor = [await self._learn(each) for each in first], self._connection.cursor()
        parts = [*(cursor.mogrify(call, parameters) for call in calls), cursor.mogrify(message, values)]
        return await self._send(b"; ".join(parts))

    async def _learn(self, statement: Prepared) -> str:
        """The statement as the driver has it: prepared where that can be."""
        if not self._can_prepare:
            return statement.unprepared
        if statement.name not in self._known:
            await self._send(statement.preparation)
            self._known.add(statement.name)
        return statement.call

    async def _send(self, message: str | bytes, parameters: Mapping[str, Any] | None = None) -> Any:
        cursor = self._connection.cursor()
        cursor.execute(message, parameters)
        await self._wait()
        return cursor

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        while (state := self._connection.poll()) != POLL_OK:
            is_ready, fd = asyncio.Event(), self._connection.fileno()
            add, remove = (
                (loop.add_reader, loop.remove_reader)
                if state == POLL_READ
                else (loop.add_writer, loop.remove_writer)
            )
            add(fd, is_ready.set)
            try:
                await is_ready.wait()
            finally:
                remove(fd)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _begin_to_connect(host: dict[str, str]) -> Any:
    return connect(**set_timeouts(LOCK_TIMEOUT_MS, **PLANNING), **host, async_=True)
