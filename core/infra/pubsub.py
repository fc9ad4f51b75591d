"""A process's one subscription in Redis: what a channel announces goes to whoever registered for it."""

import asyncio
import logging
from collections.abc import Callable

from redis.exceptions import ConnectionError as RedisConnectionError

from core.infra.async_redis import RedisConnection

log = logging.getLogger(__name__)

# Bookings that have changed (core/bookings/announcements.py), under a name of its own for each format: the
# version before goes on listening while this one is installed. A show whose map has a new version: its id in
# digits.
BOOKINGS_CHANNEL, MAPS_CHANNEL = "bookings:announced", "maps:changed"
CONNECT_SECONDS, RECONNECT_SECONDS = 1.0, 1.0
# A connection on which nothing is announced is asked so often whether Redis is still there.
PING_SECONDS, PONG_SECONDS = 2.0, 5.0

Handler = Callable[[bytes], None]


class Listener:
    """Listens on channels, on an event loop. Nothing is promised: whoever waits looks again by itself."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = {channel.encode(): handle for channel, handle in handlers.items()}

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have each channel's handler called with what is announced there, from now on."""
        self._task = loop.create_task(self._run())

    def end(self) -> None:
        """Listen no more."""
        self._task.cancel()

    def _hear(self, channel: bytes, message: bytes) -> None:
        try:
            self._handlers[channel](message)
        except Exception:
            # A message that nobody can read must not end the connection.
            log.exception("announcement not understood", extra={"channel": channel.decode()})

    async def _run(self) -> None:
        while True:
            connection = RedisConnection(self._hear)
            try:
                await self._listen(connection)
            except Exception as error:
                # The listener must outlive any exception of a client library.
                log.info("not listening to redis", extra={"error": type(error).__name__})
            finally:
                await connection.close()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, connection: RedisConnection) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            await connection.open()
            for channel in self._handlers:
                await connection.ask("SUBSCRIBE", channel)
        while not connection.lost.done():
            async with asyncio.timeout(PONG_SECONDS):
                await connection.ask("PING")
            await asyncio.wait([connection.lost], timeout=PING_SECONDS)
        raise RedisConnectionError("The connection was lost.")
