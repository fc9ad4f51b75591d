"""The way into Redis from an event loop: a connection that is waited for without a thread.

Each user has a connection of its own, and asks one thing at a time. While Redis is away nobody waits for it:
the first failure is taken for an outage, and one task looks whether it is over.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError

from core.infra.redis import SECONDS_UNTIL_RETRY, TIMEOUT_SECONDS, make_loop_connection

log = logging.getLogger(__name__)


class RedisAwayError(RedisConnectionError):
    """Redis was lost, and is not back yet; it was not asked."""


class Script:
    """A Lua script, which a server that has run it before knows by its digest."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class LoopRedis:
    """A connection for one event loop and one command at a time.

    Opened when it is first needed, and anew after it was lost. Not redis-py's client: its pool, retries and
    hooks cost nearly as much again as the round trip (docs/adr/0031).
    """

    def __init__(self) -> None:
        self._connection: AbstractConnection | None = None
        self._outage: asyncio.Task[None] | None = None

    async def run_script(self, script: Script, keys: Sequence[str], *arguments: str | bytes | float) -> Any:
        """What the script returns. Raises as call() does."""
        given = len(keys), *keys, *arguments
        try:
            return await self.call("EVALSHA", script.digest, *given)
        except NoScriptError:
            # The server is new, or was told to forget its scripts; this makes it know the script again.
            return await self.call("EVAL", script.source, *given)

    async def call(self, *command: str | bytes | float) -> Any:
        """The reply to a command.

        Raises ResponseError where Redis refuses the command; another RedisError, or OSError, where Redis is
        away: at once while it is known to be, else within 0.25 s.
        """
        if self._outage is not None and not self._outage.done():
            raise RedisAwayError("Redis is away.")
        try:
            return await self._ask(command)
        except ResponseError:
            raise
        except (RedisError, OSError) as error:
            log.warning("redis lost", extra={"error": type(error).__name__})
            self._outage = asyncio.create_task(self._wait_until_back())
            raise

    async def _wait_until_back(self) -> None:
        while True:
            # Before the first look too: a server that answers this and nothing else costs somebody a
            # quarter of a second once a second, not all the time.
            await asyncio.sleep(SECONDS_UNTIL_RETRY)
            try:
                await self._ask(("PING",))
            except (RedisError, OSError):
                continue
            log.warning("redis is back")
            return

    async def _ask(self, command: Sequence[str | bytes | float]) -> Any:
        is_fit = False
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                connection = await self._connect()
                await connection.send_packed_command(connection.pack_command(*command), check_health=False)
                reply = await connection.read_response()
            is_fit = True
        except ResponseError:
            is_fit = True
            raise
        finally:
            # A reply that nobody has read would be taken for the next one's.
            if not is_fit:
                await self._close()
        return reply

    async def _connect(self) -> AbstractConnection:
        if self._connection is not None and (
            not self._connection.is_connected or await self._connection.can_read()
        ):
            # The server has closed it while it was idle.
            await self._close()
        if self._connection is None:
            self._connection = make_loop_connection()
            await self._connection.connect()  # type: ignore[no-untyped-call]
        return self._connection

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
