"""Dropped messages: logged, and counted in Redis, where web's /metrics reads the counts."""

import logging
from enum import StrEnum

from redis import Redis

from core.infra.redis import try_redis

log = logging.getLogger(__name__)

# Workers have no /metrics, so a Redis hash counts by reason for web's; a wiped Redis resets it.
COUNTS = "messages:dropped"


class Reason(StrEnum):
    """What is wrong with a message."""

    UNREADABLE = "unreadable"
    """No message at all: not JSON, or without what every message has."""

    UNKNOWN_TASK = "unknown_task"
    """It asks for a task that is none of ours."""

    WRONG_ARGUMENTS = "wrong_arguments"
    """The task does not take such arguments."""

    NOT_OURS = "not_ours"
    """It has something that we never send: a time to run at, a task to follow, a strange header."""


def note_dropped(reason: Reason, *, place: str) -> None:
    """Log and count a dropped message, in one line and without its content."""
    log.warning("message dropped", extra={"reason": str(reason), "place": place})
    try_redis(lambda redis: redis.hincrby(COUNTS, str(reason), 1), default=None)


def read_dropped() -> dict[Reason, int] | None:
    """How many messages were dropped, by reason; None where Redis does not answer."""

    def read(redis: Redis) -> list[bytes | None]:
        return redis.hmget(COUNTS, [str(reason) for reason in Reason])  # type: ignore[return-value]

    counts = try_redis(read, default=None)
    if counts is None:
        return None
    return {reason: int(count or 0) for reason, count in zip(Reason, counts, strict=True)}
