"""The way into PostgreSQL from an event loop: a connection that is waited for without a thread."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ
from psycopg2.extras import register_uuid
from sqlalchemy.engine import make_url

from core.db import CONNECT_TIMEOUT_SECONDS, ROLLED_BACK, Prepared, name_driver, set_timeouts
from core.errors import UnavailableError
from core.settings import get_settings

log = logging.getLogger(__name__)

# The server ends a statement after 5 s (core/db.py); who has said nothing after 6 is frozen.
ANSWER_SECONDS = 6
# Who commits for many at once waits for no lock: the one that has to goes by itself.
LOCK_TIMEOUT_MS = 100


class LoopConnection:
    """A connection for one event loop and one statement at a time, each of which commits by itself.

    A thread in its place would wait for the interpreter whenever the server has answered, and the loop for
    the thread. Opened when it is first needed, and anew after it was lost.
    """

    def __init__(self) -> None:
        self._connection: Any = None
        self._known: set[str] = set()

    async def fetch_all(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The statement's rows. Raises UnavailableError, as translate_outages() does, and psycopg2.Error."""
        is_fit = False
        try:
            if self._connection is None:
                await self._connect()
            async with asyncio.timeout(ANSWER_SECONDS):
                found = await self._execute(statement, parameters)
            is_fit = True
        except (psycopg2.Error, TimeoutError) as error:
            sqlstate = getattr(error, "pgcode", None)
            is_refused = sqlstate is not None and not isinstance(error, psycopg2.OperationalError)
            is_fit = is_refused or sqlstate in ROLLED_BACK
            if is_refused:
                # The statement's own fault.
                raise
            if not is_fit:
                log.warning("database connection lost", extra={"error": type(error).__name__})
            raise UnavailableError("The database did not answer.") from error
        finally:
            if not is_fit:
                self._close()
        return found

    async def _connect(self) -> None:
        # By a thread, since a name is looked up before anything can be waited for.
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            self._connection = await asyncio.to_thread(_begin_to_connect)
            await self._wait()
        register_uuid(None, self._connection)  # type: ignore[no-untyped-call]
        self._known = set()

    async def _execute(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        if statement.name not in self._known:
            cursor.execute(statement.preparation)
            await self._wait()
            self._known.add(statement.name)
        cursor.execute(statement.call, parameters)
        await self._wait()
        return list(cursor.fetchall())

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


def _begin_to_connect() -> Any:
    url = make_url(name_driver(get_settings().database_url))
    arguments, options = url.get_dialect()().create_connect_args(url)
    return psycopg2.connect(*arguments, **{**options, **set_timeouts(LOCK_TIMEOUT_MS), "async_": True})
