"""Wait until Celery's workers answer: a program, as Celery would stay in the memory of whoever waits."""

import sys
import time
from collections.abc import Collection
from contextlib import suppress

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from core.infra.jobs import get_celery
from local.ready import READY_SECONDS

# Whoever does not answer within it was not there yet when it was asked.
ANSWER_SECONDS = 0.5
PAUSE_SECONDS = 0.1


def await_workers(names: Collection[str], *, timeout_seconds: float) -> bool:
    """Whether workers of these names (what is before the @) answered, each once, within the time."""
    missing = set(names)
    deadline = time.monotonic() + timeout_seconds
    while missing and time.monotonic() < deadline:
        # A broker that is away may be back in time.
        with suppress(OperationalError, RedisError, OSError):
            for answer in get_celery().control.ping(timeout=ANSWER_SECONDS, limit=len(names)) or ():
                missing -= {name.partition("@")[0] for name in answer}
        time.sleep(PAUSE_SECONDS)
    return not missing


if __name__ == "__main__":
    sys.exit(not await_workers(sys.argv[1:], timeout_seconds=READY_SECONDS))
