"""The way into Redis, which may vanish at any moment: short time-outs behind a breaker."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pybreaker
from redis import Redis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from core.infra.settings import get_settings
from core.infra.singletons import make_once
from core.infra.tls import get_tls_options, strip_tls

log = logging.getLogger(__name__)

# A healthy Redis answers in under a millisecond; the rest is room for a busy machine. Past it, do without.
TIMEOUT_SECONDS = 0.25
# Two failures in a row are an outage; while it lasts, one call a second tries whether it is over.
FAILURES_UNTIL_OPEN = 2
SECONDS_UNTIL_RETRY = 1

breaker = pybreaker.CircuitBreaker(
    fail_max=FAILURES_UNTIL_OPEN,
    reset_timeout=SECONDS_UNTIL_RETRY,
    throw_new_error_on_trip=False,
    name="redis",
)
_trial = threading.Lock()


@make_once
def get_redis() -> Redis:
    """This process's client. No retries: whoever calls has the database to fall back on."""
    return Redis.from_url(
        **_locate(),
        retry=Retry(NoBackoff(), 0),
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )


def make_loop_connection() -> AbstractConnection:
    """A connection for an event loop, not yet open: without retries, and without time-outs of its own."""
    # The pool only chooses the class of connection for the URL.
    pool = ConnectionPool.from_url(**_locate(), socket_timeout=None, socket_connect_timeout=None)
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    return connection


def _locate() -> dict[str, Any]:
    url = get_settings().redis_url
    return {"url": strip_tls(url), **get_tls_options(url)}


def try_redis(run: Callable[[Redis], Any], default: Any) -> Any:
    """What `run` makes of Redis, or the default where Redis is down, frozen or full."""
    try:
        return _call(lambda: run(get_redis()))
    except (RedisError, OSError, pybreaker.CircuitBreakerError) as error:
        log.debug("redis skipped", extra={"error": type(error).__name__})
        return default


def _call(run: Callable[[], Any]) -> Any:
    # pybreaker holds its lock while it calls, which would let one thread at a time talk to Redis: so it is
    # told of how calls ended, and makes only the one that tries whether an outage is over.
    if breaker.current_state != pybreaker.STATE_CLOSED:
        if not _trial.acquire(blocking=False):
            raise pybreaker.CircuitBreakerError("another thread is trying")
        try:
            return breaker.call(run)
        finally:
            _trial.release()
    try:
        result = run()
    except (RedisError, OSError) as error:
        return breaker.call(_fail, error)
    if breaker.fail_counter:
        breaker.call(lambda: None)
    return result


def _fail(error: Exception) -> None:
    raise error


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
