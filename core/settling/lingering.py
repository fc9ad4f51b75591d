"""Lingering: a process that settled one booking waits a moment for the next one of the show."""

import time
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from core.infra.db import primary
from core.infra.jobs import NUDGES_KEY, QUEUE_OF, SETTLE_SHOW, WORKER_QUEUES, name_flag
from core.infra.redis import open_redis, try_redis
from core.infra.settings import get_settings
from core.infra.singletons import make_once
from core.settling import queries

# A client that books one seat after the other is back by then. Its booking needs no message, which takes
# longer than all that settling it does: the broker, the worker and its child would each have to wake.
LINGER_SECONDS = 0.05
# Where none of the last nudges was sent, many shows are busy, and nobody lingers.
RECENT = 8
# Redis ends a wait when it next looks, which is ten times a second unless it is told otherwise (`hz`).
ANSWER_SECONDS, LONGEST_BLOCK_MS = 1.5, 1_000

# A nudge's id in the stream, and {"sent" or "up": the flag's name}.
Nudge = tuple[bytes, dict[bytes, bytes]]


def linger(show_id: int, *, seconds: float = LINGER_SECONDS) -> bool:
    """Wait until the show has a booking to settle; False where none comes within the time.

    The show's flag must be up: then nobody sends a message for it, and its nudge is heard of here. Messages
    sent after the show's own may be waiting for this process: it does not linger then, and no longer once
    another is sent. One that overtook another on its way waits for a turn at most. Without Redis the process
    does not linger.
    """
    stop_at = time.monotonic() + seconds
    flag = name_flag(SETTLE_SHOW, show_id).encode()
    latest: list[Nudge] = try_redis(lambda redis: redis.xrevrange(NUDGES_KEY, count=RECENT), default=[])
    if next(filter(_is_for_workers, (nudge.get(b"sent") for _, nudge in latest)), None) != flag:
        return False
    # The stream does not tell again of a booking that came before.
    has_work, last_id = _has_work(show_id), latest[0][0]
    while not has_work and (left := stop_at - time.monotonic()) > 0:
        news = _read_after(last_id, seconds=left)
        if news is None or any(_is_for_workers(nudge.get(b"sent")) for _, nudge in news):
            return False
        has_work = any(nudge.get(b"up") == flag for _, nudge in news)
        last_id = news[-1][0] if news else last_id
    return has_work


def _has_work(show_id: int) -> bool:
    with primary() as connection:
        return bool(queries.select_work(connection, show_id).for_batch)


def _read_after(last_id: bytes, *, seconds: float) -> list[Nudge] | None:
    """The nudges after one, once there are any, or the time is over; None without Redis."""
    block = min(int(seconds * 1_000) + 1, LONGEST_BLOCK_MS)
    found: Any
    try:
        found = get_listener().xread({NUDGES_KEY: last_id}, block=block)
    except (RedisError, OSError):
        return None
    # By the newer protocol (`?protocol=3`) redis-py gives a dictionary of lists of lists.
    if isinstance(found, dict):
        return [nudge for streams in found.values() for nudges in streams for nudge in nudges]
    return [nudge for _, nudges in found for nudge in nudges]


@make_once
def get_listener() -> Redis:
    """This process's client for waits. Its time-outs, which are longer, tell nothing of Redis' health."""
    return open_redis(get_settings().redis_url, seconds=ANSWER_SECONDS)


def _is_for_workers(flag: bytes | None) -> bool:
    return flag is not None and QUEUE_OF.get(flag.decode().split(":")[1]) in WORKER_QUEUES
