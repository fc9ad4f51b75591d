"""The way into Redis from an event loop: connections that are waited for without a thread.

Each user has a connection of its own, and asks one thing at a time. While Redis is away nobody waits for it:
the first failure is taken for an outage, and one task looks whether it is over.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from core.infra import tracing
from core.infra.redis import SECONDS_UNTIL_RETRY, TIMEOUT_SECONDS, make_loop_connection

log = logging.getLogger(__name__)

# hiredis returns this where a reply is not whole yet; None and False are replies.
_INCOMPLETE = object()


class RedisAwayError(RedisConnectionError):
    """Redis was lost, and is not back yet; it was not asked."""


class Script:
    """A Lua script, which a server that has run it before knows by its digest."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class RedisConnection(asyncio.Protocol):
    """An open connection, on which one thing at a time is asked; `hear` gets what is published on channels.

    redis-py opens it, whatever its URL may ask for; then hiredis writes and reads. Not redis-py's client,
    or its connection: either costs more than the round trip (docs/adr/0033).
    """

    def __init__(self, hear: Callable[[bytes, bytes], None] | None = None) -> None:
        self._hear = hear
        self._connection: AbstractConnection | None = None
        self._reply: asyncio.Future[Any] | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self) -> None:
        """Connect. Raises RedisError, OSError."""
        self._connection = connection = await make_loop_connection()
        await connection.connect()  # type: ignore[no-untyped-call]
        # parse_error makes redis-py's exceptions of Redis's errors.
        parser: Any = connection._parser
        self._reader = hiredis.Reader(replyError=parser.parse_error, notEnoughData=_INCOMPLETE)
        writer: Any = connection._writer
        self._transport = writer.transport
        self._transport.set_protocol(self)

    def ask(self, *command: str | bytes | float) -> asyncio.Future[Any]:
        """The reply to a command. Raises ResponseError, or RedisConnectionError where it is lost."""
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]
        return self._reply

    async def close(self) -> None:
        """Close it, or give up opening it."""
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not _INCOMPLETE:
            if self._hear and isinstance(reply, list) and reply[:1] == [b"message"]:
                self._hear(*reply[1:])
            elif self._hear or not isinstance(reply, hiredis.PushNotification):
                # A subscription is confirmed by a push; any other is no reply.
                self._end(reply)

    def connection_lost(self, _: Exception | None) -> None:
        """Called by the event loop."""
        self.lost.set_result(None)
        self._end(RedisConnectionError("The connection was lost."))

    def _end(self, reply: Any) -> None:
        if self._reply is None or self._reply.done():
            return
        if isinstance(reply, Exception):
            self._reply.set_exception(reply)
        else:
            self._reply.set_result(reply)


class LoopRedis:
    """A connection for one event loop and one command at a time.

    Opened when it is first needed, and anew after it was lost.
    """

    def __init__(self) -> None:
        self._connection: RedisConnection | None = None
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
            # The wait serves all requests, perhaps for long, and is not of this one's trace.
            with tracing.within(None):
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
                if self._connection is not None and self._connection.lost.done():
                    # The server has closed it while it was idle.
                    await self._close()
                if self._connection is None:
                    self._connection = RedisConnection()
                    await self._connection.open()
                reply = await self._connection.ask(*command)
            is_fit = True
        except ResponseError as error:
            # A master that became a replica goes on answering, and is not asked again.
            is_fit = not isinstance(error, ReadOnlyError)
            raise
        finally:
            # A reply that nobody has read would be taken for the next one's.
            if not is_fit:
                await self._close()
        return reply

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
