"""The versioned cache in Redis: which version of a map is current, and bodies kept under theirs."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from redis import Redis

from core.infra.pubsub import MAPS_CHANNEL
from core.infra.redis import tell_redis, try_redis

# A version that nobody renews is asked of the database again after so long: the most by which a map may be
# behind where a worker could not reach Redis and its readers can.
FRESH_SECONDS = 1
# For so long it is remembered all the same: whoever was held up with an older one must not put it back.
VERSION_TTL_SECONDS = 60
# A mark outlives any transaction: the server ends one that is stuck after 5 s, one that is idle after 3 s.
MARK_TTL_SECONDS = 10
# Bodies of old versions are never read again and go by themselves.
BODY_TTL_SECONDS = 10
# What was read from the database longer ago may be old by now and is not passed on as current.
LEARNING_LIMIT_SECONDS = 0.5

GENERATION_KEY = "shows:generation"

# The first key holds "17", or "c18" while a transaction that makes version 18 is about to commit; larger wins
# there. The second exists while "17" need not be asked for again. Who follows the map is told of
# what is new; the third counts what was published, for lists, which show also what
# a later mark hides from maps.
_PUT_VERSION = """
local current = redis.call('GET', KEYS[1])
if ARGV[1] == 'published' then redis.call('INCR', KEYS[3]) end
local number = current and tonumber((string.gsub(current, 'c', '')))
if number and (number > tonumber(ARGV[2])) then return 0 end
if ARGV[1] == 'changing' then
    redis.call('SET', KEYS[1], 'c' .. ARGV[2], 'EX', ARGV[3])
    return 1
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('SET', KEYS[2], 1, 'EX', ARGV[4])
if current ~= ARGV[2] then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return 1
"""


def name_version_keys(show_id: int) -> tuple[str, str]:
    """The keys of a show's version, and of whether it is fresh."""
    return f"map:{show_id}:version", f"map:{show_id}:fresh"


def read_version(version: bytes | None, fresh: bytes | None) -> int | None:
    """The current version by these keys' values; None under a mark or with nothing fresh."""
    return int(version) if version and fresh and not version.startswith(b"c") else None


def mark_changing(show_id: int, version: int) -> None:
    """Before the commit: from now until publish_version, readers ask the database for the version."""
    tell_redis(lambda redis: _put(redis, show_id, "changing", version, MARK_TTL_SECONDS))


def publish_version(redis: Redis, show_id: int, version: int) -> None:
    """After the commit: this version is current, and who follows or lists it sees it. What is later stays.

    `redis` may be a pipeline: what follows there is told after it.
    """
    _put(redis, show_id, "published", version, VERSION_TTL_SECONDS)


def _put(redis: Redis, show_id: int, how: str, version: int, ttl_seconds: int) -> None:
    arguments = how, version, ttl_seconds, FRESH_SECONDS, MAPS_CHANNEL, show_id
    redis.eval(_PUT_VERSION, 3, *name_version_keys(show_id), GENERATION_KEY, *arguments)


def find_version(show_id: int, ask_database: Callable[[], int]) -> int:
    """The current version: as published, else, under a mark or with nothing fresh, as the database has it."""
    nothing = (None, None)
    value, is_fresh = try_redis(lambda redis: redis.mget(name_version_keys(show_id)), default=nothing)
    if (known := read_version(value, is_fresh)) is not None:
        return known
    is_marked = value is not None and value.startswith(b"c")
    asked_at = time.monotonic()
    version = ask_database()
    if not is_marked and time.monotonic() - asked_at < LEARNING_LIMIT_SECONDS:
        # A mark or a version that came meanwhile is larger, and stays.
        try_redis(lambda redis: _put(redis, show_id, "learned", version, VERSION_TTL_SECONDS), default=None)
    return version


def find_generation() -> int:
    """How often anything that lists show has changed; 0 without Redis."""
    value = try_redis(lambda redis: redis.get(GENERATION_KEY), default=None)
    return int(value) if value is not None else 0


def bump_generation() -> None:
    """After the commit: what lists show has changed."""
    try_redis(lambda redis: redis.incr(GENERATION_KEY), default=None)


def fetch_body(key: str) -> bytes | None:
    """A cached body, or None where it is not there or Redis is not."""
    body: bytes | None = try_redis(lambda redis: redis.get(f"map:{key}"), default=None)
    return body


def store_body(key: str, body: bytes, *, ttl_seconds: int) -> None:
    """Keep a body for a short while."""
    try_redis(lambda redis: redis.set(f"map:{key}", body, ex=ttl_seconds), default=None)


def fetch_or_build(
    key: str,
    build: Callable[[], tuple[str, bytes]],
    *,
    ttl_seconds: int = BODY_TTL_SECONDS,
    is_lasting: bool = False,
) -> bytes:
    """The body under `key`, built by one request of this process at a time where it is missing.

    `build` returns the key it belongs under, which may be of a newer version than the one asked for, and the
    body; whoever waited for it gets this body too. One that `is_lasting`, whose key means the same for ever,
    is not even asked of Redis for as long, while it is the last that was asked for.
    """
    flight = _flights[hash(key) % len(_flights)]
    if is_lasting and (known := flight.recall(key, seconds=ttl_seconds)):
        return known
    if found := fetch_body(key):
        flight.remember(key, found)
        return found
    return flight.build(key, build, ttl_seconds=ttl_seconds)


class Flight:
    """Requests for the same body: one builds it, those that waited meanwhile take what it built."""

    def __init__(self, lock: AbstractContextManager[object] | None = None) -> None:
        self._lock = lock or threading.Lock()
        self._last = "", b"", 0.0

    def recall(self, key: str, *, seconds: float) -> bytes | None:
        """The body under this key, where it was the last, and not longer ago."""
        last_key, body, at = self._last
        return body if last_key == key and time.monotonic() < at + seconds else None

    def remember(self, key: str, body: bytes) -> None:
        """This was the last."""
        self._last = key, body, time.monotonic()

    def build(self, key: str, build: Callable[[], tuple[str, bytes]], *, ttl_seconds: int) -> bytes:
        """Build the body, unless somebody did while this request waited for its turn."""
        asked_at = time.monotonic()
        with self._lock:
            last_key, last_body, built_at = self._last
            if last_key == key and built_at > asked_at:
                return last_body
            if (body := fetch_body(key)) is None:
                built_key, body = build()
                store_body(built_key, body, ttl_seconds=ttl_seconds)
            self.remember(key, body)
            return body


# Two keys rarely share a flight, and then one only waits for the other.
_flights = [Flight() for _ in range(64)]


def forget_bodies() -> None:
    """Remember none of the bodies that were asked for last: the database is another one."""
    _flights[:] = [Flight() for _ in _flights]
