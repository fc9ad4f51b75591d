"""The way into Redis, which may vanish at any moment: short time-outs behind a breaker."""

import logging
from collections.abc import Callable
from typing import Any

import pybreaker
from redis import Redis
from redis.asyncio.connection import AbstractConnection, Connection, ConnectionPool, SSLConnection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry
from redis.sentinel import Sentinel

from core.infra.breaking import Breaker
from core.infra.sentinel import Sentinels, is_sentinel, read_sentinels
from core.infra.settings import get_settings
from core.infra.singletons import make_once
from core.infra.tls import get_tls_options, strip_tls

log = logging.getLogger(__name__)

# A healthy Redis answers in under a millisecond; the rest is room for a busy machine. Past it, do without.
TIMEOUT_SECONDS = 0.25
# Two failures in a row are an outage; while it lasts, one call a second tries whether it is over.
FAILURES_UNTIL_OPEN = 2
SECONDS_UNTIL_RETRY = 1

_guard = Breaker(
    "redis",
    failures=(RedisError, OSError),
    fail_max=FAILURES_UNTIL_OPEN,
    reset_seconds=SECONDS_UNTIL_RETRY,
)
breaker = _guard.breaker


@make_once
def get_redis() -> Redis:
    """This process's client. No retries: whoever calls has the database to fall back on."""
    return open_redis(get_settings().redis_url, seconds=TIMEOUT_SECONDS)


def open_redis(url: str, *, seconds: float) -> Redis:
    """A client of the server at a URL, or of the master of the sentinels there, with this time-out.

    Each new connection asks the sentinels who is the master.
    """
    options: dict[str, Any] = {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
    }
    if not is_sentinel(url):
        return Redis.from_url(strip_tls(url), **get_tls_options(url), **options)
    found = read_sentinels(url)
    options |= found.tls
    asked: Any = Sentinel(found.addresses, sentinel_kwargs=found.make_options(seconds))  # type: ignore[no-untyped-call]
    client: Redis = asked.master_for(found.master_name, **found.options, **options)
    return client


async def make_loop_connection() -> AbstractConnection:
    """A connection for an event loop, not yet open: without retries, and without time-outs of its own.

    Where the URL is of sentinels they are asked for the master. Raises RedisError.
    """
    url, unlimited = get_settings().redis_url, {"socket_timeout": None, "socket_connect_timeout": None}
    # The pools only choose the class of connection.
    if is_sentinel(url):
        found = read_sentinels(url)
        host, port = await _find_master(found)
        kind = SSLConnection if found.tls else Connection
        tls = {name: value for name, value in found.tls.items() if name != "ssl"}
        pool = ConnectionPool(kind, host=host, port=port, **found.options, **tls, **unlimited)
    else:
        pool = ConnectionPool.from_url(strip_tls(url), **get_tls_options(url), **unlimited)
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    return connection


async def _find_master(found: Sentinels) -> tuple[str, int]:
    # redis-py has another class for event loops.
    options = found.make_options(TIMEOUT_SECONDS) | {"retry": AsyncRetry(NoBackoff(), 0)}
    sentinel: Any = AsyncSentinel(found.addresses, sentinel_kwargs=options)  # type: ignore[no-untyped-call]
    try:
        host, port = await sentinel.discover_master(found.master_name)
    finally:
        for each in sentinel.sentinels:
            await each.aclose()
    return host, port


def try_redis(run: Callable[[Redis], Any], default: Any) -> Any:
    """What `run` makes of Redis, or the default where Redis is down, frozen or full."""
    try:
        return _guard.call(lambda: run(get_redis()))
    except (RedisError, OSError, pybreaker.CircuitBreakerError) as error:
        log.debug("redis skipped", extra={"error": type(error).__name__})
        return default


class RoundTrip(Redis):
    """Commands that go in one round trip, each by itself.

    redis-py's own pipeline, with its retries, hooks and metrics, costs as much again as the round trip.
    """

    def __init__(self) -> None:
        # Redis.__init__ would open a pool; redis-py's commands need only execute_command().
        self._commands: list[tuple[Any, ...]] = []

    def execute_command(self, *args: Any, **_: Any) -> None:
        """Add a command."""
        self._commands.append(args)

    def send(self, redis: Redis) -> list[Any]:
        """The replies, as Redis gives them. Raises RedisError, OSError."""
        pool = redis.connection_pool
        connection = pool.get_connection()
        try:
            packed = connection.pack_commands(self._commands)  # type: ignore[no-untyped-call]
            connection.send_packed_command(packed)  # type: ignore[no-untyped-call]
            replies = [_read_reply(connection) for _ in self._commands]
        except BaseException:
            # A reply that nobody has read would be taken for the next one's.
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise
        finally:
            # A lost connection has closed itself; the pool opens it again for its next user.
            pool.release(connection)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        return replies


def _read_reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        # The other replies are to be read first.
        return error


def tell_redis(write: Callable[[RoundTrip], None]) -> list[Any] | None:
    """Tell Redis what readers rely on: tried whatever the breaker says, for it may be wrong for a second.

    Returns its replies, or None where it is down, frozen or full.
    """
    round_trip = RoundTrip()
    write(round_trip)
    try:
        return round_trip.send(get_redis())
    except (RedisError, OSError) as error:
        log.info("redis not told", extra={"error": type(error).__name__})
        return None
