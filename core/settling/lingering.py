"""Lingering: a process that settled one booking waits a moment for the next one of the show."""

import time
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from core.infra.jobs import NUDGES_KEY, QUEUE_OF, SETTLE_SHOW, WORKER_QUEUES, name_flag
from core.infra.redis import open_redis, try_redis
from core.infra.settings import get_settings
from core.infra.singletons import make_once

# A client that books one seat after the other is back by then. A message for its booking would take longer
# than the batch: the broker, the worker and its child would each have to wake.
LINGER_SECONDS = 0.05
# Many shows are busy where none of the last nudges was sent: their messages need every process.
RECENT = 8
# Redis looks for waits to end ten times a second, unless its `hz` says otherwise.
ANSWER_SECONDS, LONGEST_BLOCK_MS = 1.5, 1_000

# A nudge's id in the stream, and {"sent" or "up": the flag's name}.
Nudge = tuple[bytes, dict[bytes, bytes]]


def linger(show_id: int, has_work: Callable[[], bool], *, seconds: float = LINGER_SECONDS) -> bool:
    """Wait until the show has work; False where none comes within the time. `has_work` looks into the table.

    The show's flag must be up: no message is sent for it then, and its nudge is heard of here. Messages sent
    after the show's own may be waiting for this process: it does not linger then, and no longer once another
    is sent. A message that overtook another on its way waits for a turn at most. The process does not linger
    without Redis.
    """
    stop_at = time.monotonic() + seconds
    flag = name_flag(SETTLE_SHOW, show_id).encode()
    latest: list[Nudge] = try_redis(lambda redis: redis.xrevrange(NUDGES_KEY, count=RECENT), default=[])
    if next(filter(_is_for_workers, (nudge.get(b"sent") for _, nudge in latest)), None) != flag:
        return False
    # The stream does not tell again of a booking that came before.
    is_nudged, last_id = has_work(), latest[0][0]
    while not is_nudged and (left := stop_at - time.monotonic()) > 0:
        news = _read_after(last_id, seconds=left)
        if news is None or any(_is_for_workers(nudge.get(b"sent")) for _, nudge in news):
            return False
        is_nudged = any(nudge.get(b"up") == flag for _, nudge in news)
        last_id = news[-1][0] if news else last_id
    return is_nudged


def _read_after(last_id: bytes, *, seconds: float) -> list[Nudge] | None:
    """The nudges after one, once there are any, or the time is over; None without Redis."""
    block = min(int(seconds * 1_000) + 1, LONGEST_BLOCK_MS)
    found: Any
    try:
        found = get_listener().xread({NUDGES_KEY: last_id}, block=block)
    except (RedisError, OSError):
        return None
    # redis-py gives a dictionary of lists of lists by the newer protocol (`?protocol=3`).
    if isinstance(found, dict):
        return [nudge for streams in found.values() for nudges in streams for nudge in nudges]
    return [nudge for _, nudges in found for nudge in nudges]


@make_once
def get_listener() -> Redis:
    """This process's client for waits. Its time-outs, which are longer, tell nothing of Redis' health."""
    return open_redis(get_settings().redis_url, seconds=ANSWER_SECONDS)


def _is_for_workers(flag: bytes | None) -> bool:
    return flag is not None and QUEUE_OF.get(flag.decode().split(":")[1]) in WORKER_QUEUES
